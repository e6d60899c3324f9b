// `remora pin KIND/NAME REVISION` and `remora rollback KIND/NAME [REVISION]`: an earlier revision of
// a pattern for new Pods.
//
// Contract
//   - pin sets spec.pinnedRevision and nothing else, or takes it away. rollback puts what reaches
//     Pods back to what it was in that revision; whom the pattern admits, selector, onError, tests,
//     update and pin stay as they are. Without a revision the last edit is taken back.
//   - Nothing is written where it is so already, and nothing over an edit of somebody else. A dry
//     run is judged by the API server as the write would be.
//   - kRefused, with one sentence on stderr: a revision that is not kept, a conflict, an answer of
//     the API server that it does not take it.
// Thread-safety: none needed. Errors: those of LiveCluster.
//
// Example
//   auto exit_code = RunPin({.live = live, .object = "rsc/saver", .revision = "b4x6"}, console);
#pragma once

#include <string>

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"

namespace remora::cli {

struct RevisionOptions {
  LiveOptions live = {};
  std::string object = {};    // KIND/NAME
  std::string revision = {};  // or the beginning of it
  bool none = false;          // pin: take the pin away
  bool dry_run = false;
};

Result<ExitCode> RunPin(const RevisionOptions& options, Console console);
Result<ExitCode> RunRollback(const RevisionOptions& options, Console console);

}  // namespace remora::cli
