#include "operator/cli/offline_cluster.h"

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

Result<std::unique_ptr<OfflineCluster>> OfflineCluster::Load(const OfflineOptions& options,
                                                             std::istream& standard_input) {
  std::unique_ptr<OfflineCluster> cluster(new OfflineCluster());
  cluster->namespace_name_ = options.namespace_name;
  cluster->environment_ = options.environment;
  auto patterns = LoadDocuments({options.patterns, options.inputs.recursive}, standard_input);
  if (!patterns.ok()) return patterns.error();
  auto documents = LoadDocuments(options.inputs, standard_input);
  if (!documents.ok()) return documents.error();
  cluster->documents_ = *std::move(documents);
  injection::PatternIndex::Builder builder;
  cluster->Index(*patterns, builder);
  cluster->Index(cluster->documents_, builder);
  cluster->index_ = std::move(builder).Build();
  return cluster;
}

void OfflineCluster::Index(const std::vector<Document>& documents,
                           injection::PatternIndex::Builder& builder) {
  for (const Document& document : documents) {
    for (const ObjectPlace& at : ObjectsOf(document)) {
      const json& object = document.parsed.value.at(at.path);
      if (IsCore(object, "Namespace")) {
        builder.AddNamespace(injection::NamespaceFacts::FromObject(object));
      } else if (IsCore(object, "LimitRange")) {
        builder.AddLimitRange(FactsOf<injection::LimitRangeFacts>(object, namespace_name_));
      } else if (IsCore(object, "ResourceQuota")) {
        builder.AddResourceQuota(FactsOf<injection::QuotaFacts>(object, namespace_name_));
      }
      if (IsPattern(object)) IndexPattern(object, at.place, builder);
    }
  }
}

void OfflineCluster::IndexPattern(json object, const Place& place,
                                  injection::PatternIndex::Builder& builder) {
  const bool has_metadata = object.contains("metadata") && object["metadata"].is_object();
  if (has_metadata && StringAt(object, Pointer("/metadata/namespace")).empty()) {
    object["metadata"]["namespace"] = namespace_name_;
  }
  const std::string kind = StringAt(object, Pointer("/kind"));
  const auto pattern = injection::StoredPattern::FromObject(object);
  if (pattern == nullptr) {
    complaints_.push_back(place.ToString() + ": warning: a " + kind +
                          " without metadata.name is no pattern");
    return;
  }
  const std::string name = kind + ' ' + pattern->namespace_name + '/' + pattern->name;
  if (pattern->compiled == nullptr) {
    complaints_.push_back(place.ToString() + ": warning: " + name +
                          " cannot be used: " + pattern->complaint);
  }
  const auto [twin, is_new] = places_.emplace(name, place);
  if (!is_new) {
    complaints_.push_back(place.ToString() + ": warning: " + name +
                          " takes the place of the one at " + twin->second.ToString());
    twin->second = place;
  }
  builder.Add(pattern);
}

Result<Injection> OfflineCluster::Inject(const Workload& workload, const json& pod) {
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
                                        *index_, environment_, workspace_);
  return injection;
}

}  // namespace remora::cli
