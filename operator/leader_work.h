// LeaderWork: what the operator that holds the Lease does all day: it keeps the caches and the status of
// every pattern.
//
// Contract
//   - No status is written and no Pod evicted before all caches are read, nor anything while may_write says
//     no. Whether patterns are accepted is asked while the Pods are still being read. A kind of pattern
//     whose CRD is not installed counts as read: there are none.
//   - After RunIn it goes on by itself until the Manager stops.
// Thread-safety: Missing() and what metrics() returned: any thread. The rest: owner thread.
// Errors: none: what fails is logged and tried again.
// Lifetime: client, clock and what may_write refers to outlive it, and it outlives the Manager.
//
// Example
//   LeaderWork work(options, {client, clock, [&] { return elector.HoldsLease(); }});
//   work.RunIn(manager);
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/metric_family.h"
#include "operator/kube/client.h"
#include "operator/options.h"
#include "operator/reconcilers/missing_pod_reconciler.h"
#include "operator/reconcilers/pattern_caches.h"
#include "operator/reconcilers/pattern_reconciler.h"
#include "operator/reconcilers/pod_matcher.h"
#include "operator/reconcilers/pod_table.h"
#include "operator/runtime/controller.h"
#include "operator/runtime/event.h"
#include "operator/runtime/informer.h"
#include "operator/runtime/manager.h"

namespace remora {

class LeaderWork {
 public:
  struct Dependencies {
    kube::Client& client;
    Clock& clock;
    std::function<bool()> may_write;
    std::function<void(runtime::Event)> record_event = nullptr;  // null: nobody is told
  };

  LeaderWork(const OperatorOptions& options, Dependencies dependencies);

  void RunIn(runtime::Manager& manager);

  // What has not been read yet; empty: nothing.
  std::string Missing() const;
  std::vector<MetricSource> metrics() const;

 private:
  using Patterns = runtime::Informer<reconcilers::PatternObject>;

  bool MayAccept() const;
  bool MayReplace() const;
  Patterns::Options InformerOf(kube::Client& client, Clock& clock, api::PatternKind kind);
  // By an event, or perhaps: it was or is in a list.
  void PatternChanged(const reconcilers::PatternKey& key);
  void RevisionChanged(const kube::ObjectKey& key);

  Clock& clock_;
  const std::function<bool()> may_write_;
  const injection::Environment environment_;
  runtime::WorkQueue<reconcilers::PatternKey> queue_;
  reconcilers::PodTable pods_;
  Patterns ambassadors_;
  Patterns sidecars_;
  Patterns adapters_;
  runtime::Informer<injection::NamespaceFacts> namespaces_;
  runtime::Informer<api::KeptRevision> revisions_;
  const reconcilers::PatternListers listers_;
  runtime::KubeListerWatcher pod_source_;
  runtime::Reflector pod_reflector_;
  reconcilers::PodMatcher matcher_;
  const reconcilers::SealedCheck check_;
  reconcilers::RevisionKeeper history_;
  reconcilers::PatternAcceptance acceptance_;
  reconcilers::PatternReconciler reconciler_;
  runtime::Controller<reconcilers::PatternKey> controller_;
  runtime::WorkQueue<reconcilers::PatternKey> missing_queue_;
  reconcilers::MissingPodReconciler missing_;
  runtime::Controller<reconcilers::PatternKey> missing_controller_;
};

}  // namespace remora
