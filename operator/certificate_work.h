// CertificateWork: keeps the webhook's certificate, and the trust of the labelled webhook
// configurations in it, for the operator that holds the Lease.
//
// Contract
//   - A configuration that is made or changed (an upgrade that sets it back, say) is looked at in the
//     next second, not only when something is due.
//   - Nothing is written while may_write says no.
// Thread-safety: families(): any thread. The rest: owner thread.
// Errors: none: what fails is logged and tried again.
// Lifetime: client, clock and what may_write refers to outlive it, and it outlives the Manager.
//
// Example
//   CertificateWork work(options, {client, clock, [&] { return elector.HoldsLease(); }});
//   work.RunIn(manager);
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/metric_family.h"
#include "operator/kube/client.h"
#include "operator/options.h"
#include "operator/reconcilers/certificate_reconciler.h"
#include "operator/runtime/lister_watcher.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/reflector.h"
#include "operator/runtime/work_queue.h"

namespace remora {

class CertificateWork {
 public:
  struct Dependencies {
    kube::Client& client;
    Clock& clock;
    std::function<bool()> may_write;
  };

  CertificateWork(const OperatorOptions& options, Dependencies dependencies);

  void RunIn(runtime::Manager& manager);
  std::vector<MetricSource> metrics() const;

 private:
  // Says that something has changed; what, is read then.
  class WakingSink final : public runtime::ObjectSink {
   public:
    explicit WakingSink(std::function<void()> wake) : wake_(std::move(wake)) {}
    void TakePage(std::vector<nlohmann::json> /*objects*/, runtime::PagePlace place) override {
      if (place.last) wake_();
    }
    void Apply(const kube::WatchEvent& /*event*/) override { wake_(); }

   private:
    const std::function<void()> wake_;
  };

  void Run(const std::stop_token& stop);
  Clock::Duration Reconcile(const std::stop_token& stop);

  Clock& clock_;
  const std::function<bool()> may_write_;
  reconcilers::CertificateReconciler reconciler_;
  runtime::WorkQueue<int> queue_;  // of one key
  WakingSink sink_;
  runtime::KubeListerWatcher mutating_source_;
  runtime::KubeListerWatcher validating_source_;
  runtime::Reflector mutating_;
  runtime::Reflector validating_;
};

}  // namespace remora
