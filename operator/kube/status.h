// The one table from the API server's status numbers to ErrorCodes.
//
// Contract
//   - Nobody else looks at a status number. The message is the server's own sentence when it sent a
//     Status object, with the number behind it.
// Thread-safety: pure functions.
//
// Example
//   if (!IsSuccess(status)) return ErrorFromStatus(status, body);
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "operator/base/result.h"

namespace remora::kube {

bool IsSuccess(int http_status);
bool IsUnauthenticated(int http_status);

// `body` as it came: a Status object, or anything else (a proxy's page, nothing).
Error ErrorFromStatus(int http_status, std::string_view body);

// A Status object, as the ERROR event of a watch carries it.
Error ErrorFromStatusObject(const nlohmann::json& status);

}  // namespace remora::kube
