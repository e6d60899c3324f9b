// MissingPodReconciler: tells of Pods that asked for a pattern and came without it, and, where the
// pattern says replaceMissing, evicts them so that their controllers make new ones.
//
// Contract
//   - One Event for a workload, about the controller of a missing Pod, related to the pattern; again
//     only after it was healed in between.
//   - A Pod is evicted only if all of this holds: it has a controller, is younger than the pattern and
//     has no record of it; the pattern is accepted; the engine would add it to that very Pod, and not
//     deny it; a webhook is ready; no Pod of the workload was evicted for an hour. The API server adds
//     PodDisruptionBudgets.
//   - One eviction a second at most. A workload whose new Pod came without it again is left alone, with
//     a log line, until the pattern is edited: evicting heals nothing there.
//   - What was evicted is remembered by the Events about it (PodReplaced), which live as long as the hour:
//     another leader keeps to it.
// Thread-safety: Reconcile() by one thread.
// Errors: those of the Client.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   MissingPodReconciler missing({client, clock, listers, table, environment, service, record});
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
#include "operator/reconcilers/pattern_caches.h"
#include "operator/reconcilers/pod_table.h"
#include "operator/runtime/controller.h"
#include "operator/runtime/event.h"

namespace remora::reconcilers {

class MissingPodReconciler final : public runtime::Reconciler<PatternKey> {
 public:
  static constexpr std::chrono::hours kPause{1};

  struct Options {
    kube::Client& client;
    Clock& clock;
    const PatternListers& patterns;
    const PodTable& pods;
    const injection::Environment& environment;
    kube::ObjectKey webhook;  // its Service
    std::function<void(runtime::Event)> record_event = nullptr;
  };

  explicit MissingPodReconciler(Options options) : options_(std::move(options)) {}

  Result<runtime::Requeue> Reconcile(const PatternKey& key, std::stop_token stop) override;

 private:
  // "shop/Deployment/web"
  using WorkloadName = std::string;
  enum class Eviction { kDone, kNotNow, kNotFit };

  void Tell(const PatternObject& pattern, const Census& census, const std::stop_token& stop);
  Result<runtime::Requeue> Replace(const PatternObject& pattern, const Census& census,
                                   const std::stop_token& stop);
  // When a Pod of the workload may be evicted; nothing: never.
  std::optional<Clock::WallTimePoint> NextTurn(const PatternObject& pattern,
                                               const WorkloadOutcome& workload);
  Result<Eviction> Evict(const PatternObject& pattern, const WorkloadOutcome& workload,
                         const std::stop_token& stop);
  bool WouldBeInjected(const PatternObject& pattern, const nlohmann::json& pod);
  // What earlier leaders have evicted.
  Result<void> ReadPast(const std::stop_token& stop);
  void Record(runtime::Event event) const;

  const Options options_;
  std::map<PatternKey, std::set<WorkloadName>> told_;
  bool past_is_read_ = false;
  std::map<WorkloadName, Clock::WallTimePoint> evicted_;
  std::map<PatternKey, std::pair<std::int64_t, std::set<WorkloadName>>> given_up_;  // by generation
  injection::Workspace workspace_;
  injection::JsonDocument document_;
};

}  // namespace remora::reconcilers
