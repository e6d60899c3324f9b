// WorkloadHandler: POST /v1/workloads: who applies a Deployment, StatefulSet, DaemonSet, Job or
// CronJob is told at once what its Pods would be told one by one.
//
// Contract
//   - Never denies, never changes: every answer is allowed, on a dry run as otherwise. It has no
//     effect but the answer and a count.
//   - The same engine decides, on the template as if it were a Pod; a name that the cache lacks is
//     asked of the API server, as for Pods.
//   - Whatever else it is asked about is allowed without a word. So is a workload that cannot be read,
//     or judged because of a bug or because the patterns have not been read yet: counted as `error`.
//   - Decisions about Pods that do not exist yet are not counted as decisions.
// Thread-safety: owner thread only; what it shares is immutable or internally synchronised.
// Lifetime: what PodHandlerOptions refers to outlives it.
//
// Example
//   WorkloadHandler handler({patterns, environment, metrics, &lookup});
//   handler.Handle(request, response);
#pragma once

#include <optional>
#include <string_view>

#include "webhook/pod_decider.h"
#include "webhook/pod_handler.h"
#include "webhook/review_handler.h"

namespace remora::webhook {

class WorkloadHandler final : public ReviewHandler {
 public:
  explicit WorkloadHandler(PodHandlerOptions options)
      : ReviewHandler(Entry::kWorkloads, options.metrics), options_(options) {}

 protected:
  std::optional<AdmissionVerdict> Answer(const Review& review, const RequestView& request,
                                         Response& response) override;
  void AnswerInternalError(const Review& review, std::string_view what,
                           Response& response) override;

 private:
  const PodHandlerOptions options_;
  PodDecider decider_{options_.environment, options_.lookup};
};

}  // namespace remora::webhook
