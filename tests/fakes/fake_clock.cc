#include "tests/fakes/fake_clock.h"

#include <utility>

namespace remora::testing {

Clock::TimePoint FakeClock::Now() const {
  MutexLock lock(mutex_);
  return TimePoint(std::chrono::hours(1)) + elapsed_;  // not zero: that often means "never"
}

Clock::WallTimePoint FakeClock::WallNow() const {
  using std::chrono::January;
  MutexLock lock(mutex_);
  return std::chrono::sys_days(std::chrono::year(2026) / January / 1) +
         std::chrono::duration_cast<WallTimePoint::duration>(elapsed_);
}

bool FakeClock::SleepFor(Duration duration, std::stop_token stop) {
  MutexLock lock(mutex_);
  sleeps_.push_back(duration);
  if (skip_sleeps_) {
    elapsed_ += duration;
    return !stop.stop_requested();
  }
  const Duration end = elapsed_ + duration;
  ++sleepers_;
  changed_.NotifyAll();
  changed_.Wait(mutex_, stop, [&]() REQUIRES(mutex_) { return elapsed_ >= end; });
  --sleepers_;
  return !stop.stop_requested();
}

void FakeClock::Advance(Duration duration) {
  MutexLock lock(mutex_);
  elapsed_ += duration;
  changed_.NotifyAll();
}

void FakeClock::SkipSleeps() {
  MutexLock lock(mutex_);
  skip_sleeps_ = true;
}

void FakeClock::WaitForSleepers(int count) {
  MutexLock lock(mutex_);
  changed_.Wait(mutex_, std::stop_token(), [&]() REQUIRES(mutex_) { return sleepers_ >= count; });
}

std::vector<Clock::Duration> FakeClock::sleeps() const {
  MutexLock lock(mutex_);
  return sleeps_;
}

}  // namespace remora::testing
