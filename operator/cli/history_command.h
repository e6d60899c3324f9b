// `remora history KIND/NAME`: the revisions of a pattern that are kept, and what changed in each.
//
// Contract
//   - The newest last, as `kubectl rollout history`; the spec as it is last, where it is not kept.
//   - With two revisions, or one and the spec as it is: all that they say differently.
//   - A ControllerRevision that is not believed is told on stderr. kRefused: a revision that is not
//     kept.
// Thread-safety: none needed. Errors: those of LiveCluster.
//
// Example
//   auto exit_code = RunHistory({.live = live, .object = "rsc/log-saver"}, clock, console);
#pragma once

#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"

namespace remora::cli {

struct HistoryOptions {
  LiveOptions live = {};
  std::string object = {};                    // KIND/NAME
  std::vector<std::string> compared = {};     // none, one or two revisions
  OutputFormat format = OutputFormat::kText;  // or kJson
};

Result<ExitCode> RunHistory(const HistoryOptions& options, const Clock& clock, Console console);

}  // namespace remora::cli
