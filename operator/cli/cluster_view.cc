#include "operator/cli/cluster_view.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "operator/api/pattern.h"
#include "operator/cli/pattern_files.h"
#include "operator/injection/plan.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

bool IsCore(const json& object, std::string_view kind) {
  return StringAt(object, Pointer("/apiVersion")) == "v1" &&
         StringAt(object, Pointer("/kind")) == kind;
}

// What a namespace asks of every container; `otherwise` is where an object lies that does not say.
template <typename Facts>
std::shared_ptr<const Facts> FactsOf(const json& object, const std::string& otherwise) {
  Facts facts = Facts::FromObject(object);
  if (facts.namespace_name.empty()) facts.namespace_name = otherwise;
  return std::make_shared<const Facts>(std::move(facts));
}

std::optional<Exclusion> FindExclusion(const Workload& workload, const json& pod) {
  if (workload.namespace_name == "kube-system") {
    return Exclusion{api::Reason::kNamespaceExcluded,
                     "the webhook is not called for Pods of namespace kube-system"};
  }
  // The mirror of a static Pod: the kubelet runs it whatever the API server holds.
  const Pointer mirror = Pointer("/metadata/annotations") / "kubernetes.io/config.mirror";
  if (pod.contains(mirror)) {
    return Exclusion{api::Reason::kMirrorPod, "the Pod is the mirror of a static Pod"};
  }
  return std::nullopt;
}

}  // namespace

bool Injection::HasRefusal() const {
  if (exclusion) return false;
  const injection::Plan& plan = *outcome.plan;
  const auto is_refused = [](const injection::Decision& decision) {
    const api::ReasonClass reason = api::ClassOf(decision.reason);
    return reason == api::ReasonClass::kAlwaysDenied || reason == api::ReasonClass::kByOnError;
  };
  return outcome.verdict == injection::Verdict::kDenied || !plan.refusal.empty() ||
         std::any_of(plan.decisions.begin(), plan.decisions.end(), is_refused);
}

Result<json> InjectedPod(const Injection& injection, const json& pod) {
  if (injection.exclusion || injection.outcome.verdict != injection::Verdict::kPatched) return pod;
  try {
    return pod.patch(json::parse(injection.outcome.patch));
  } catch (const json::exception& e) {
    return Error(ErrorCode::kInternal, std::string("our own patch does not apply: ") + e.what());
  }
}

ClusterView::ClusterView(injection::Environment environment)
    : environment_(std::move(environment)) {}

void ClusterView::Add(const json& object, const Origin& origin) {
  if (index_ != nullptr) builder_ = injection::PatternIndex::Builder(*std::exchange(index_, {}));
  if (IsCore(object, "Namespace")) {
    builder_.AddNamespace(injection::NamespaceFacts::FromObject(object));
  } else if (IsCore(object, "LimitRange")) {
    builder_.AddLimitRange(FactsOf<injection::LimitRangeFacts>(object, origin.namespace_name));
  } else if (IsCore(object, "ResourceQuota")) {
    builder_.AddResourceQuota(FactsOf<injection::QuotaFacts>(object, origin.namespace_name));
  }
  if (StringAt(object, Pointer("/kind")) == "ControllerRevision") {
    if (auto kept = api::ReadKeptRevision(object); kept.ok())
      revisions_.push_back(*std::move(kept));
  }
  if (IsPattern(object)) AddPattern(object, origin);
}

void ClusterView::AddPattern(json object, const Origin& origin) {
  const bool has_metadata = object.contains("metadata") && object["metadata"].is_object();
  if (has_metadata && StringAt(object, Pointer("/metadata/namespace")).empty()) {
    object["metadata"]["namespace"] = origin.namespace_name;
  }
  if (!origin.is_live) object.erase("status");
  const std::string kind = StringAt(object, Pointer("/kind"));
  const auto live = injection::LivePattern::FromObject(object);
  if (!live.ok()) {
    complaints_.push_back(origin.source + ": warning: a " + kind +
                          " without metadata.name is no pattern");
    return;
  }
  const auto& pattern = (*live)->stored;
  const std::string name = kind + ' ' + pattern->namespace_name + '/' + pattern->name;
  if (pattern->compiled == nullptr) {
    complaints_.push_back(origin.source + ": warning: " + name +
                          " cannot be used: " + pattern->complaint);
  }
  const auto [twin, is_new] = sources_.emplace(name, origin.source);
  if (!is_new) {
    complaints_.push_back(origin.source + ": warning: " + name + " takes the place of the one at " +
                          twin->second);
    twin->second = origin.source;
  }
  patterns_.push_back(*live);
}

std::shared_ptr<const injection::StoredPattern> ClusterView::Serve(
    const injection::LivePattern& live) const {
  std::vector<std::string> known;
  const api::KeptRevision* found = nullptr;
  for (const api::KeptRevision& kept : revisions_) {
    // Files need not say which object a revision was of.
    api::RevisionOwner owner = kept.owner;
    if (live.identity.uid.empty()) owner.uid.clear();
    if (owner != live.identity) continue;
    known.push_back(kept.revision);
    if (kept.revision == live.wanted) found = &kept;
  }
  return ServePattern(live, found, known);
}

std::shared_ptr<const injection::PatternIndex> ClusterView::Index() {
  if (index_ != nullptr) return index_;
  // A revision may have come after its pattern.
  for (const Live& live : patterns_) builder_.Add(Serve(*live));
  return index_ = std::move(builder_).Build();
}

Result<Injection> ClusterView::Inject(const Workload& workload, const json& pod) {
  Injection injection;
  injection.exclusion = FindExclusion(workload, pod);
  if (injection.exclusion) return injection;
  if (auto parsed = pod_.Parse(pod.dump()); !parsed.ok()) return parsed.error();
  if (auto parsed = volume_claims_.Parse(workload.volume_claims.dump()); !parsed.ok()) {
    return parsed.error();
  }
  injection.outcome = injection::Inject({.pod = pod_.root(),
                                         .namespace_name = workload.namespace_name,
                                         .explain = true,
                                         .volume_claims = volume_claims_.root()},
                                        *Index(), environment_, workspace_);
  return injection;
}

}  // namespace remora::cli
