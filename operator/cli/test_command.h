// `remora test`: runs the tests that patterns say of themselves, for CI.
//
// Contract
//   - A line a test on stdout: `ok   ambassador/redis: NAME`, or `FAIL ambassador/redis: NAME: got
//     ...; want ...`; then their number. kRefused when one fails, or a pattern cannot be used.
//   - Every pattern among the inputs may be asked for by the Pods of the tests.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs.
//
// Example
//   auto exit_code = RunTests({.inputs = {{"patterns/"}}}, console);
#pragma once

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/offline_cluster.h"

namespace remora::cli {

Result<ExitCode> RunTests(const OfflineOptions& options, Console console);

}  // namespace remora::cli
