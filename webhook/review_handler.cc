#include "webhook/review_handler.h"

#include <chrono>
#include <exception>
#include <new>

namespace remora::webhook {

void ReviewHandler::Handle(const RequestView& request, Response& response) {
  std::optional<Review> review;
  std::optional<AdmissionVerdict> verdict = AdmissionVerdict::kError;
  try {
    review = Read(request, response);
    if (review) verdict = Answer(*review, request, response);
  } catch (const std::bad_alloc&) {
    throw;  // ends the process: nothing that follows could be relied on
  } catch (const std::exception& exception) {
    response.Clear();
    verdict = AdmissionVerdict::kError;
    if (review) {
      AnswerInternalError(*review, exception.what(), response);
    } else {
      Refuse(response, 500, std::string("internal error: ") + exception.what());
    }
  }
  if (!verdict) return;
  metrics_.CountAdmission(entry_, *verdict, std::chrono::steady_clock::now() - request.received);
}

std::optional<Review> ReviewHandler::Read(const RequestView& request, Response& response) {
  arena_.Reset();
  if (auto parsed = document_.Parse(request.body); !parsed.ok()) {
    Refuse(response, 400, "the body cannot be read: " + parsed.error().message());
    return std::nullopt;
  }
  auto review = ReadReview(document_.root(), arena_);
  if (review.ok()) return *review;
  Refuse(response, 400, review.error().message());
  return std::nullopt;
}

}  // namespace remora::webhook
