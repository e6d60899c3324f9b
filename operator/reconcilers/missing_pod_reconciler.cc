#include "operator/reconcilers/missing_pod_reconciler.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/base/log.h"
#include "operator/base/timestamp.h"
#include "operator/injection/compiled_pattern.h"
#include "operator/reconcilers/webhook_readiness.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

constexpr std::chrono::seconds kBetweenEvictions{1};
// For a webhook or a pattern that is not ready yet; at first also for who cannot be evicted.
constexpr std::chrono::seconds kTryAgain{10};
// A budget may hold for days.
constexpr std::chrono::minutes kLongestPause{10};
// Of a pattern in one turn: the others want theirs.
constexpr int kMostCandidates = 10;
// As many as the status shows; of the others the count tells.
constexpr std::size_t kMostTold = 10;
constexpr const char* kReplaced = "PodReplaced";
constexpr const char* kWorkloadAnnotation = "patterns.remora.dev/workload";

const kube::Resource kPods{"", "v1", "pods"};
const kube::Resource kEvictions{"", "v1", "pods", "eviction"};

std::string TextAt(const json& object, const Pointer& at) {
  if (!object.contains(at)) return {};
  const json& value = object.at(at);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// "Deployment shop/web"
std::string Shown(const WorkloadOutcome& outcome) {
  return outcome.workload.kind + ' ' + outcome.namespace_name + '/' + outcome.workload.name;
}

bool HasController(const WorkloadOutcome& outcome) { return !outcome.workload.kind.empty(); }

runtime::ObjectReference ReferenceTo(const PatternObject& pattern) {
  return {.api_version = std::string(api::kGroup) + "/" + std::string(api::kVersion),
          .kind = std::string(PatternKindName(pattern.key.kind)),
          .namespace_name = pattern.key.namespace_name,
          .name = pattern.key.name,
          .uid = pattern.identity().uid};
}

runtime::ObjectReference ReferenceToPod(const json& pod) {
  return {.api_version = "v1",
          .kind = "Pod",
          .namespace_name = TextAt(pod, Pointer("/metadata/namespace")),
          .name = TextAt(pod, Pointer("/metadata/name")),
          .uid = TextAt(pod, Pointer("/metadata/uid"))};
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

// When the API server made it.
std::optional<Clock::WallTimePoint> StampOf(const json& object) {
  return ParseTime(TextAt(object, Pointer("/metadata/creationTimestamp")));
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

runtime::Requeue Earlier(const runtime::Requeue& a, const runtime::Requeue& b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

// It concerns all workloads, not this one: the API server cannot be asked, or we are to end.
bool EndsTurn(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kCancelled;
}

// A budget that holds is no fault of anybody.
void LogHindrance(const WorkloadOutcome& workload, const Error& error) {
  const bool passes = error.code() == ErrorCode::kUnavailable;
  Log(passes ? LogLevel::kInfo : LogLevel::kWarning, "a missing Pod cannot be evicted now",
      {{"pod", workload.newest_pod.ToString()}, {"reason", error.message()}});
}

json EvictionOf(const json& pod) {
  return {{"apiVersion", "policy/v1"},
          {"kind", "Eviction"},
          {"metadata",
           {{"namespace", TextAt(pod, Pointer("/metadata/namespace"))},
            {"name", TextAt(pod, Pointer("/metadata/name"))}}},
          {"deleteOptions", {{"preconditions", {{"uid", TextAt(pod, Pointer("/metadata/uid"))}}}}}};
}

// Of which the other leaders read when and for which pattern.
runtime::Event ReplacedEvent(const PatternObject& pattern, const WorkloadOutcome& workload,
                             const std::string& uid) {
  const kube::ObjectKey& pod = workload.newest_pod;
  return {.regarding = ReferenceTo(pattern),
          .related = {.api_version = "v1",
                      .kind = "Pod",
                      .namespace_name = pod.namespace_name,
                      .name = pod.name,
                      .uid = uid},
          .warning = false,
          .reason = kReplaced,
          .action = "Evict",
          .note = "asks for the eviction of Pod " + pod.ToString() + " of " + Shown(workload) +
                  ", which had asked for the pattern and come without",
          .annotations = {{kWorkloadAnnotation, NameOf(workload)}}};
}

}  // namespace

Result<runtime::Requeue> MissingPodReconciler::Reconcile(const PatternKey& key,
                                                         std::stop_token stop) {
  const auto pattern = options_.patterns.Find(key);
  if (!pattern) {
    told_.erase(key);
    passed_over_.erase(key);
    history_.ForgetPattern(key, options_.clock.WallNow());
    return runtime::Requeue();
  }
  const Census census = options_.pods.Count(key, pattern->created);
  const WorkloadSights sights = SightsOf(census);
  history_.Tidy(key, sights, options_.clock.WallNow());
  std::erase_if(passed_over_[key], [&](const auto& one) {
    const auto sight = sights.find(one.first);
    return sight == sights.end() || !sight->second.is_missing;
  });
  const runtime::Requeue tell_again = Tell(*pattern, census, stop);
  const auto& compiled = pattern->live->stored->compiled;
  if (census.missing == 0 || !compiled || !compiled->spec().update.replace_missing) {
    return tell_again;
  }
  const auto replace_again = Replace(*pattern, census, stop);
  if (!replace_again.ok()) return replace_again.error();
  return Earlier(tell_again, *replace_again);
}

runtime::Requeue MissingPodReconciler::Tell(const PatternObject& pattern, const Census& census,
                                            const std::stop_token& stop) {
  std::set<WorkloadName>& told = told_[pattern.key];
  std::set<WorkloadName> missing;
  for (const WorkloadOutcome& workload : census.workloads) {
    if (IsMissing(workload)) missing.insert(NameOf(workload));
  }
  std::erase_if(told, [&](const WorkloadName& name) { return !missing.contains(name); });
  runtime::Requeue again;
  for (const WorkloadOutcome& workload : census.workloads) {
    if (told.size() >= kMostTold) break;
    if (!IsMissing(workload) || told.contains(NameOf(workload))) continue;
    const auto pod = options_.client.Get(kPods, workload.newest_pod, CallWith(stop));
    if (!pod.ok()) {
      // One that is gone comes off the census by itself.
      if (pod.error().code() == ErrorCode::kNotFound) continue;
      Log(LogLevel::kWarning, "a missing Pod cannot be read",
          {{"pod", workload.newest_pod.ToString()}, {"reason", pod.error().message()}});
      again = kTryAgain;
      if (EndsTurn(pod.error().code())) break;
      continue;
    }
    told.insert(NameOf(workload));
    const runtime::ObjectReference controller = ControllerOf(*pod);
    const bool is_made_anew = HasController(workload) && !controller.kind.empty();
    if (!options_.record_event) continue;
    options_.record_event(
        {.regarding = is_made_anew ? controller : ReferenceToPod(*pod),
         .related = ReferenceTo(pattern),
         .warning = true,
         .reason = "PodsMissing",
         .action = "Count",
         .note = "Pod " + workload.newest_pod.name + " asked for " + pattern.key.ToString() +
                 " and came without it: the webhook did not see it. It gets it when it is "
                 "created anew."});
  }
  return again;
}

Result<runtime::Requeue> MissingPodReconciler::Replace(const PatternObject& pattern,
                                                       const Census& census,
                                                       const std::stop_token& stop) {
  if (!IsAccepted(pattern)) return runtime::Requeue(kTryAgain);
  if (auto past = ReadPast(stop); !past.ok()) return past.error();
  const WorkloadSights sights = SightsOf(census);
  runtime::Requeue next;
  const auto wait = [&next](Clock::Duration time) { next = Earlier(next, time); };
  int candidates = 0;
  for (const WorkloadOutcome& workload : census.workloads) {
    const bool qualifies = IsMissing(workload) && HasController(workload) &&
                           workload.newest >= pattern.created;  // nobody was missed before
    if (!qualifies) continue;
    const auto time = TimeToTurn(pattern, workload, sights.at(NameOf(workload)));
    if (!time) continue;
    if (*time > Clock::Duration::zero()) {
      wait(*time);
      continue;
    }
    if (candidates == 0) {
      const auto since = last_eviction_ ? options_.clock.Now() - *last_eviction_
                                        : Clock::Duration(kBetweenEvictions);
      if (since < kBetweenEvictions) return Earlier(next, kBetweenEvictions - since);
      const auto ready = IsWebhookReady(options_.client, options_.webhook, CallWith(stop));
      if (!ready.ok()) return ready.error();
      if (!*ready) return runtime::Requeue(kTryAgain);
    }
    if (candidates++ == kMostCandidates) return Earlier(next, kBetweenEvictions);
    const auto eviction = Evict(pattern, workload, stop);
    if (eviction.ok() && *eviction == Eviction::kDone) return runtime::Requeue(kBetweenEvictions);
    PassOver(pattern, workload, eviction.ok() ? *eviction : Eviction::kNotNow);
    if (!eviction.ok()) {
      if (EndsTurn(eviction.error().code())) return eviction.error();
      LogHindrance(workload, eviction.error());
    }
    wait(passed_over_[pattern.key][NameOf(workload)].length);
  }
  return next;
}

std::optional<Clock::Duration> MissingPodReconciler::TimeToTurn(const PatternObject& pattern,
                                                                const WorkloadOutcome& workload,
                                                                const WorkloadSight& sight) {
  const Clock::WallTimePoint now = options_.clock.WallNow();
  const auto turn = history_.NextTurn(pattern, NameOf(workload), sight, now);
  if (!turn) return std::nullopt;
  const auto time = std::chrono::duration_cast<Clock::Duration>(*turn - now);
  const Pauses& pauses = passed_over_[pattern.key];
  const auto pause = pauses.find(NameOf(workload));
  if (pause == pauses.end() || !pause->second.IsOf(pattern, workload)) return time;
  return std::max(time, pause->second.until - options_.clock.Now());
}

void MissingPodReconciler::PassOver(const PatternObject& pattern, const WorkloadOutcome& workload,
                                    Eviction why) {
  Pause& pause = passed_over_[pattern.key][NameOf(workload)];
  Clock::Duration length =
      pause.IsOf(pattern, workload) ? pause.length * 2 : Clock::Duration(kTryAgain);
  if (why == Eviction::kNotFit) length = kLongestPause;
  length = std::min<Clock::Duration>(length, kLongestPause);
  pause = {.pod = workload.newest_pod,
           .made = workload.newest,
           .generation = pattern.generation(),
           .length = length,
           .until = options_.clock.Now() + length};
}

Result<MissingPodReconciler::Eviction> MissingPodReconciler::Evict(const PatternObject& pattern,
                                                                   const WorkloadOutcome& workload,
                                                                   const std::stop_token& stop) {
  const auto pod = options_.client.Get(kPods, workload.newest_pod, CallWith(stop));
  if (!pod.ok()) {
    if (pod.error().code() == ErrorCode::kNotFound) return Eviction::kNotNow;
    return pod.error();
  }
  if (pod->contains(Pointer("/metadata/deletionTimestamp"))) return Eviction::kNotNow;
  if (ControllerOf(*pod).kind.empty()) return Eviction::kNotFit;
  const auto forecast = forecast_.Of(pattern.key, *pod, CallWith(stop));
  if (!forecast.ok()) return forecast.error();
  if (!forecast->is_injected) {
    Log(LogLevel::kInfo, "a missing Pod is not evicted: a new one would not get the pattern",
        {{"pod", workload.newest_pod.ToString()},
         {"pattern", pattern.key.ToString()},
         {"reason", forecast->why_not}});
    return Eviction::kNotFit;
  }
  const json eviction = EvictionOf(*pod);
  // Budgets and policies answer this too; so no Event tells of what they forbid.
  const auto allowed =
      options_.client.Create(kEvictions, eviction, CallWith(stop), {.dry_run = true});
  if (allowed.ok()) return TellAndEvict(pattern, workload, eviction, stop);
  if (allowed.error().code() == ErrorCode::kCancelled) return allowed.error();
  LogHindrance(workload, allowed.error());
  return Eviction::kNotNow;
}

Result<MissingPodReconciler::Eviction> MissingPodReconciler::TellAndEvict(
    const PatternObject& pattern, const WorkloadOutcome& workload, const json& eviction,
    const std::stop_token& stop) {
  const std::string uid = TextAt(eviction, Pointer("/deleteOptions/preconditions/uid"));
  const runtime::Event event = ReplacedEvent(pattern, workload, uid);
  const Clock::WallTimePoint now = options_.clock.WallNow();
  const auto unique =
      static_cast<std::uint64_t>(std::chrono::nanoseconds(now.time_since_epoch()).count());
  const std::string name = runtime::EventName(pattern.key.name, unique);
  const auto told = options_.client.Create(
      runtime::EventResource(),
      runtime::EventObject(event, options_.reporter,
                           {.name = name, .count = 1, .first = now, .last = now}),
      CallWith(stop));
  if (!told.ok()) {
    if (told.error().code() == ErrorCode::kCancelled) return told.error();
    LogHindrance(workload, told.error());
    return Eviction::kNotNow;
  }
  history_.Add({.workload = NameOf(workload),
                .pattern = pattern.key,
                .generation = pattern.generation(),
                .at = now,
                .stamp = StampOf(*told).value_or(now),
                .newest = workload.newest});
  last_eviction_ = options_.clock.Now();
  const auto evicted = options_.client.Create(kEvictions, eviction, CallWith(stop));
  // Of an answer that was lost the Pod knows.
  if (evicted.ok() || !IsThere(workload.newest_pod, uid, stop)) {
    Log(LogLevel::kInfo, "evicted a Pod that had come without a pattern",
        {{"pod", workload.newest_pod.ToString()}, {"pattern", pattern.key.ToString()}});
    return Eviction::kDone;
  }
  LogHindrance(workload, evicted.error());
  history_.TakeBack(NameOf(workload));
  const auto taken_back = options_.client.Patch(
      runtime::EventResource(), {std::string(runtime::EventNamespace(event)), name},
      {kube::PatchType::kMerge,
       {{"metadata", {{"annotations", {{kWorkloadAnnotation, nullptr}}}}}}},
      CallWith(stop));
  if (!taken_back.ok()) LogHindrance(workload, taken_back.error());
  return Eviction::kNotNow;
}

bool MissingPodReconciler::IsThere(const kube::ObjectKey& key, const std::string& uid,
                                   const std::stop_token& stop) {
  const auto pod = options_.client.Get(kPods, key, CallWith(stop));
  return pod.ok() && TextAt(*pod, Pointer("/metadata/uid")) == uid &&
         !pod->contains(Pointer("/metadata/deletionTimestamp"));
}

Result<void> MissingPodReconciler::ReadPast(const std::stop_token& stop) {
  if (past_is_read_) return {};
  kube::ListOptions options{.scope = {.field_selector = std::string("reason=") + kReplaced}};
  do {
    auto page = options_.client.List(runtime::EventResource(), options, CallWith(stop));
    if (!page.ok()) return page.error();
    for (const json& event : page->items) {
      const std::string name =
          TextAt(event, Pointer("/metadata/annotations") / kWorkloadAnnotation);
      const auto at = ParseTime(TextAt(event, Pointer("/eventTime")));
      const auto kind = api::ParsePatternKind(TextAt(event, Pointer("/regarding/kind")));
      if (name.empty() || !at || !kind) continue;
      const PatternKey pattern{*kind, TextAt(event, Pointer("/regarding/namespace")),
                               TextAt(event, Pointer("/regarding/name"))};
      const Clock::WallTimePoint now = options_.clock.WallNow();
      const Clock::WallTimePoint time = std::min(*at, now);
      const Clock::WallTimePoint stamp = StampOf(event).value_or(time);
      history_.Add({.workload = name,
                    .pattern = pattern,
                    .at = time,
                    .stamp = stamp,
                    .newest = std::chrono::floor<std::chrono::seconds>(stamp)});
      if (!options_.patterns.Find(pattern)) history_.ForgetPattern(pattern, now);
    }
    options.continue_token = std::move(page->continue_token);
  } while (!options.continue_token.empty());
  past_is_read_ = true;
  return {};
}

}  // namespace remora::reconcilers
