// `remora lint`: what is wrong with patterns before they are applied.
//
// Contract
//   - Of each pattern: the schema, the compiler's rules, a rendering with sample values
//     (sample_pod.h), its own tests, and warnings (pattern_warnings.h).
//   - One line a finding: `FILE:LINE: Sidecar NAMESPACE/NAME: FIELD: SENTENCE`, with `warning: `
//     behind the place where it refuses nothing. The line is the field's where the text shows it.
//   - kRefused where there is a finding that is no warning.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs.
//
// Example
//   auto exit_code = RunLint({.inputs = {{"patterns/"}}}, console);
#pragma once

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/offline_cluster.h"

namespace remora::cli {

Result<ExitCode> RunLint(const OfflineOptions& options, Console console);

}  // namespace remora::cli
