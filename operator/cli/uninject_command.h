// `remora uninject`: workloads without what their records say that Remora did to them.
//
// Contract
//   - Text that was injected by `remora inject` comes out as it was, byte for byte, but for a value
//     that was changed (it may have another spelling), aliases that were written out, and an empty
//     list or map in JSON, which goes.
//   - Documents without a record come out byte for byte. One whose record cannot be read, or lists
//     what Remora never touches, comes out as it stands and is named on stderr; kRefused then.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs.
//
// Example
//   auto exit_code = RunUninject({.inputs = {{"-"}}, .format = {}}, console);
#pragma once

#include <optional>
#include <string>

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/documents.h"

namespace remora::cli {

struct UninjectOptions {
  Inputs inputs;
  std::optional<OutputFormat> format;  // nothing: each document in its own language
};

Result<ExitCode> RunUninject(const UninjectOptions& options, Console console);

}  // namespace remora::cli
