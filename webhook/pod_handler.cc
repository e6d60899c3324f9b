#include "webhook/pod_handler.h"

#include <array>
#include <string>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/base/log.h"
#include "operator/base/utf8.h"
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

// At most so many characters of a warning reach the user; cut where a UTF-8 character ends.
std::string Warning(std::string_view sentence) {
  constexpr std::size_t kLength = 120;
  constexpr std::string_view kEllipsis = "...";
  if (sentence.size() <= kLength) return std::string(sentence);
  return std::string(Utf8Prefix(sentence, kLength - kEllipsis.size())).append(kEllipsis);
}

}  // namespace

std::optional<AdmissionVerdict> PodHandler::Answer(const Review& review, const RequestView& request,
                                                   Response& response) {
  if (!review.CreatesPod()) {
    WriteAllowed(review, {}, {}, response.body);
    return AdmissionVerdict::kUnchanged;
  }
  const auto patterns = options_.patterns.Current();
  if (!patterns) {
    const std::string sentence = "InternalError: not ready: not read from the API server yet: " +
                                 options_.patterns.Missing();
    AnswerNothingAdded(review, {503, "ServiceUnavailable", sentence}, entry() == Entry::kAutomatic,
                       response);
    return AdmissionVerdict::kError;
  }
  const auto decided = decider_.Decide(
      {.pod = review.object, .namespace_name = review.namespace_name}, patterns, request, response);
  if (!decided) return std::nullopt;
  const Outcome& outcome = decided->outcome;
  if (outcome.verdict == Verdict::kDenied) {
    WriteDenied(review, {.message = outcome.message}, outcome.warnings, response.body);
  } else {
    WriteAllowed(review, outcome.patch, outcome.warnings, response.body);
  }
  Report(review, outcome);
  return ToAdmissionVerdict(outcome.verdict);
}

void PodHandler::AnswerInternalError(const Review& review, std::string_view what,
                                     Response& response) {
  const std::string sentence = std::string("InternalError: Remora could not decide: ").append(what);
  const auto on_error = review.object["metadata"]["annotations"][api::kOnErrorKey].String(arena());
  const bool admit = entry() == Entry::kAutomatic || on_error == "Admit";
  AnswerNothingAdded(review, {500, "InternalError", sentence}, admit, response);
}

void PodHandler::AnswerNothingAdded(const Review& review, const Denial& denial, bool admit,
                                    Response& response) {
  metrics().CountRefusal(api::Reason::kInternalError);
  Log(denial.code == 503 ? LogLevel::kWarning : LogLevel::kError,
      admit ? "admitted without any companion" : "admission denied",
      {{"uid", review.uid},
       {"namespace", review.namespace_name},
       {"pod", PodName(review)},
       {"reason", ReasonName(api::Reason::kInternalError)},
       {"message", denial.message}});
  if (options_.record_event) Record(UndecidedEvents(review, denial.message, admit, arena()));
  if (!admit) return WriteDenied(review, denial, {}, response.body);
  const std::string warning = Warning(denial.message);
  WriteAllowed(review, {}, std::array{std::string_view(warning)}, response.body);
}

void PodHandler::Report(const Review& review, const Outcome& outcome) {
  const bool denied = outcome.verdict == Verdict::kDenied;
  bool refused = denied;
  if (denied) LogDenied(review, outcome);
  if (outcome.plan == nullptr) return;
  if (!outcome.plan->refusal.empty()) {
    metrics().CountRefusal(outcome.plan->refusal_reason);
  }
  for (const Decision& decision : outcome.plan->decisions) {
    metrics().CountDecision(decision.kind, decision.reason);
    if (!denied && ClassOf(decision.reason) == api::ReasonClass::kByOnError) {
      LogLeftOut(review, decision);
      refused = true;
    }
  }
  if (refused && options_.record_event) Record(RefusalEvents(review, outcome, arena()));
}

void PodHandler::Record(std::vector<runtime::Event> events) const {
  for (runtime::Event& event : events) options_.record_event(std::move(event));
}

}  // namespace remora::webhook
