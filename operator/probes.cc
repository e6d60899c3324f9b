#include "operator/probes.h"

#include <string>
#include <utility>
#include <vector>

#include "operator/base/metric_family.h"
#include "operator/reconcilers/operator_metrics.h"

namespace remora {

Result<std::unique_ptr<runtime::ProbeServer>> StartProbes(const OperatorOptions& options,
                                                          ProbeSources sources) {
  std::vector<MetricSource> metrics = sources.work.metrics();
  metrics.push_back(reconcilers::LeaderFamilies(sources.leads));
  for (MetricSource& source : sources.certificates.metrics()) metrics.push_back(std::move(source));
  metrics.push_back(runtime::EventFamilies(sources.events));
  return runtime::ProbeServer::Start(
      {.address = options.bind_address,
       .port = options.port,
       .not_ready = [leads = std::move(sources.leads),
                     &work = sources.work] { return leads() ? work.Missing() : std::string(); },
       .metrics = [metrics = std::move(metrics)] { return RenderMetrics(metrics); }});
}

}  // namespace remora
