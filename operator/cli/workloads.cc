#include "operator/cli/workloads.h"

#include <algorithm>
#include <array>

#include "operator/api/annotations.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

enum class NameOfPods { kOwn, kGenerated, kNumbered };

struct WorkloadKind {
  std::string_view group;
  std::string_view kind;
  const char* template_path;
  NameOfPods names;
};

constexpr std::array<WorkloadKind, 9> kKinds = {{
    {"", "Pod", "", NameOfPods::kOwn},
    {"", "PodTemplate", "/template", NameOfPods::kGenerated},
    {"", "ReplicationController", "/spec/template", NameOfPods::kGenerated},
    {"apps", "Deployment", "/spec/template", NameOfPods::kGenerated},
    {"apps", "StatefulSet", "/spec/template", NameOfPods::kNumbered},
    {"apps", "DaemonSet", "/spec/template", NameOfPods::kGenerated},
    {"apps", "ReplicaSet", "/spec/template", NameOfPods::kGenerated},
    {"batch", "Job", "/spec/template", NameOfPods::kGenerated},
    {"batch", "CronJob", "/spec/jobTemplate/spec/template", NameOfPods::kGenerated},
}};

const WorkloadKind* FindKind(std::string_view api_version, std::string_view kind) {
  const std::size_t slash = api_version.find('/');
  const std::string_view group =
      slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const WorkloadKind& row) {
    return row.group == group && row.kind == kind;
  });
  return found == kKinds.end() ? nullptr : &*found;
}

bool IsObjectAt(const json& object, const Pointer& path) {
  return object.contains(path) && object.at(path).is_object();
}

// Makes the member the same in both, absent where it is absent.
void CopyMember(const json& from, const char* name, json& to) {
  if (from.contains(name)) {
    to[name] = from[name];
  } else {
    to.erase(name);
  }
}

// In the dotted form in which people write it: spec.jobTemplate.metadata.annotations.
std::string Dotted(const Pointer& path) {
  std::string text = path.to_string().substr(1);
  std::replace(text.begin(), text.end(), '/', '.');
  return text;
}

}  // namespace

std::string Workload::ToString() const { return kind + ' ' + namespace_name + '/' + name; }

std::string StringAt(const json& object, const Pointer& path) {
  if (!object.is_object() || !object.contains(path)) return {};
  const json& value = object.at(path);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<Workload> FindWorkload(const json& object, std::string_view namespace_name) {
  const WorkloadKind* kind =
      FindKind(StringAt(object, Pointer("/apiVersion")), StringAt(object, Pointer("/kind")));
  if (kind == nullptr) return std::nullopt;
  Workload workload;
  workload.kind = kind->kind;
  workload.template_path = Pointer(kind->template_path);
  if (!IsObjectAt(object, workload.template_path)) return std::nullopt;
  workload.namespace_name = StringAt(object, Pointer("/metadata/namespace"));
  if (workload.namespace_name.empty()) workload.namespace_name = namespace_name;
  workload.name = StringAt(object, Pointer("/metadata/name"));
  if (workload.name.empty()) workload.name = StringAt(object, Pointer("/metadata/generateName"));
  const Pointer claims("/spec/volumeClaimTemplates");
  if (kind->names == NameOfPods::kNumbered && object.contains(claims)) {
    workload.volume_claims = object.at(claims);
  }
  return workload;
}

json PodOf(const Workload& workload, const json& object) {
  if (workload.template_path.empty()) return object;
  const json& pod_template = object.at(workload.template_path);
  json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}};
  CopyMember(pod_template, "metadata", pod);
  CopyMember(pod_template, "spec", pod);
  json& metadata = pod["metadata"];
  if (metadata.is_null()) metadata = json::object();
  if (!metadata.is_object()) return pod;
  const WorkloadKind& kind =
      *std::find_if(kKinds.begin(), kKinds.end(),
                    [&](const WorkloadKind& row) { return row.kind == workload.kind; });
  metadata.erase("name");
  metadata.erase("generateName");
  if (kind.names == NameOfPods::kNumbered) {
    metadata["name"] = workload.name + "-0";
  } else {
    metadata["generateName"] = workload.name + "-";
  }
  return pod;
}

void PutPod(const Workload& workload, const json& pod, json& object) {
  if (workload.template_path.empty()) {
    object = pod;
    return;
  }
  json& pod_template = object[workload.template_path];
  json metadata = pod.value("metadata", json());
  if (metadata.is_object()) {
    // The template's own: controllers do not look at them.
    for (const char* name : {"name", "generateName"}) {
      metadata.erase(name);
      if (IsObjectAt(pod_template, Pointer("/metadata"))) {
        const json& own = pod_template["metadata"];
        if (own.contains(name)) metadata[name] = own[name];
      }
    }
  }
  const bool had_none = !pod_template.contains("metadata") || pod_template["metadata"].is_null();
  if (!(had_none && metadata.empty())) pod_template["metadata"] = std::move(metadata);
  CopyMember(pod, "spec", object[workload.template_path]);
}

std::vector<std::string> FindMisplacedAnnotations(const Workload& workload, const json& object) {
  std::vector<std::string> sentences;
  if (workload.template_path.empty()) return sentences;
  const Pointer right = workload.template_path / "metadata" / "annotations";
  for (const char* wrong : {"/metadata/annotations", "/spec/jobTemplate/metadata/annotations"}) {
    const Pointer path(wrong);
    if (path == right || !IsObjectAt(object, path)) continue;
    for (const auto& [key, value] : object.at(path).items()) {
      if (!api::AsksForPatterns(key)) continue;
      sentences.push_back("the annotation " + key + " stands in " + Dotted(path) +
                          ", where no Pod gets it from; expected in " + Dotted(right));
    }
  }
  return sentences;
}

std::optional<std::string> FindUnquoted(const Workload& workload, const json& object) {
  for (const Pointer& owner : {Pointer(), workload.template_path}) {
    for (const char* map : {"annotations", "labels"}) {
      const Pointer path = owner / "metadata" / map;
      if (!IsObjectAt(object, path)) continue;
      for (const auto& [key, value] : object.at(path).items()) {
        if (value.is_string() || value.is_null()) continue;
        const bool is_scalar = value.is_boolean() || value.is_number();
        return "the value of " + key + " in " + Dotted(path) + " is no string; expected " +
               (is_scalar ? "it in quotes: \"" + value.dump() + '"' : "text");
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> FindUnknownWorkload(const json& object) {
  const Pointer annotations("/spec/template/metadata/annotations");
  const Pointer containers("/spec/template/spec/containers");
  if (!IsObjectAt(object, annotations) || !object.contains(containers)) return std::nullopt;
  for (const auto& [key, value] : object.at(annotations).items()) {
    if (!api::AsksForPatterns(key)) continue;
    return "its Pod template asks for patterns (" + key + "), but what " +
           StringAt(object, Pointer("/apiVersion")) + ' ' + StringAt(object, Pointer("/kind")) +
           " makes of it is not known here; it is passed through as it is, and in a cluster the "
           "webhook decides on its Pods";
  }
  return std::nullopt;
}

}  // namespace remora::cli
