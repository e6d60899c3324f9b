// `remora status [KIND/NAME]`: what the operator says of the patterns of a namespace, or of one.
//
// Contract
//   - Without a name a table of all patterns of the namespace, or of all; with one its conditions,
//     revisions, counts and workloads. JSON: an array, or one object.
//   - kFine whatever the status says: `kubectl wait` waits for a condition.
// Thread-safety: none needed. Errors: those of LiveCluster.
//
// Example
//   auto exit_code = RunStatus({.live = live, .object = "rsc/log-saver"}, clock, console);
#pragma once

#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"

namespace remora::cli {

struct StatusOptions {
  LiveOptions live = {};
  std::string object = {};  // KIND/NAME; empty: all
  bool all_namespaces = false;
  OutputFormat format = OutputFormat::kText;  // or kJson
};

Result<ExitCode> RunStatus(const StatusOptions& options, const Clock& clock, Console console);

}  // namespace remora::cli
