// PodMatcher: matches all Pods anew when patterns or Namespaces have changed.
//
// Contract
//   - Due() says that something may have changed; of many in a burst, one matching comes. What changes
//     no match (a status that was written) leads to none.
//   - IsCurrent(): all caches were read, and what was due has been matched at least once.
//     HasMatched(): the Pods were matched with this spec of the pattern.
// Thread-safety: Due(), IsCurrent() and HasMatched(): any thread. Run(): one thread.
// Errors: none.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   PodMatcher matcher({clock, listers, pods});
//   manager.Add("matcher", [&](std::stop_token stop) { matcher.Run(stop); });
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <set>
#include <stop_token>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/reconcilers/pattern_caches.h"
#include "operator/reconcilers/pod_table.h"
#include "operator/runtime/work_queue.h"

namespace remora::reconcilers {

class PodMatcher {
 public:
  struct Options {
    Clock& clock;
    const PatternListers& patterns;
    PodTable& pods;
    std::chrono::milliseconds gather{50};  // how long a burst is waited for
  };

  explicit PodMatcher(Options options) : options_(options), queue_(options.clock) {}

  void Due() { queue_.AddAfter(0, options_.gather); }
  bool IsCurrent() const { return current_; }
  bool HasMatched(const PatternObject& pattern) const;
  void Run(const std::stop_token& stop);
  // Once; for tests and for Run().
  void MatchNow();

 private:
  const Options options_;
  runtime::WorkQueue<int> queue_;  // of one key
  std::atomic<bool> current_ = false;
  std::string version_;
  mutable Mutex mutex_;
  std::set<std::string, std::less<>> matched_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
