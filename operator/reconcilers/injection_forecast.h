// InjectionForecast: whether the webhook would add a pattern to a Pod that were made now like this one.
//
// Contract
//   - Asks the engine, with what the webhook would have: each pattern that the Pod asks for in the revision
//     that new Pods get, and the LimitRanges and ResourceQuotas of the Pod's namespace, which are read
//     then and there.
//   - The Pod is taken as its user wrote it: what its record says that Remora added is left out, so that all
//     its patterns are decided anew, as they will be in its successor.
// Thread-safety: owner thread only.
// Errors: those of the Client.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   auto forecast = forecaster.Of(pattern.key, pod, {.stop = stop});
//   if (forecast.ok() && forecast->is_injected) Evict(pod);
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/api/kept_revision.h"
#include "operator/injection/injector.h"
#include "operator/kube/client.h"
#include "operator/reconcilers/pattern_caches.h"
#include "operator/runtime/store.h"

namespace remora::reconcilers {

struct Forecast {
  bool is_injected = false;
  std::string why_not = {};
};

class InjectionForecast {
 public:
  struct Options {
    kube::Client& client;
    const PatternListers& patterns;
    const runtime::Lister<api::KeptRevision> revisions;
    const injection::Environment& environment;
  };

  explicit InjectionForecast(Options options) : options_(std::move(options)) {}

  Result<Forecast> Of(const PatternKey& pattern, const nlohmann::json& pod, const kube::Call& call);

 private:
  // As the webhook would have it for this Pod.
  Result<std::shared_ptr<const injection::PatternIndex>> IndexFor(const injection::Request& request,
                                                                  const kube::Call& call);
  std::shared_ptr<const injection::StoredPattern> Served(const injection::LivePattern& live) const;

  const Options options_;
  injection::Workspace workspace_;
  injection::JsonDocument document_;
};

}  // namespace remora::reconcilers
