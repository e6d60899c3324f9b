// `remora wait`: ends when something listens; the wait container of an Ambassador runs it.
//
// Contract
//   - Dials at once, then again after 5 ms, doubled up to 100 ms, so that a fast start costs little
//     and a slow one next to nothing. It proves the listener, not what stands behind it.
//   - kFine with one line on stdout; kRefused with one sentence on stderr after the time.
// Thread-safety: none needed. Errors: Invalid: the URL or the duration.
//
// Example
//   SystemClock clock;
//   TcpDialer dialer;
//   auto exit_code = RunWait({"tcp://127.0.0.1:6379", "60s"}, dialer, clock, console);
#pragma once

#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/dialer.h"

namespace remora::cli {

struct WaitOptions {
  std::string url;
  std::string timeout = "60s";  // as in Go: 1m30s, 500ms
};

Result<ExitCode> RunWait(const WaitOptions& options, Dialer& dialer, Clock& clock, Console console);

// Lets TERM and INT end the process at once with 128 + their number, also as process 1 of a
// container, where the kernel ignores them unless there is a handler.
void EndOnSignals();

}  // namespace remora::cli
