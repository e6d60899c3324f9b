// What kind of Pod a JSON value is: the laws of the engine hold for Pods that the API server sends.
//
// Contract
//   - Typed: the API server could have decoded it into a core/v1 Pod, as far as the engine looks. An
//     admission webhook is asked before anything else is checked.
//   - Valid: also its names and keys are such that validation would let it pass, as far as the
//     engine's laws depend on it: none empty, none twice.
// Thread-safety: pure functions.
#pragma once

#include <nlohmann/json.hpp>

namespace remora::testing {

bool IsTypedPod(const nlohmann::json& pod);
bool IsValidPod(const nlohmann::json& pod);

}  // namespace remora::testing
