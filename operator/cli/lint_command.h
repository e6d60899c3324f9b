// `remora lint`: what is wrong with patterns before they are applied.
//
// Contract
//   - Of each pattern: the schema, the compiler's rules, a rendering with sample values
//     (operator/injection/sample_pod.h), its own tests, and warnings (pattern_warnings.h).
//   - One line a finding: `FILE:LINE: Sidecar NAMESPACE/NAME: FIELD: SENTENCE`, with `warning: `
//     behind the place where it refuses nothing. The line is the field's where the text shows it.
//   - With `server`, of each pattern without a finding also what the API server says of it and of the
//     Pod that comes of it (server_lint.h).
//   - kRefused where there is a finding that is no warning.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs;
//   with `server` those of LiveCluster.
//
// Example
//   auto exit_code = RunLint({.cluster = {.inputs = {{"patterns/"}}}}, console);
#pragma once

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"
#include "operator/cli/offline_cluster.h"

namespace remora::cli {

struct LintOptions {
  OfflineOptions cluster;
  LiveOptions live;
  bool server = false;
};

Result<ExitCode> RunLint(const LintOptions& options, Console console);

}  // namespace remora::cli
