#include "operator/reconcilers/missing_pod_reconciler.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/base/log.h"
#include "operator/base/timestamp.h"
#include "operator/injection/compiled_pattern.h"
#include "operator/injection/plan.h"
#include "operator/reconcilers/webhook_readiness.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

constexpr std::chrono::seconds kDeadline{4};
constexpr std::chrono::seconds kBetweenEvictions{1};
// For a budget, a webhook or a pattern that is not ready yet.
constexpr std::chrono::seconds kTryAgain{10};
// As many as the status shows; of the others the count tells.
constexpr std::size_t kMostTold = 10;
constexpr const char* kReplaced = "PodReplaced";
constexpr const char* kWorkloadAnnotation = "patterns.remora.dev/workload";

const kube::Resource kPods{"", "v1", "pods"};

std::string TextAt(const json& object, const Pointer& at) {
  if (!object.contains(at)) return {};
  const json& value = object.at(at);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string NameOf(const WorkloadOutcome& outcome) {
  return outcome.namespace_name + '/' + outcome.workload.kind + '/' + outcome.workload.name;
}

// "Deployment shop/web"
std::string Shown(const WorkloadOutcome& outcome) {
  return outcome.workload.kind + ' ' + outcome.namespace_name + '/' + outcome.workload.name;
}

bool IsMissing(const WorkloadOutcome& outcome) {
  return outcome.reason == "Missing" && !outcome.workload.kind.empty();
}

runtime::ObjectReference ReferenceTo(const PatternObject& pattern) {
  return {.api_version = std::string(api::kGroup) + "/" + std::string(api::kVersion),
          .kind = std::string(PatternKindName(pattern.key.kind)),
          .namespace_name = pattern.key.namespace_name,
          .name = pattern.key.name,
          .uid = pattern.identity().uid};
}

// Without a kind: it has none.
runtime::ObjectReference ControllerOf(const json& pod) {
  const Pointer owners("/metadata/ownerReferences");
  if (!pod.contains(owners) || !pod.at(owners).is_array()) return {};
  for (const json& owner : pod.at(owners)) {
    if (!owner.is_object() || owner.value("controller", json()) != true) continue;
    return {.api_version = TextAt(owner, Pointer("/apiVersion")),
            .kind = TextAt(owner, Pointer("/kind")),
            .namespace_name = TextAt(pod, Pointer("/metadata/namespace")),
            .name = TextAt(owner, Pointer("/name")),
            .uid = TextAt(owner, Pointer("/uid"))};
  }
  return {};
}

// The spec as it is, by the status.
bool IsAccepted(const PatternObject& pattern) {
  const Pointer conditions("/conditions");
  if (!pattern.status.contains(conditions)) return false;
  for (const json& condition : pattern.status.at(conditions)) {
    if (condition.value("type", "") != "Accepted") continue;
    return condition.value("status", "") == "True" &&
           condition.value("observedGeneration", std::int64_t{0}) == pattern.generation();
  }
  return false;
}

}  // namespace

void MissingPodReconciler::Record(runtime::Event event) const {
  if (options_.record_event) options_.record_event(std::move(event));
}

Result<runtime::Requeue> MissingPodReconciler::Reconcile(const PatternKey& key,
                                                         std::stop_token stop) {
  const auto pattern = options_.patterns.Find(key);
  if (!pattern) {
    told_.erase(key);
    given_up_.erase(key);
    return runtime::Requeue();
  }
  const Census census = options_.pods.Count(key, pattern->created);
  Tell(*pattern, census, stop);
  const auto& compiled = pattern->live->stored->compiled;
  if (census.missing == 0 || !compiled || !compiled->spec().update.replace_missing) {
    return runtime::Requeue();
  }
  return Replace(*pattern, census, stop);
}

void MissingPodReconciler::Tell(const PatternObject& pattern, const Census& census,
                                const std::stop_token& stop) {
  std::set<WorkloadName>& told = told_[pattern.key];
  std::set<WorkloadName> missing;
  for (const WorkloadOutcome& workload : census.workloads) {
    if (IsMissing(workload)) missing.insert(NameOf(workload));
  }
  std::erase_if(told, [&](const WorkloadName& name) { return !missing.contains(name); });
  for (const WorkloadOutcome& workload : census.workloads) {
    if (told.size() >= kMostTold) return;
    if (!IsMissing(workload) || told.contains(NameOf(workload))) continue;
    const auto pod =
        options_.client.Get(kPods, workload.newest_pod, {.stop = stop, .deadline = kDeadline});
    if (!pod.ok()) continue;  // it is gone, or comes again with the next change
    told.insert(NameOf(workload));
    Record({.regarding = ControllerOf(*pod),
            .related = ReferenceTo(pattern),
            .warning = true,
            .reason = "PodsMissing",
            .action = "Count",
            .note = "Pod " + workload.newest_pod.name + " asked for " + pattern.key.ToString() +
                    " and came without it: the webhook did not see it. It gets it when it is "
                    "created anew."});
  }
}

Result<runtime::Requeue> MissingPodReconciler::Replace(const PatternObject& pattern,
                                                       const Census& census,
                                                       const std::stop_token& stop) {
  if (!IsAccepted(pattern)) return runtime::Requeue(kTryAgain);
  if (auto past = ReadPast(stop); !past.ok()) return past.error();
  runtime::Requeue next;
  const auto wait = [&next](Clock::Duration time) { next = next ? std::min(*next, time) : time; };
  for (const WorkloadOutcome& workload : census.workloads) {
    if (!IsMissing(workload)) continue;
    const auto turn = NextTurn(pattern, workload);
    if (!turn) continue;
    const Clock::WallTimePoint now = options_.clock.WallNow();
    if (now < *turn) {
      wait(std::chrono::duration_cast<Clock::Duration>(*turn - now));
      continue;
    }
    const auto ready = IsWebhookReady(options_.client, options_.webhook, stop);
    if (!ready.ok()) return ready.error();
    if (!*ready) return runtime::Requeue(kTryAgain);
    const auto eviction = Evict(pattern, workload, stop);
    if (!eviction.ok()) return eviction.error();
    if (*eviction == Eviction::kDone) return runtime::Requeue(kBetweenEvictions);
    if (*eviction == Eviction::kNotNow) wait(kTryAgain);
  }
  return next;
}

std::optional<Clock::WallTimePoint> MissingPodReconciler::NextTurn(
    const PatternObject& pattern, const WorkloadOutcome& workload) {
  // Older than the pattern: nobody was missed then.
  if (workload.newest < pattern.created) return std::nullopt;
  auto& [generation, names] = given_up_[pattern.key];
  if (std::exchange(generation, pattern.generation()) != pattern.generation()) {
    // The edit may have mended it: one more try, an hour from now.
    for (const WorkloadName& name : names) evicted_[name] = options_.clock.WallNow();
    names.clear();
  }
  const WorkloadName name = NameOf(workload);
  if (names.contains(name)) return std::nullopt;
  const auto evicted = evicted_.find(name);
  if (evicted == evicted_.end()) return options_.clock.WallNow();
  // Times of Pods are whole seconds.
  if (workload.newest > evicted->second) {
    names.insert(name);
    Log(LogLevel::kWarning, "a Pod that took the place of an evicted one came without, too",
        {{"pattern", pattern.key.ToString()}, {"workload", Shown(workload)}});
    return std::nullopt;
  }
  return evicted->second + kPause;
}

bool MissingPodReconciler::WouldBeInjected(const PatternObject& pattern, const json& pod) {
  if (!document_.Parse(pod.dump(-1, ' ', false, json::error_handler_t::replace)).ok()) return false;
  const auto index = MakeMatchInputs(options_.patterns).index;
  const std::string namespace_name = TextAt(pod, Pointer("/metadata/namespace"));
  const auto outcome = Inject({.pod = document_.root(), .namespace_name = namespace_name}, *index,
                              options_.environment, workspace_);
  if (outcome.verdict != injection::Verdict::kPatched) return false;
  const auto& decisions = outcome.plan->decisions;
  return std::any_of(decisions.begin(), decisions.end(), [&](const injection::Decision& decision) {
    return decision.kind == pattern.key.kind && decision.name == pattern.key.name &&
           decision.namespace_name == pattern.key.namespace_name &&
           decision.reason == api::Reason::kInjected;
  });
}

Result<MissingPodReconciler::Eviction> MissingPodReconciler::Evict(const PatternObject& pattern,
                                                                   const WorkloadOutcome& workload,
                                                                   const std::stop_token& stop) {
  const kube::ObjectKey& key = workload.newest_pod;
  const kube::Call call{.stop = stop, .deadline = kDeadline};
  const auto pod = options_.client.Get(kPods, key, call);
  if (!pod.ok()) {
    return pod.error().code() == ErrorCode::kNotFound ? Result<Eviction>(Eviction::kNotFit)
                                                      : pod.error();
  }
  const bool fits = !pod->contains(Pointer("/metadata/deletionTimestamp")) &&
                    !ControllerOf(*pod).kind.empty() && WouldBeInjected(pattern, *pod);
  if (!fits) return Eviction::kNotFit;
  const std::string uid = TextAt(*pod, Pointer("/metadata/uid"));
  kube::Resource evictions = kPods;
  evictions.subresource = "eviction";
  const auto evicted =
      options_.client.Create(evictions,
                             {{"apiVersion", "policy/v1"},
                              {"kind", "Eviction"},
                              {"metadata", {{"namespace", key.namespace_name}, {"name", key.name}}},
                              {"deleteOptions", {{"preconditions", {{"uid", uid}}}}}},
                             call);
  if (!evicted.ok()) {
    const ErrorCode code = evicted.error().code();
    if (code == ErrorCode::kNotFound || code == ErrorCode::kConflict) return Eviction::kNotFit;
    if (code != ErrorCode::kUnavailable) return evicted.error();
    Log(LogLevel::kInfo, "a missing Pod cannot be evicted now",
        {{"pod", key.ToString()}, {"reason", evicted.error().message()}});
    return Eviction::kNotNow;
  }
  evicted_[NameOf(workload)] = options_.clock.WallNow();
  Log(LogLevel::kInfo, "evicted a Pod that had come without a pattern",
      {{"pod", key.ToString()}, {"pattern", pattern.key.ToString()}});
  Record({.regarding = ReferenceTo(pattern),
          .related = {.api_version = "v1",
                      .kind = "Pod",
                      .namespace_name = key.namespace_name,
                      .name = key.name,
                      .uid = uid},
          .warning = false,
          .reason = kReplaced,
          .action = "Evict",
          .note = "evicted Pod " + key.ToString() + " of " + Shown(workload) +
                  ", which had asked for it and come without",
          .annotations = {{kWorkloadAnnotation, NameOf(workload)}}});
  return Eviction::kDone;
}

Result<void> MissingPodReconciler::ReadPast(const std::stop_token& stop) {
  if (past_is_read_) return {};
  kube::ListOptions options{.scope = {.field_selector = std::string("reason=") + kReplaced}};
  do {
    auto page = options_.client.List({"events.k8s.io", "v1", "events"}, options, {.stop = stop});
    if (!page.ok()) return page.error();
    for (const json& event : page->items) {
      const std::string name =
          TextAt(event, Pointer("/metadata/annotations") / kWorkloadAnnotation);
      const auto at = ParseTime(TextAt(event, Pointer("/eventTime")));
      if (name.empty() || !at) continue;
      Clock::WallTimePoint& last = evicted_[name];
      last = std::max(last, *at);
    }
    options.continue_token = std::move(page->continue_token);
  } while (!options.continue_token.empty());
  past_is_read_ = true;
  return {};
}

}  // namespace remora::reconcilers
