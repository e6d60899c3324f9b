// PatternReconciler: the status of each pattern, true and not written more often than needed.
//
// Contract
//   - Has new specs accepted first (PatternAcceptance): the revision is kept before the status names it.
//   - Nothing is said of a spec before all Pods were read and matched with it.
//   - Reads only caches; writes one server-side apply on the status sub-resource, where it differs
//     from what is there, and at most once in Options::interval for a pattern.
//   - A status is written into the version that it speaks of, and no other: one that was deleted and
//     made again during a slow turn has a turn of its own.
//   - A pattern that is gone needs nothing: there are no finalizers.
// Thread-safety: Reconcile() by several threads, for different keys.
// Errors: those of the Client. NotFound counts as done. Conflict: the pattern has changed since.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   PatternReconciler reconciler({client, clock, patterns, table});
//   Controller<PatternKey> controller({"patterns", queue, reconciler});
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/kube/client.h"
#include "operator/reconcilers/pattern_acceptance.h"
#include "operator/reconcilers/pattern_caches.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/reconcilers/pod_matcher.h"
#include "operator/reconcilers/pod_table.h"
#include "operator/reconcilers/revision_keeper.h"
#include "operator/runtime/controller.h"

namespace remora::reconcilers {

class PatternReconciler final : public runtime::Reconciler<PatternKey> {
 public:
  struct Options {
    kube::Client& client;
    Clock& clock;
    const PatternListers& patterns;
    const PodTable& pods;
    // Keeps `pods` matched: a spec that it has not come to yet has no counts.
    const PodMatcher& matcher;
    PatternAcceptance& acceptance;
    RevisionKeeper& history;
    std::chrono::milliseconds interval{1000};
  };

  explicit PatternReconciler(Options options) : options_(options) {}

  Result<runtime::Requeue> Reconcile(const PatternKey& key, std::stop_token stop) override;

 private:
  // What was written last. It counts while the watch shows the pattern as it was before: what comes
  // then is the truth, be it ours or somebody else's.
  struct Written {
    nlohmann::json status;
    std::string before;  // the resourceVersion that was known
    Clock::TimePoint at = {};
  };

  bool IsWritten(const PatternObject& pattern, const nlohmann::json& status);
  // When it may be written; nothing: it was.
  Result<runtime::Requeue> Write(const PatternObject& pattern, const nlohmann::json& status,
                                 const std::stop_token& stop);

  const Options options_;
  Mutex mutex_;
  std::map<PatternKey, Written> written_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
