#include "operator/reconcilers/pod_shape.h"

#include <utility>

#include "operator/api/annotations.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

// As injection/record.cc writes it.
constexpr std::int64_t kRecordVersion = 1;

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

// Those that a selector may name: a thousand Pods of a workload share one shape.
json LabelsOf(const json& metadata) {
  json labels = json::object();
  for (const auto& label : ObjectAt(metadata, "labels").items()) {
    if (!api::IsPerPodLabel(label.key())) labels[label.key()] = label.value();
  }
  return labels;
}

// As a status may name them. An API server bounds neither in an owner reference.
constexpr std::size_t kLongestKind = 63;
constexpr std::size_t kLongestName = 253;

bool CanBeNamed(const std::string& kind, const std::string& name) {
  return !kind.empty() && kind.size() <= kLongestKind && !name.empty() &&
         name.size() <= kLongestName;
}

// The controller in the owner references; without one, or with one that cannot be, the Pod stands
// for itself.
Workload WorkloadOf(const json& metadata) {
  const auto owners = metadata.find("ownerReferences");
  const json none = json::array();
  const bool has_owners = owners != metadata.end() && owners->is_array();
  for (const json& owner : has_owners ? *owners : none) {
    if (!owner.is_object() || owner.value("controller", json()) != true) continue;
    const std::string kind = TextAt(owner, "kind");
    const std::string name = TextAt(owner, "name");
    if (!CanBeNamed(kind, name)) continue;
    const std::string suffix = "-" + TextAt(ObjectAt(metadata, "labels"), kTemplateHash);
    if (kind == "ReplicaSet" && suffix.size() > 1 && name.ends_with(suffix)) {
      return {"Deployment", name.substr(0, name.size() - suffix.size())};
    }
    return {kind, name};
  }
  const std::string generate_name = TextAt(metadata, "generateName");
  return {"", generate_name.empty() ? TextAt(metadata, "name") : generate_name};
}

json ParseRecord(const std::string& text) {
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// 0: it is no record. Anybody may write this text: what is in it is never copied, since copying deep
// nesting overflows the stack.
std::int64_t VersionOf(const json& record) {
  if (!record.is_object()) return 0;
  const auto version = record.find("version");
  return version != record.end() && version->is_number_integer() ? version->get<std::int64_t>() : 0;
}

std::vector<RecordedOutcome> OutcomesOf(const json& record) {
  std::vector<RecordedOutcome> outcomes;
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
  const json parsed = ParseRecord(record);
  const std::int64_t version = VersionOf(parsed);
  if (version == kRecordVersion) shape.recorded = OutcomesOf(parsed);
  shape.has_foreign_record = version > 0 && version != kRecordVersion;
  shape.identity = shape.namespace_name + '\n' + shape.workload.kind + '/' + shape.workload.name +
                   '\n' + shape.asks + '\n' + record;
  return shape;
}

bool DropsFromPods(std::string_view member) {
  return member == "managedFields" || member.starts_with(api::kFilesPrefix) ||
         member == "kubectl.kubernetes.io/last-applied-configuration";
}

}  // namespace remora::reconcilers
