#include "operator/base/clock.h"

#include <ctime>
#include <utility>

#include "operator/base/mutex.h"

namespace remora {

Clock::TimePoint SystemClock::Now() const {
  // CLOCK_MONOTONIC, which std::chrono takes, stands still while the machine is suspended: a process
  // that wakes up would believe that its lease still holds.
  std::timespec time = {};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

Clock::WallTimePoint SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

bool SystemClock::SleepFor(Duration duration, std::stop_token stop) {
  // Nobody notifies: only the stop_token or the deadline ends the wait.
  Mutex mutex;
  CondVar never;
  const auto deadline = std::chrono::steady_clock::now() + duration;
  MutexLock lock(mutex);
  never.WaitUntil(mutex, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace remora
