// EventRecorder: tells the API server what happened to objects, without anybody waiting for it.
//
// Contract
//   - Record() returns at once: no I/O, a lock held for moments.
//   - Equal Events less than six minutes apart are one object with a count, patched every five
//     seconds at most; one that has vanished meanwhile is created anew.
//   - Ten requests a second at most, in the order of recording. While the API server cannot be
//     reached, they wait, with back-off.
//   - Bounded: a thousand different Events wait, and as many that were told are remembered. What does
//     not fit, what the API server refuses, what fails twelve times and what is left two seconds
//     after a stop is dropped. Each Record() is told, waiting or counted in dropped().
// Thread-safety: Record() and dropped(): any thread. The rest: owner thread only.
// Errors: none come out; they are logged, one of a kind in a row.
// Lifetime: client and clock outlive it; Run() has returned before it is destroyed.
//
// Example
//   EventRecorder recorder({.client = client, .clock = clock,
//                           .reporter = {"patterns.remora.dev/webhook", HostName()}});
//   manager.Add("events", [&](const std::stop_token& stop) { recorder.Run(stop); });
//   recorder.Record(std::move(event));
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>

#include "operator/base/backoff.h"
#include "operator/base/clock.h"
#include "operator/base/metric_family.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/kube/client.h"
#include "operator/runtime/event.h"
#include "operator/runtime/event_object.h"

namespace remora::runtime {

class EventRecorder {
 public:
  // The first two are client-go's, of tools/events.
  static constexpr std::chrono::minutes kWindow{6};
  static constexpr int kAttempts = 12;
  static constexpr std::chrono::seconds kPatchInterval{5};
  static constexpr std::chrono::milliseconds kRequestInterval{100};
  static constexpr std::chrono::seconds kFlushLimit{2};

  struct Options {
    kube::Client& client;
    Clock& clock;
    EventReporter reporter;
    RandomSource random = SystemRandom();
    std::size_t max_waiting = 1000;
    std::size_t max_kept = 1000;
  };

  explicit EventRecorder(Options options);
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void Record(Event event) EXCLUDES(mutex_);
  // Of Record(): how many were not told to the API server and will not be.
  std::uint64_t dropped() const EXCLUDES(mutex_);

  void Run(const std::stop_token& stop) EXCLUDES(mutex_);
  // One turn of Run(): at most one request. Whether it made one.
  bool SendOne(const std::stop_token& stop) EXCLUDES(mutex_);

 private:
  struct Series {
    EventSighting sighting;
    std::uint64_t told = 0;  // of sighting.count
    bool created = false;    // there is an object, as far as is known
    int failures = 0;
    Clock::TimePoint last_seen = {};
    Clock::TimePoint due = {};  // waiting: not to be sent before
    std::uint64_t turn = 0;     // waiting: the order among those due
    bool waits() const { return told < sighting.count; }
  };
  using AllSeries = std::map<Event, Series>;  // only the owner thread erases
  enum class Sent { kTold, kExists, kVanished, kLater, kRefused };

  bool AwaitWork(const std::stop_token& stop) EXCLUDES(mutex_);
  void Flush() EXCLUDES(mutex_);
  // The one whose turn it is of those due until then; end(): none.
  AllSeries::iterator FindDue(Clock::TimePoint until) REQUIRES(mutex_);
  Sent Send(AllSeries::iterator at, const kube::Call& call) EXCLUDES(mutex_);
  Sent Classify(const Event& event, const Result<nlohmann::json>& answer);
  void Settle(AllSeries::iterator at, std::uint64_t sent, Sent outcome) REQUIRES(mutex_);
  // The next.
  AllSeries::iterator Drop(AllSeries::iterator at) REQUIRES(mutex_);
  void ForgetOld(Clock::TimePoint now) REQUIRES(mutex_);
  std::uint64_t Unique(Clock::WallTimePoint now) REQUIRES(mutex_);

  const Options options_;
  Backoff backoff_;
  Clock::TimePoint not_before_ = {};    // after a failure
  std::optional<ErrorCode> complaint_;  // logged last, unless something has gone well since
  mutable Mutex mutex_;
  CondVar changed_;
  AllSeries all_ GUARDED_BY(mutex_);
  std::size_t waiting_ GUARDED_BY(mutex_) = 0;
  std::uint64_t last_unique_ GUARDED_BY(mutex_) = 0;
  std::uint64_t turns_ GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
};

// remora_events_dropped_total.
MetricSource EventFamilies(const EventRecorder& recorder);

}  // namespace remora::runtime
