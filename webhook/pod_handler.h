// PodHandler: POST /v1/pods/named: a question about a Pod in, the engine's answer out.
//
// Contract
//   - Total. An AdmissionReview is answered by an AdmissionReview with its uid, under status 200,
//     whatever it asks about: what is not the CREATE of a core/v1 Pod is allowed as it is.
//   - Anything else is 400. 503 until the patterns have been read once.
//   - A bug in the engine (an exception) is 500 and not a denial: so the webhook's failurePolicy
//     decides, as it does when nobody answers, and the API server counts it as the failure it is.
//   - Every denial, and every pattern that a Pod was admitted without, is one log line.
// Thread-safety: owner thread only; what it shares is immutable or internally synchronised.
// Lifetime: what PodHandlerOptions refers to outlives it.
//
// Example
//   PodHandler handler({patterns, environment, metrics});
//   handler.Handle(request, response);
#pragma once

#include "operator/base/arena.h"
#include "operator/injection/injector.h"
#include "operator/injection/json_document.h"
#include "webhook/handler.h"
#include "webhook/metrics.h"
#include "webhook/pattern_source.h"
#include "webhook/review.h"

namespace remora::webhook {

struct PodHandlerOptions {
  const PatternSource& patterns;
  const injection::Environment& environment;
  Metrics& metrics;
};

class PodHandler final : public Handler {
 public:
  explicit PodHandler(PodHandlerOptions options) : options_(options) {}

  void Handle(const RequestView& request, Response& response) override;

 private:
  AdmissionVerdict Answer(const RequestView& request, Response& response);
  AdmissionVerdict Admit(const Review& review, const injection::PatternIndex& patterns,
                         Response& response);
  void Report(const Review& review, const injection::Outcome& outcome);

  const PodHandlerOptions options_;
  Arena arena_;
  injection::JsonDocument document_;
  injection::Workspace workspace_;
};

}  // namespace remora::webhook
