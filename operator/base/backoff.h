// Backoff: how long to wait before the next attempt, longer after every failure.
//
// Contract
//   - The n-th Next() since Reset() lies in [d/2, d], d = min(initial · 2ⁿ⁻¹, max): never zero, so
//     that nobody spins, never beyond max, and spread, so that replicas do not come back in step.
//   - The defaults suit a handful of watchers against one API server: 250 ms, since a cut that
//     heals
//     should go unnoticed, up to 10 s. client-go takes 800 ms to 30 s for thousands of kubelets; we
//     are a few replicas with a few kinds each, under 2 requests a second at 10 s, and a webhook
//     that waits 30 s longer than needed serves old patterns for 30 s.
// Thread-safety: owner thread only.
// Errors: none.
//
// Example
//   Backoff backoff({}, SystemRandom());
//   while (!Connect()) clock.SleepFor(backoff.Next(), stop);
//   backoff.Reset();
#pragma once

#include <chrono>
#include <functional>

namespace remora {

// A number in [0, 1) at every call.
using RandomSource = std::function<double()>;

// A generator of its own, seeded by the system. Owner thread only.
RandomSource SystemRandom();

class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds initial{250};
    std::chrono::milliseconds max{10'000};
  };

  Backoff(Options options, RandomSource random);

  std::chrono::milliseconds Next();
  void Reset() { failures_ = 0; }
  // How often Next() was called since the last Reset().
  int failures() const { return failures_; }

 private:
  Options options_;
  RandomSource random_;
  int failures_ = 0;
};

}  // namespace remora
