// FakeClock: time that moves only when a test moves it.
//
// Contract
//   - SleepFor blocks until Advance has passed its end, or a stop is asked for.
//   - After SkipSleeps() it returns at once instead, as if the time had passed, so that a test of
//     one thread can run code that backs off. Every duration asked for is kept in sleeps().
//   - Both clocks start at a fixed moment: 2026-01-01T00:00:00Z.
// Thread-safety: internally synchronised.
//
// Example
//   FakeClock clock;
//   std::jthread sleeper([&](std::stop_token stop) { clock.SleepFor(5s, stop); });
//   clock.WaitForSleepers(1);
//   clock.Advance(5s);
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"

namespace remora::testing {

class FakeClock final : public Clock {
 public:
  TimePoint Now() const override;
  WallTimePoint WallNow() const override;
  bool SleepFor(Duration duration, std::stop_token stop) override;

  void Advance(Duration duration);
  void SkipSleeps();
  // Blocks until so many threads are in SleepFor.
  void WaitForSleepers(int count);
  std::vector<Duration> sleeps() const;

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  Duration elapsed_ GUARDED_BY(mutex_) = Duration::zero();
  bool skip_sleeps_ GUARDED_BY(mutex_) = false;
  int sleepers_ GUARDED_BY(mutex_) = 0;
  std::vector<Duration> sleeps_ GUARDED_BY(mutex_);
};

}  // namespace remora::testing
