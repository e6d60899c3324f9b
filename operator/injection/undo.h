// Undo: takes back from a Pod what its record says that Remora did to it.
//
// Contract
//   - What was added goes, last first; what was changed gets its value back; the record goes too. A
//     path that is not there any more is passed over.
//   - A grace period that gets back Kubernetes' default is taken out, unless the Pod has been
//     through the API server, which writes all defaults.
//   - Lists and maps that become empty stay as empty ones.
//   - The record is no proof. One that lists what Remora never touches is refused whole: a
//     container that has not the name of a pattern of the record, a user's image ...
// Thread-safety: pure function.
// Errors: Invalid: the record cannot be read, or is forged; the Pod is as it was.
//
// Example
//   auto undone = UndoInjection(pod);
//   if (undone.ok() && *undone) Print(pod);
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "operator/base/result.h"

namespace remora::injection {

// False: the Pod has no record.
Result<bool> UndoInjection(nlohmann::json& pod);

}  // namespace remora::injection
