// ParseObject: JSON text of the API server as a document.
//
// Contract
//   - Members whose name `drops` says yes to are left out while the text is read, with all below.
//   - The top is an object. Nesting is limited, since nlohmann copies and prints recursively: text
//     with 100,000 nested arrays parses, and then overflows the stack. What is nested more deeply is
//     replaced by a sentence: one such object must not keep all others of its list from being read.
// Thread-safety: pure function.
// Errors: Unavailable: not JSON, not an object: not what an API server says.
//
// Example
//   auto object = ParseObject(body);
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/base/result.h"

namespace remora::kube::internal {

[[nodiscard]] Result<nlohmann::json> ParseObject(std::string_view text,
                                                 bool (*drops)(std::string_view member) = nullptr);

}  // namespace remora::kube::internal
