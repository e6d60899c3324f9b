// Clock: where time comes from, so that a test can move it by hand.
//
// Contract
//   - Now() never goes back, and goes on while the machine is suspended: for durations and deadlines. WallNow() is the calendar: for people and
//     for timestamps in objects.
//   - SleepFor() ends early when a stop is asked for; true means that it slept the whole duration.
// Thread-safety: internally synchronised.
// Errors: none.
// Lifetime: outlives whoever holds a reference to it.
//
// Example
//   if (!clock.SleepFor(backoff.Next(), stop)) return;  // asked to stop
#pragma once

#include <chrono>
#include <stop_token>

namespace remora {

class Clock {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using TimePoint = std::chrono::steady_clock::time_point;
  using WallTimePoint = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;

  virtual TimePoint Now() const = 0;
  virtual WallTimePoint WallNow() const = 0;
  virtual bool SleepFor(Duration duration, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() const override;
  WallTimePoint WallNow() const override;
  bool SleepFor(Duration duration, std::stop_token stop) override;
};

}  // namespace remora
