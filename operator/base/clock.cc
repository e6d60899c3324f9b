#include "operator/base/clock.h"

#include <utility>

#include "operator/base/mutex.h"

namespace remora {

Clock::TimePoint SystemClock::Now() const { return std::chrono::steady_clock::now(); }

Clock::WallTimePoint SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

bool SystemClock::SleepFor(Duration duration, std::stop_token stop) {
  // Nobody notifies: only the stop_token or the deadline ends the wait.
  Mutex mutex;
  CondVar never;
  const TimePoint deadline = Now() + duration;
  MutexLock lock(mutex);
  never.WaitUntil(mutex, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace remora
