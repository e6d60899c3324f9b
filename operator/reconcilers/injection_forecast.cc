#include "operator/reconcilers/injection_forecast.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "operator/injection/live_pattern.h"
#include "operator/injection/plan.h"
#include "operator/injection/undo.h"

namespace remora::reconcilers {

namespace {

using injection::PatternIndex;
using nlohmann::json;

bool IsOf(const injection::Decision& decision, const PatternKey& pattern) {
  return decision.kind == pattern.kind && decision.name == pattern.name &&
         decision.namespace_name == pattern.namespace_name;
}

}  // namespace

std::shared_ptr<const injection::StoredPattern> InjectionForecast::Served(
    const injection::LivePattern& live) const {
  if (!live.NeedsKept()) return ServePattern(live, nullptr, {});
  const auto kept = options_.revisions.Find({live.identity.namespace_name, live.KeptName()});
  if (kept && live.Takes(*kept)) return ServePattern(live, kept.get(), {});
  std::vector<std::string> known;  // for the sentence
  const auto contents = options_.revisions.Load();
  for (const auto& entry : contents->entries) {
    if (entry->value && entry->value->owner == live.identity)
      known.push_back(entry->value->revision);
  }
  return ServePattern(live, nullptr, known);
}

Result<std::shared_ptr<const PatternIndex>> InjectionForecast::IndexFor(
    const injection::Request& request, const kube::Call& call) {
  const auto stored = MakeMatchInputs(options_.patterns).index;
  PatternIndex::Builder builder(*stored);
  // Whom a pattern admits and selects is of its spec as it is, in every revision.
  std::vector<injection::AskedPattern> asked;
  FindAsked(request, *stored, options_.environment, workspace_, asked);
  for (const auto& [pattern, automatic] : asked) {
    const auto object =
        options_.patterns.Find({pattern->kind, pattern->namespace_name, pattern->name});
    if (object) builder.Add(Served(*object->live));
  }
  const kube::ListOptions all{.scope = {.namespace_name = std::string(request.namespace_name)},
                              .limit = 0};
  const auto ranges = options_.client.List({"", "v1", "limitranges"}, all, call);
  if (!ranges.ok()) return ranges.error();
  const auto quotas = options_.client.List({"", "v1", "resourcequotas"}, all, call);
  if (!quotas.ok()) return quotas.error();
  for (const json& range : ranges->items) {
    builder.AddLimitRange(std::make_shared<const injection::LimitRangeFacts>(
        injection::LimitRangeFacts::FromObject(range)));
  }
  for (const json& quota : quotas->items) {
    builder.AddResourceQuota(
        std::make_shared<const injection::QuotaFacts>(injection::QuotaFacts::FromObject(quota)));
  }
  return std::move(builder).Build();
}

Result<Forecast> InjectionForecast::Of(const PatternKey& pattern, const json& pod,
                                       const kube::Call& call) {
  json fresh = pod;
  if (const auto undone = injection::UndoInjection(fresh); !undone.ok()) {
    return Forecast{.why_not = undone.error().message()};
  }
  const auto parsed = document_.Parse(fresh.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!parsed.ok()) return Forecast{.why_not = parsed.error().message()};
  const std::string namespace_name = fresh["metadata"].value("namespace", "");
  const injection::Request request{.pod = document_.root(), .namespace_name = namespace_name};
  const auto index = IndexFor(request, call);
  if (!index.ok()) return index.error();
  const auto outcome = Inject(request, **index, options_.environment, workspace_);
  if (outcome.verdict == injection::Verdict::kDenied) {
    return Forecast{.why_not = std::string(outcome.message)};
  }
  const auto& decisions = outcome.plan->decisions;
  const auto decision =
      std::find_if(decisions.begin(), decisions.end(),
                   [&](const injection::Decision& one) { return IsOf(one, pattern); });
  if (decision == decisions.end()) return Forecast{.why_not = "it does not ask for the pattern"};
  if (decision->reason == api::Reason::kInjected) return Forecast{.is_injected = true};
  return Forecast{.why_not = std::string(ReasonName(decision->reason)) + ": " +
                             std::string(decision->message)};
}

}  // namespace remora::reconcilers
