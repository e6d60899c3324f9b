#include "operator/cli/wait_command.h"

#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stop_token>

#include "operator/injection/parameters.h"

namespace remora::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{5};
constexpr milliseconds kLongestPause{100};
// An attempt at an address that does not even refuse: long enough for a packet that was lost.
constexpr milliseconds kLongestAttempt{3000};
// More than a day is a typing error.
constexpr std::chrono::hours kLongestTimeout{24};

Result<milliseconds> ParseTimeout(const std::string& text) {
  const auto duration = injection::ParseGoDuration(text);
  if (!duration || !std::isfinite(duration->count()) || duration->count() <= 0 ||
      *duration > kLongestTimeout) {
    return Error(ErrorCode::kInvalid,
                 "--timeout: \"" + text +
                     "\" is no duration; expected one between 1ms and 24h, such as 60s or 1m30s");
  }
  return std::max(std::chrono::duration_cast<milliseconds>(*duration), milliseconds(1));
}

std::string Show(Clock::Duration duration) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count()) + "ms";
}

extern "C" void EndProcess(int signal_number) { ::_exit(128 + signal_number); }

}  // namespace

Result<ExitCode> RunWait(const WaitOptions& options, Dialer& dialer, Clock& clock,
                         Console console) {
  const auto endpoint = ParseEndpoint(options.url);
  if (!endpoint.ok()) return endpoint.error();
  const auto timeout = ParseTimeout(options.timeout);
  if (!timeout.ok()) return timeout.error();
  const Clock::TimePoint start = clock.Now();
  const Clock::TimePoint deadline = start + *timeout;
  milliseconds pause = kFirstPause;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - clock.Now());
    const auto dialled = dialer.Dial(*endpoint, std::clamp(left, milliseconds(1), kLongestAttempt));
    if (dialled.ok()) {
      console.out << options.url << " listens after " << Show(clock.Now() - start) << std::endl;
      return ExitCode::kFine;
    }
    if (clock.Now() >= deadline) {
      console.err << "remora wait: nothing listens on " << options.url << " after "
                  << options.timeout << ": " << dialled.error().message() << '\n';
      return ExitCode::kRefused;
    }
    clock.SleepFor(std::min<Clock::Duration>(pause, deadline - clock.Now()), std::stop_token());
    pause = std::min(2 * pause, kLongestPause);
  }
}

void EndOnSignals() {
  struct sigaction action {};
  action.sa_handler = EndProcess;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace remora::cli
