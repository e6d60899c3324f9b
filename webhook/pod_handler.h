// PodHandler: POST /v1/pods/named and /v1/pods/automatic: a question about a Pod in, the engine's
// answer out.
//
// Contract
//   - An AdmissionReview is answered by an AdmissionReview whatever it asks about: what is not the
//     CREATE of a core/v1 Pod is allowed as it is.
//   - A name that the cache lacks is asked of the API server, once, while the request waits; with no
//     answer in time the pattern is refused with DeadlineExceeded.
//   - Until the patterns have been read once, and on a bug in the engine (an exception), who asked is
//     denied, with 503 and 500; a bug does not deny a Pod whose on-error is Admit. Who did not ask
//     (automatic) is allowed with a warning.
//   - Every denial, and every pattern that a Pod was admitted without, is one log line, and an Event
//     about the Pod's controller (refusal_events.h).
// Thread-safety: owner thread only; what it shares is immutable or internally synchronised.
// Lifetime: what PodHandlerOptions refers to outlives it.
//
// Example
//   PodHandler handler(Entry::kNamed, {patterns, environment, metrics});
//   handler.Handle(request, response);
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "operator/injection/injector.h"
#include "webhook/live_lookup.h"
#include "webhook/metrics.h"
#include "webhook/pattern_source.h"
#include "webhook/pod_decider.h"
#include "webhook/refusal_events.h"
#include "webhook/review_handler.h"

namespace remora::webhook {

struct PodHandlerOptions {
  const PatternSource& patterns;
  const injection::Environment& environment;
  Metrics& metrics;
  LiveLookup* lookup = nullptr;        // null: the cache is all there is
  RecordEvent record_event = nullptr;  // null: nobody is told
};

class PodHandler final : public ReviewHandler {
 public:
  PodHandler(Entry entry, PodHandlerOptions options)
      : ReviewHandler(entry, options.metrics), options_(options) {}

 protected:
  std::optional<AdmissionVerdict> Answer(const Review& review, const RequestView& request,
                                         Response& response) override;
  void AnswerInternalError(const Review& review, std::string_view what,
                           Response& response) override;

 private:
  void AnswerNothingAdded(const Review& review, const Denial& denial, bool admit,
                          Response& response);
  void Report(const Review& review, const injection::Outcome& outcome);
  void Record(std::vector<runtime::Event> events) const;

  const PodHandlerOptions options_;
  PodDecider decider_{options_.environment, options_.lookup};
};

}  // namespace remora::webhook
