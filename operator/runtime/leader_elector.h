// LeaderElector: at most one of several processes does the work, by a Lease that it keeps renewing.
//
// Contract
//   - Acquire() returns true once the Lease is ours. Hold() then renews it and returns when it is lost
//     or a stop is asked for; a process that has lost it ends, for its caches and its half-done work
//     are no longer its own.
//   - An attempt of Hold() to renew, its reading and its writing together, ends when what we hold ends: so
//     does Hold(), whatever the API server does.
//   - HoldsLease() is true only while no other process can hold the Lease: until `renew_deadline`
//     after the last successful renewal *began*. Others wait for `lease_duration` since they saw it
//     change, which is longer; a write that begins while it is true and has a deadline of at most the
//     difference is done before anybody else may write. kube::Client asks before each (may_write,
//     longest_write); the elector's own Client does not, for its writes carry the version they replace.
//   - Both times are measured on this machine's own clock, one that does not jump. The times in the
//     Lease are for people.
// Thread-safety: HoldsLease(): any thread. The rest: owner thread only.
// Errors: none come out; failures are logged and tried again.
// Lifetime: client and clock outlive it.
//
// Example
//   LeaderElector elector({.client = client, .clock = clock, .identity = "pod-a", .lease = key});
//   if (!elector.Acquire(stop)) return;
//   Run(work);
//   elector.Hold(stop);
//   elector.Release();
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/base/backoff.h"
#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/client.h"

namespace remora::runtime {

class LeaderElector {
 public:
  struct Options {
    kube::Client& client;
    Clock& clock;
    std::string identity;  // of this process, different from every other's
    kube::ObjectKey lease;
    // client-go's defaults.
    std::chrono::seconds lease_duration{15};
    std::chrono::seconds renew_deadline{10};
    std::chrono::seconds retry_period{2};
    RandomSource random = SystemRandom();
  };

  explicit LeaderElector(Options options);

  // False: a stop was asked for.
  bool Acquire(const std::stop_token& stop);
  void Hold(const std::stop_token& stop);
  // Lets others have it at once. What writes has ended by now.
  void Release();

  bool HoldsLease() const;
  // Who holds it, as seen last. Owner thread only.
  const std::string& holder() const { return holder_; }

  // One attempt of `renew_deadline` at most: reads the Lease and, if it is free or ours, writes it. True:
  // it is ours.
  bool TryOnce(const std::stop_token& stop);

 private:
  bool TryOnce(const std::stop_token& stop, Clock::TimePoint until);
  // Both end at `until`.
  Result<bool> Attempt(const std::stop_token& stop, Clock::TimePoint until);
  Result<bool> Write(const nlohmann::json* current, const std::stop_token& stop,
                     Clock::TimePoint until);
  kube::Call CallUntil(const std::stop_token& stop, Clock::TimePoint until) const;
  // Notes what is seen of another's Lease; whether it has stood still for a whole duration.
  bool IsExpired(const nlohmann::json& lease);
  Clock::Duration Spread(std::chrono::milliseconds period) const;

  const Options options_;
  const kube::Resource resource_{"coordination.k8s.io", "v1", "leases"};
  std::string holder_;
  std::string seen_version_;  // of another's Lease
  Clock::TimePoint seen_at_ = {};
  std::atomic<Clock::TimePoint> valid_until_ = Clock::TimePoint::min();
};

}  // namespace remora::runtime
