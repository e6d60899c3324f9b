// Endpoints: everything that this server answers, by path.
//
//   POST /v1/pods/named       the admission of Pods with a key of ours; application/json
//   POST /v1/pods/automatic   of Pods without, in namespaces that ask for their Pods
//   POST /v1/patterns         whether a pattern may be stored
//   POST /v1/workloads        warnings for who applies a Deployment and the like
//   GET  /healthz             200: the process is alive
//   GET  /readyz              200, or 503 with one sentence that lists what is missing
//   GET  /metrics             the Prometheus text format
//
// Contract
//   - Other paths are 404, other methods 405 with Allow, other content types 415.
// Thread-safety: owner thread only; `not_ready` is called from any worker.
// Lifetime: what EndpointsOptions refers to outlives it.
//
// Example
//   HandlerFactory factory = [&] { return std::make_unique<Endpoints>(options); };
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "webhook/handler.h"
#include "webhook/metrics.h"
#include "webhook/pattern_handler.h"
#include "webhook/pod_handler.h"
#include "webhook/workload_handler.h"

namespace remora::webhook {

struct EndpointsOptions {
  PodHandlerOptions pods;
  // Why no request should be sent here now, as one sentence; empty: ready.
  std::function<std::string()> not_ready;
};

class Endpoints final : public Handler {
 public:
  explicit Endpoints(EndpointsOptions options);

  void Handle(const RequestView& request, Response& response) override;

 private:
  // Null for a path that is no webhook's.
  Handler* FindReviewer(std::string_view path);
  void ServeReadiness(Response& response) const;
  void ServeMetrics(Response& response) const;

  const EndpointsOptions options_;
  PodHandler named_;
  PodHandler automatic_;
  PatternHandler patterns_;
  WorkloadHandler workloads_;
};

}  // namespace remora::webhook
