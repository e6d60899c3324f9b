// ParseObject: JSON text of the API server as a document.
//
// Contract
//   - The top is an object. Nesting is limited, since nlohmann copies and prints recursively: text
//     with 100,000 nested arrays parses, and then overflows the stack.
// Thread-safety: pure function.
// Errors: Unavailable: not JSON, not an object, nested too deeply: not what an API server says.
//
// Example
//   auto object = ParseObject(body);
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/base/result.h"

namespace remora::kube::internal {

[[nodiscard]] Result<nlohmann::json> ParseObject(std::string_view text);

}  // namespace remora::kube::internal
