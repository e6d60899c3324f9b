#include "operator/reconcilers/pod_shape.h"

#include <utility>

#include "operator/api/annotations.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

// Labels that differ from Pod to Pod of one workload and that no selector of a pattern can mean:
// without them, a thousand Pods share one shape.
constexpr std::string_view kPerPodLabels[] = {
    "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index", "pod-template-generation"};
constexpr const char* kTemplateHash = "pod-template-hash";

std::string TextAt(const json& object, std::string_view name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

const json& ObjectAt(const json& object, const char* name) {
  static const json kNone = json::object();
  const auto at = object.find(name);
  return at != object.end() && at->is_object() ? *at : kNone;
}

json LabelsOf(const json& metadata) {
  json labels = ObjectAt(metadata, "labels");
  for (const std::string_view key : kPerPodLabels) labels.erase(std::string(key));
  return labels;
}

// The controller in the owner references; without one, the Pod stands for itself.
Workload WorkloadOf(const json& metadata) {
  const auto owners = metadata.find("ownerReferences");
  const json none = json::array();
  const bool has_owners = owners != metadata.end() && owners->is_array();
  for (const json& owner : has_owners ? *owners : none) {
    if (!owner.is_object() || owner.value("controller", json()) != true) continue;
    const std::string kind = TextAt(owner, "kind");
    const std::string name = TextAt(owner, "name");
    const std::string suffix = "-" + TextAt(ObjectAt(metadata, "labels"), kTemplateHash);
    if (kind == "ReplicaSet" && suffix.size() > 1 && name.ends_with(suffix)) {
      return {"Deployment", name.substr(0, name.size() - suffix.size())};
    }
    return {kind, name};
  }
  const std::string generate_name = TextAt(metadata, "generateName");
  return {"", generate_name.empty() ? TextAt(metadata, "name") : generate_name};
}

std::vector<RecordedOutcome> ReadRecord(const std::string& text) {
  std::vector<RecordedOutcome> outcomes;
  const json record = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object() || record.value("version", json()) != 1) return outcomes;
  const auto patterns = record.find("patterns");
  if (patterns == record.end() || !patterns->is_array()) return outcomes;
  for (const json& pattern : *patterns) {
    if (!pattern.is_object()) continue;
    const auto kind = api::ParsePatternKind(TextAt(pattern, "kind"));
    const auto reason = api::ParseReason(TextAt(pattern, "reason"));
    if (!kind || !reason) continue;
    outcomes.push_back({*kind, TextAt(pattern, "namespace"), TextAt(pattern, "name"),
                        TextAt(pattern, "revision"), *reason, TextAt(pattern, "message")});
  }
  return outcomes;
}

}  // namespace

PodShape PodShape::FromObject(const json& pod) {
  const json& metadata = ObjectAt(pod, "metadata");
  const json& annotations = ObjectAt(metadata, "annotations");
  PodShape shape;
  shape.namespace_name = TextAt(metadata, "namespace");
  shape.workload = WorkloadOf(metadata);
  json asking = json::object();
  for (const auto& item : annotations.items()) {
    if (api::AsksForPatterns(item.key()) || item.key() == "kubernetes.io/config.mirror") {
      asking[item.key()] = item.value();
    }
  }
  shape.asks = json{{"metadata", {{"labels", LabelsOf(metadata)}, {"annotations", asking}}}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  const std::string record = TextAt(annotations, api::kStatusKey);
  shape.recorded = ReadRecord(record);
  shape.identity = shape.namespace_name + '\n' + shape.workload.kind + '/' + shape.workload.name +
                   '\n' + shape.asks + '\n' + record;
  return shape;
}

bool DropsFromPods(std::string_view member) {
  return member == "managedFields" || member.starts_with(api::kFilesPrefix) ||
         member == "kubectl.kubernetes.io/last-applied-configuration";
}

}  // namespace remora::reconcilers
