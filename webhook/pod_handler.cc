#include "webhook/pod_handler.h"

#include <chrono>
#include <exception>
#include <new>
#include <string>

#include "operator/base/log.h"
#include "operator/injection/plan.h"

namespace remora::webhook {

namespace {

using injection::Decision;
using injection::Outcome;
using injection::Verdict;

constexpr AdmissionVerdict ToAdmissionVerdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnchanged: return AdmissionVerdict::kUnchanged;
    case Verdict::kPatched: return AdmissionVerdict::kPatched;
    case Verdict::kDenied: return AdmissionVerdict::kDenied;
  }
  return AdmissionVerdict::kError;
}

// "PortTaken": of the first refusal that denies.
std::string_view DenialReason(const injection::Plan& plan) {
  for (const Decision& decision : plan.decisions) {
    if (decision.denies) return ReasonName(decision.reason);
  }
  return ReasonName(plan.refusal_reason);
}

// A Pod made by a controller has no name yet, only what its name will begin with.
std::string_view PodName(const Review& review) {
  if (!review.name.empty()) return review.name;
  return review.object["metadata"]["generateName"].RawString();
}

void LogDenied(const Review& review, const Outcome& outcome) {
  Log(LogLevel::kInfo, "admission denied",
      {{"uid", review.uid},
       {"namespace", review.namespace_name},
       {"pod", PodName(review)},
       {"reason", outcome.plan == nullptr ? std::string_view() : DenialReason(*outcome.plan)},
       {"message", outcome.message}});
}

void LogLeftOut(const Review& review, const Decision& decision) {
  Log(LogLevel::kInfo, "admitted without a companion",
      {{"uid", review.uid},
       {"namespace", review.namespace_name},
       {"pod", PodName(review)},
       {"kind", PatternKindName(decision.kind)},
       {"pattern", decision.name},
       {"reason", ReasonName(decision.reason)}});
}

}  // namespace

void PodHandler::Handle(const RequestView& request, Response& response) {
  const auto started = std::chrono::steady_clock::now();
  AdmissionVerdict verdict = AdmissionVerdict::kError;
  try {
    verdict = Answer(request, response);
  } catch (const std::bad_alloc&) {
    throw;  // ends the process: nothing that follows could be relied on
  } catch (const std::exception& exception) {
    Refuse(response, 500, std::string("internal error: ") + exception.what());
  }
  options_.metrics.CountAdmission(Entry::kNamed, verdict,
                                  std::chrono::steady_clock::now() - started);
}

AdmissionVerdict PodHandler::Answer(const RequestView& request, Response& response) {
  arena_.Reset();
  if (auto parsed = document_.Parse(request.body); !parsed.ok()) {
    Refuse(response, 400, "the body cannot be read: " + parsed.error().message());
    return AdmissionVerdict::kError;
  }
  const auto review = ReadReview(document_.root(), arena_);
  if (!review.ok()) {
    Refuse(response, 400, review.error().message());
    return AdmissionVerdict::kError;
  }
  if (!review->CreatesPod()) {
    WriteAllowed(*review, {}, {}, response.body);
    return AdmissionVerdict::kUnchanged;
  }
  const auto patterns = options_.patterns.Current();
  if (!patterns) {
    Refuse(response, 503, "not ready: not read yet: " + options_.patterns.Missing());
    return AdmissionVerdict::kError;
  }
  return Admit(*review, *patterns, response);
}

AdmissionVerdict PodHandler::Admit(const Review& review, const injection::PatternIndex& patterns,
                                   Response& response) {
  const Outcome outcome = Inject({.pod = review.object, .namespace_name = review.namespace_name},
                                 patterns, options_.environment, workspace_);
  if (outcome.verdict == Verdict::kDenied) {
    WriteDenied(review, outcome.message, outcome.warnings, response.body);
  } else {
    WriteAllowed(review, outcome.patch, outcome.warnings, response.body);
  }
  Report(review, outcome);
  return ToAdmissionVerdict(outcome.verdict);
}

void PodHandler::Report(const Review& review, const Outcome& outcome) {
  const bool denied = outcome.verdict == Verdict::kDenied;
  if (denied) LogDenied(review, outcome);
  if (outcome.plan == nullptr) return;
  if (!outcome.plan->refusal.empty()) {
    options_.metrics.CountRefusal(outcome.plan->refusal_reason);
  }
  for (const Decision& decision : outcome.plan->decisions) {
    options_.metrics.CountDecision(decision.kind, decision.reason);
    if (!denied && ClassOf(decision.reason) == api::ReasonClass::kByOnError) {
      LogLeftOut(review, decision);
    }
  }
}

}  // namespace remora::webhook
