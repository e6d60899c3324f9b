#include "webhook/refusal_events.h"

#include <optional>
#include <string>

#include "operator/api/annotations.h"
#include "operator/injection/plan.h"

namespace remora::webhook {

namespace {

using injection::Decision;
using injection::JsonValue;
using runtime::Event;
using runtime::ObjectReference;

// As in onError.
constexpr const char* kDeny = "Deny";
constexpr const char* kAdmit = "Admit";

std::optional<ObjectReference> ControllerOf(const Review& review, Arena& arena) {
  for (JsonValue owner : review.object["metadata"]["ownerReferences"].elements()) {
    if (owner["controller"].Boolean() != true) continue;
    const auto text = [&](std::string_view name) {
      return std::string(owner[name].String(arena).value_or(""));
    };
    return ObjectReference{.api_version = text("apiVersion"),
                           .kind = text("kind"),
                           .namespace_name = std::string(review.namespace_name),
                           .name = text("name"),
                           .uid = text("uid")};
  }
  return std::nullopt;
}

ObjectReference PatternOf(const Decision& decision) {
  return {.api_version = std::string(api::kGroup) + "/" + std::string(api::kVersion),
          .kind = std::string(PatternKindName(decision.kind)),
          .namespace_name = std::string(decision.namespace_name),
          .name = std::string(decision.name)};
}

Event Refusal(const ObjectReference& controller, api::Reason reason, std::string_view sentence) {
  return {.regarding = controller,
          .warning = true,
          .reason = std::string(ReasonName(reason)),
          .note = std::string(sentence)};
}

}  // namespace

std::vector<Event> RefusalEvents(const Review& review, const injection::Outcome& outcome,
                                 Arena& arena) {
  std::vector<Event> events;
  if (review.dry_run || outcome.plan == nullptr) return events;
  const auto controller = ControllerOf(review, arena);
  if (!controller) return events;
  const injection::Plan& plan = *outcome.plan;
  const bool denied = outcome.verdict == injection::Verdict::kDenied;
  if (!plan.refusal.empty()) {
    events.push_back(Refusal(*controller, plan.refusal_reason, plan.refusal));
  }
  for (const Decision& decision : plan.decisions) {
    const bool refused = ClassOf(decision.reason) == api::ReasonClass::kByOnError;
    if (denied ? !decision.denies : !refused) continue;
    events.push_back(Refusal(*controller, decision.reason, decision.message));
    events.back().related = PatternOf(decision);
  }
  for (Event& event : events) event.action = denied ? kDeny : kAdmit;
  return events;
}

std::vector<Event> UndecidedEvents(const Review& review, std::string_view sentence, bool admitted,
                                   Arena& arena) {
  std::vector<Event> events;
  if (review.dry_run) return events;
  const auto controller = ControllerOf(review, arena);
  if (!controller) return events;
  constexpr auto kReason = api::Reason::kInternalError;
  const std::string prefix = std::string(ReasonName(kReason)) + ": ";
  if (sentence.starts_with(prefix)) sentence.remove_prefix(prefix.size());
  events.push_back(Refusal(*controller, kReason, sentence));
  events.back().action = admitted ? kAdmit : kDeny;
  return events;
}

}  // namespace remora::webhook
