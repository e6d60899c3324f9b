// MissingPodReconciler: tells of Pods that asked for a pattern and came without it, and, where the
// pattern says replaceMissing, evicts them so that their controllers make new ones.
//
// Contract
//   - One Event for a workload, about the controller of a missing Pod, or about the Pod itself where it
//     has none; related to the pattern; again only after it was healed in between.
//   - A Pod is evicted only if all of this holds: it has a controller, is younger than the pattern and
//     has no record of it; the pattern is accepted; the engine would add it to that very Pod, and not
//     deny it (injection_forecast.h); a webhook is ready; the turn of its workload has come: one an hour,
//     and none before the one before has helped (eviction_history.h). The API server adds
//     PodDisruptionBudgets.
//   - An Event about the pattern (PodReplaced) stands before the Pod is evicted; without it, nobody is. So
//     another leader keeps to the hour, for as long as the API server keeps Events. What was then
//     refused after all is no longer counted.
//   - One eviction a second at most, of all patterns together; ten Pods are looked at in one call.
//   - Who cannot be evicted is passed over, with a log line, and the others get their turn: for ten
//     seconds, and twice as long each time up to ten minutes; for ten minutes where the engine would not
//     add the pattern. An edit of the pattern, or another Pod, ends that.
// Thread-safety: Reconcile() by one thread.
// Errors: those of the Client, where the API server cannot be asked for what all workloads need.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   MissingPodReconciler missing({client, clock, listers, revisions, table, environment, service,
//                                 reporter, record});
//   Controller<PatternKey> controller({"missing", queue, missing});
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "operator/base/clock.h"
#include "operator/injection/injector.h"
#include "operator/kube/client.h"
#include "operator/reconcilers/eviction_history.h"
#include "operator/reconcilers/injection_forecast.h"
#include "operator/reconcilers/pattern_caches.h"
#include "operator/reconcilers/pod_table.h"
#include "operator/runtime/controller.h"
#include "operator/runtime/event.h"
#include "operator/runtime/event_object.h"

namespace remora::reconcilers {

class MissingPodReconciler final : public runtime::Reconciler<PatternKey> {
 public:
  struct Options {
    kube::Client& client;
    Clock& clock;
    const PatternListers& patterns;
    const runtime::Lister<api::KeptRevision> revisions;
    const PodTable& pods;
    const injection::Environment& environment;
    kube::ObjectKey webhook;          // its Service
    runtime::EventReporter reporter;  // of the Events that stand before evictions
    std::function<void(runtime::Event)> record_event = nullptr;
    std::chrono::milliseconds deadline{4000};  // of a call
  };

  explicit MissingPodReconciler(Options options)
      : options_(std::move(options)),
        forecast_({options_.client, options_.patterns, options_.revisions, options_.environment}) {}

  Result<runtime::Requeue> Reconcile(const PatternKey& key, std::stop_token stop) override;

 private:
  enum class Eviction { kDone, kNotNow, kNotFit };
  // Why a workload is passed over: for this Pod and this generation of the pattern.
  struct Pause {
    kube::ObjectKey pod;
    Clock::WallTimePoint made = {};
    std::int64_t generation = 0;
    Clock::Duration length = {};
    Clock::TimePoint until = {};

    bool IsOf(const PatternObject& pattern, const WorkloadOutcome& workload) const {
      return pod == workload.newest_pod && made == workload.newest &&
             generation == pattern.generation();
    }
  };
  using Pauses = std::map<WorkloadName, Pause>;

  kube::Call CallWith(const std::stop_token& stop) const {
    return {.stop = stop, .deadline = options_.deadline};
  }
  runtime::Requeue Tell(const PatternObject& pattern, const Census& census,
                        const std::stop_token& stop);
  Result<runtime::Requeue> Replace(const PatternObject& pattern, const Census& census,
                                   const std::stop_token& stop);
  // After which time a Pod of the workload may be evicted; nothing: not as things are.
  std::optional<Clock::Duration> TimeToTurn(const PatternObject& pattern,
                                            const WorkloadOutcome& workload,
                                            const WorkloadSight& sight);
  Result<Eviction> Evict(const PatternObject& pattern, const WorkloadOutcome& workload,
                         const std::stop_token& stop);
  // Tells of the eviction first, then asks for it.
  Result<Eviction> TellAndEvict(const PatternObject& pattern, const WorkloadOutcome& workload,
                                const nlohmann::json& eviction, const std::stop_token& stop);
  bool IsThere(const kube::ObjectKey& pod, const std::string& uid, const std::stop_token& stop);
  void PassOver(const PatternObject& pattern, const WorkloadOutcome& workload, Eviction why);
  // What earlier leaders have evicted.
  Result<void> ReadPast(const std::stop_token& stop);

  const Options options_;
  InjectionForecast forecast_;
  std::map<PatternKey, std::set<WorkloadName>> told_;
  std::map<PatternKey, Pauses> passed_over_;
  bool past_is_read_ = false;
  EvictionHistory history_;
  std::optional<Clock::TimePoint> last_eviction_;
};

}  // namespace remora::reconcilers
