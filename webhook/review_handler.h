// ReviewHandler: what all admission handlers share: a body in, an AdmissionReview out, counted.
//
// Contract
//   - Total. Once a review with a uid could be read, the answer is an AdmissionReview with that uid
//     under status 200. What is no review is 400.
//   - A bug (an exception of Answer()) is answered by AnswerInternalError() and counted as an
//     error. bad_alloc ends the process.
//   - One count and one duration for each request, from its last byte to its answer.
// Thread-safety: owner thread only.
// Lifetime: the Metrics outlive it.
//
// Example
//   class AllowAll final : public ReviewHandler {
//     std::optional<AdmissionVerdict> Answer(const Review& review, const RequestView&,
//                                            Response& response) override {
//       WriteAllowed(review, {}, {}, response.body);
//       return AdmissionVerdict::kUnchanged;
//     }
//     …
//   };
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/base/arena.h"
#include "operator/injection/json_document.h"
#include "webhook/handler.h"
#include "webhook/metrics.h"
#include "webhook/review.h"

namespace remora::webhook {

class ReviewHandler : public Handler {
 public:
  ReviewHandler(Entry entry, Metrics& metrics) : entry_(entry), metrics_(metrics) {}

  void Handle(const RequestView& request, Response& response) final;

 protected:
  // Nothing: there is no answer yet, and Response::wait is set.
  virtual std::optional<AdmissionVerdict> Answer(const Review& review, const RequestView& request,
                                                 Response& response) = 0;
  // `what` is the exception's. The response is empty again.
  virtual void AnswerInternalError(const Review& review, std::string_view what,
                                   Response& response) = 0;

  Entry entry() const { return entry_; }
  Metrics& metrics() { return metrics_; }
  Arena& arena() { return arena_; }  // until the next request

 private:
  // Nothing when it is none: then the refusal is written.
  std::optional<Review> Read(const RequestView& request, Response& response);

  const Entry entry_;
  Metrics& metrics_;
  Arena arena_;
  injection::JsonDocument document_;
};

}  // namespace remora::webhook
