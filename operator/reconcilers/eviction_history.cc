#include "operator/reconcilers/eviction_history.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "operator/api/reason.h"
#include "operator/base/log.h"

namespace remora::reconcilers {

namespace {

bool IsIn(const std::string& reason) {
  const auto parsed = api::ParseReason(reason);
  return parsed && api::ClassOf(*parsed) == api::ReasonClass::kIn;
}

// Times of Pods are whole seconds: what was made in the second of the eviction may be younger.
bool HasHelped(const EvictionHistory::Eviction& eviction, const WorkloadSight& sight) {
  return sight.with >= std::chrono::floor<std::chrono::seconds>(eviction.stamp);
}

}  // namespace

WorkloadName NameOf(const WorkloadOutcome& outcome) {
  return outcome.namespace_name + '/' + outcome.workload.kind + '/' + outcome.workload.name;
}

bool IsMissing(const WorkloadOutcome& outcome) { return outcome.reason == "Missing"; }

WorkloadSights SightsOf(const Census& census) {
  WorkloadSights sights;
  for (const WorkloadOutcome& outcome : census.workloads) {
    WorkloadSight& sight = sights[NameOf(outcome)];
    Clock::WallTimePoint& newest = IsIn(outcome.reason) ? sight.with : sight.without;
    newest = std::max(newest, outcome.newest);
    sight.is_missing |= IsMissing(outcome);
  }
  return sights;
}

void EvictionHistory::Add(Eviction eviction) {
  Entry& entry = evictions_[eviction.workload];
  if (eviction.at >= entry.eviction.at) entry = {.eviction = std::move(eviction)};
}

std::optional<Clock::WallTimePoint> EvictionHistory::NextTurn(const PatternObject& pattern,
                                                              const WorkloadName& workload,
                                                              const WorkloadSight& sight,
                                                              Clock::WallTimePoint now) {
  const auto at = evictions_.find(workload);
  if (at == evictions_.end()) return now;
  Entry& entry = at->second;
  Eviction& last = entry.eviction;
  last.at = std::min(last.at, now);  // the clock, or somebody else's, may have been ahead
  if (entry.waits && HasHelped(last, sight)) entry.waits = false;
  if (!entry.waits) return last.at + kPause;
  const bool is_its_pattern = last.pattern == pattern.key;
  if (is_its_pattern && last.generation == 0) last.generation = pattern.generation();
  if (sight.without <= last.newest) return std::nullopt;  // nobody came in its place yet
  if (is_its_pattern && last.generation != pattern.generation()) {
    // The edit may have mended it: one more try.
    entry = {.eviction = std::move(last), .waits = false};
    entry.eviction.at = now;
    entry.eviction.generation = pattern.generation();
    return now + kPause;
  }
  if (!std::exchange(entry.told, true)) {
    Log(LogLevel::kWarning, "a Pod that took the place of an evicted one came without, too",
        {{"pattern", pattern.key.ToString()}, {"workload", workload}});
  }
  return std::nullopt;
}

void EvictionHistory::Tidy(const PatternKey& pattern, const WorkloadSights& sights,
                           Clock::WallTimePoint now) {
  for (auto at = evictions_.begin(); at != evictions_.end();) {
    Entry& entry = at->second;
    bool is_missing = true;  // as far as is known
    if (entry.eviction.pattern == pattern) {
      const auto sight = sights.find(at->first);
      is_missing = sight != sights.end() && sight->second.is_missing;
      if (sight != sights.end() && HasHelped(entry.eviction, sight->second)) entry.waits = false;
    }
    const bool is_over = now >= entry.eviction.at + kPause && (!entry.waits || !is_missing);
    at = is_over ? evictions_.erase(at) : std::next(at);
  }
}

void EvictionHistory::ForgetPattern(const PatternKey& pattern, Clock::WallTimePoint now) {
  for (auto& [name, entry] : evictions_) {
    if (entry.eviction.pattern == pattern) entry.waits = false;
  }
  Tidy(pattern, {}, now);
}

}  // namespace remora::reconcilers
