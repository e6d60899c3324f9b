// EvictionHistory: of which workloads a Pod was evicted, and when the next one may be.
//
// Contract
//   - One Pod of a workload an hour, whatever the pattern; and no second one before a Pod that is not
//     older than the eviction is seen to have the pattern. Until then the eviction may have cost a
//     replica.
//   - Where a newer Pod came without it again, evicting heals nothing: the workload is left alone, with
//     one log line, until such a Pod comes with it, or for an hour after the pattern was edited.
//   - Forgets an eviction after an hour, unless it waits for what is said above; that too once the
//     workload misses nothing, or the pattern is gone.
// Thread-safety: owner thread only.
// Errors: none.
//
// Example
//   history.Tidy(pattern.key, sights, clock.WallNow());
//   const auto turn = history.NextTurn(pattern, name, sights.at(name), clock.WallNow());
//   if (turn && *turn <= clock.WallNow()) history.Add({.workload = name, ...});
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "operator/base/clock.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/reconcilers/pod_table.h"

namespace remora::reconcilers {

// "shop/Deployment/web"
using WorkloadName = std::string;
WorkloadName NameOf(const WorkloadOutcome& outcome);
bool IsMissing(const WorkloadOutcome& outcome);

// When the newest Pods of a workload were made, by what became of a pattern in them. The epoch: none.
struct WorkloadSight {
  Clock::WallTimePoint with = {};
  Clock::WallTimePoint without = {};  // refused, or missing
  bool is_missing = false;
};
using WorkloadSights = std::map<WorkloadName, WorkloadSight>;
WorkloadSights SightsOf(const Census& census);

class EvictionHistory {
 public:
  static constexpr std::chrono::hours kPause{1};

  struct Eviction {
    WorkloadName workload;
    PatternKey pattern;           // for which
    std::int64_t generation = 0;  // of the pattern; 0: not known
    Clock::WallTimePoint at = {};
    // In the API server's time, as those of Pods: when it was; and its Pods without the pattern were
    // not younger than that.
    Clock::WallTimePoint stamp = {};
    Clock::WallTimePoint newest = {};
  };

  // Of two of a workload the later one counts.
  void Add(Eviction eviction);
  // It has not happened.
  void TakeBack(const WorkloadName& workload) { evictions_.erase(workload); }

  // When a Pod of the workload may be evicted; nothing: not as things are.
  std::optional<Clock::WallTimePoint> NextTurn(const PatternObject& pattern,
                                               const WorkloadName& workload,
                                               const WorkloadSight& sight,
                                               Clock::WallTimePoint now);

  // What the Pods of the pattern are like now.
  void Tidy(const PatternKey& pattern, const WorkloadSights& sights, Clock::WallTimePoint now);
  void ForgetPattern(const PatternKey& pattern, Clock::WallTimePoint now);

  std::size_t size() const { return evictions_.size(); }

 private:
  struct Entry {
    Eviction eviction;
    bool waits = true;  // for a Pod that has the pattern
    bool told = false;  // that one came without it
  };

  std::map<WorkloadName, Entry> evictions_;
};

}  // namespace remora::reconcilers
