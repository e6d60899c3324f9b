// The rules of a pattern that are about several of its fields: twins of the CRDs' CEL rules.
//
// tests/golden/patterns/ is fed to both, and both must agree on each.
// Thread-safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "operator/api/pattern.h"

namespace remora::api {

// The first complaint, "spec.share[1].path: ..."; nothing when the pattern is valid. `spec` is what
// the pattern was decoded from: it knows a field with its default value from an absent one.
std::optional<std::string> ValidatePattern(const Pattern& pattern, const nlohmann::json& spec);

// One topic each; ValidatePattern asks all.
std::optional<std::string> ValidateParameters(const Pattern& pattern, const nlohmann::json& spec);
std::optional<std::string> ValidateContainer(const Pattern& pattern, const nlohmann::json& spec);
std::optional<std::string> ValidatePlacement(const Pattern& pattern, const nlohmann::json& spec);
std::optional<std::string> ValidateEndpoints(const Pattern& pattern, const nlohmann::json& spec);
std::optional<std::string> ValidateVolumes(const Pattern& pattern);

}  // namespace remora::api
