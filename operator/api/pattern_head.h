// What is read of a pattern before its spec: that it is one, its kind, its name.
//
// Thread-safety: pure functions. Errors: Invalid, with the field.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "operator/api/pattern.h"
#include "operator/base/result.h"

namespace remora::api {

// Fills kind, namespace and name. Refuses another apiVersion or kind, a name that is none, fields
// beside the spec that do not exist, and a spec that is absent, too large or too deep.
Result<void> DecodeHead(const nlohmann::json& object, Pattern& out);

}  // namespace remora::api
