// WorkQueue<Key>: keys that wait to be reconciled, each at most once.
//
// Contract (that of client-go's workqueue)
//   - A key that is added while it waits is not added again. One that is added while it is being
//     worked on waits until Done(), and comes again then: never twice at once, and nothing is lost.
//   - Get() takes the key that has waited longest. AddAfter() lets a key wait first; of two times the
//     earlier counts.
//   - AddRateLimited() is AddAfter() with base/backoff's delay for the key: Forget() when it went
//     well, so that the next failure begins with a short delay again.
// Thread-safety: internally synchronised.
// Errors: none.
// Lifetime: `clock` outlives it. Nobody is in Get() when it is destroyed.
//
// Example
//   while (auto key = queue.Get(stop)) {
//     Reconcile(*key) ? queue.Forget(*key) : queue.AddRateLimited(*key);
//     queue.Done(*key);
//   }
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "operator/base/backoff.h"
#include "operator/base/clock.h"
#include "operator/base/mutex.h"

namespace remora::runtime {

// Counted since the queue was made; times in the clock's unit.
struct WorkQueueMetrics {
  std::uint64_t depth = 0;  // keys that wait and are due
  std::uint64_t adds = 0;
  std::uint64_t retries = 0;  // of AddRateLimited
  std::uint64_t taken = 0;
  Clock::Duration waited = {};           // of all that were taken, from due to taken
  Clock::Duration worked = {};           // of all that are done, from taken to done
  Clock::Duration longest_running = {};  // of those under way
};

template <typename Key>
class WorkQueue {
 public:
  struct Options {
    // The longest a poison object waits: client-go has 1,000 s; who mends it should not wait so long.
    Backoff::Options backoff = {.initial = std::chrono::milliseconds(50),
                                .max = std::chrono::minutes(2)};
    RandomSource random = SystemRandom();
  };

  explicit WorkQueue(Clock& clock) : WorkQueue(clock, Options()) {}
  WorkQueue(Clock& clock, Options options) : clock_(clock), options_(std::move(options)) {}

  void Add(const Key& key) {
    MutexLock lock(mutex_);
    Insert(key);
  }

  void AddAfter(const Key& key, Clock::Duration delay) {
    MutexLock lock(mutex_);
    if (delay <= Clock::Duration::zero()) return Insert(key);
    Delay(key, delay);
  }

  void AddRateLimited(const Key& key) {
    MutexLock lock(mutex_);
    ++metrics_.retries;
    auto at = failures_.try_emplace(key, options_.backoff, [this] { return options_.random(); });
    Delay(key, at.first->second.Next());
  }

  void Forget(const Key& key) {
    MutexLock lock(mutex_);
    failures_.erase(key);
  }

  // Waits for a key; nothing when a stop is asked for.
  std::optional<Key> Get(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
      if (auto key = Take()) return key;
      const auto ready = [this]() REQUIRES(mutex_) { return changed_since_take_; };
      changed_since_take_ = false;
      if (by_due_.empty()) {
        condition_.Wait(mutex_, stop, ready);
      } else {
        const auto wait = by_due_.begin()->first - clock_.Now();
        condition_.WaitUntil(mutex_, stop, std::chrono::steady_clock::now() + wait, ready);
      }
    }
    return std::nullopt;
  }

  // Nothing when no key is due.
  std::optional<Key> TryGet() {
    MutexLock lock(mutex_);
    return Take();
  }

  void Done(const Key& key) {
    MutexLock lock(mutex_);
    const auto at = processing_.find(key);
    if (at == processing_.end()) return;
    metrics_.worked += clock_.Now() - at->second;
    processing_.erase(at);
    if (dirty_.contains(key)) Push(key);
  }

  WorkQueueMetrics metrics() const {
    MutexLock lock(mutex_);
    WorkQueueMetrics metrics = metrics_;
    metrics.depth = queue_.size();
    for (const auto& [key, since] : processing_) {
      metrics.longest_running = std::max(metrics.longest_running, clock_.Now() - since);
    }
    return metrics;
  }

 private:
  struct Waiting {
    Key key;
    Clock::TimePoint since;
  };

  void Insert(const Key& key) REQUIRES(mutex_) {
    if (const auto at = delayed_.find(key); at != delayed_.end()) {
      by_due_.erase({at->second, key});
      delayed_.erase(at);
    }
    if (!dirty_.insert(key).second) return;
    ++metrics_.adds;
    if (!processing_.contains(key)) Push(key);
  }

  void Push(const Key& key) REQUIRES(mutex_) {
    queue_.push_back({key, clock_.Now()});
    changed_since_take_ = true;
    condition_.NotifyOne();
  }

  void Delay(const Key& key, Clock::Duration delay) REQUIRES(mutex_) {
    const Clock::TimePoint due = clock_.Now() + delay;
    const auto [at, added] = delayed_.try_emplace(key, due);
    if (!added) {
      if (at->second <= due) return;
      by_due_.erase({at->second, key});
      at->second = due;
    }
    by_due_.emplace(due, key);
    changed_since_take_ = true;
    condition_.NotifyOne();
  }

  std::optional<Key> Take() REQUIRES(mutex_) {
    const Clock::TimePoint now = clock_.Now();
    while (!by_due_.empty() && by_due_.begin()->first <= now) {
      const Key due = by_due_.begin()->second;
      Insert(due);  // and no longer delayed
    }
    if (queue_.empty()) return std::nullopt;
    Waiting next = std::move(queue_.front());
    queue_.pop_front();
    dirty_.erase(next.key);
    processing_.emplace(next.key, now);
    ++metrics_.taken;
    metrics_.waited += now - next.since;
    return std::move(next.key);
  }

  Clock& clock_;
  const Options options_;
  mutable Mutex mutex_;
  CondVar condition_;
  bool changed_since_take_ GUARDED_BY(mutex_) = false;
  std::deque<Waiting> queue_ GUARDED_BY(mutex_);
  std::set<Key> dirty_ GUARDED_BY(mutex_);  // to be worked on: in the queue, or again after Done()
  std::map<Key, Clock::TimePoint> processing_ GUARDED_BY(mutex_);
  std::map<Key, Clock::TimePoint> delayed_ GUARDED_BY(mutex_);
  std::set<std::pair<Clock::TimePoint, Key>> by_due_ GUARDED_BY(mutex_);  // the same, by time
  std::map<Key, Backoff> failures_ GUARDED_BY(mutex_);
  WorkQueueMetrics metrics_ GUARDED_BY(mutex_);
};

}  // namespace remora::runtime
