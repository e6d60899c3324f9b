// Workloads: which objects make Pods, and where in them the Pod stands.
//
// Contract
//   - Pod, PodTemplate, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job
//     and CronJob of their own API groups, any version; nothing else.
//   - PodOf() is the Pod as its controller would create it, but for the volumes of a StatefulSet's
//     claims, which are Workload::volume_claims; PutPod() puts one back and leaves all else of the
//     object alone. Without a change of the Pod in between they change nothing.
// Thread-safety: pure functions. Errors: none; an object without a Pod in it is no workload.
//
// Example
//   if (auto workload = FindWorkload(object, "default")) {
//     nlohmann::json pod = PodOf(*workload, object);
//     PutPod(*workload, Changed(pod), object);
//   }
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remora::cli {

struct Workload {
  std::string kind;
  std::string namespace_name;
  std::string name;                            // or generateName; may be empty
  nlohmann::json::json_pointer template_path;  // empty: the object is a Pod
  nlohmann::json volume_claims;                // of a StatefulSet: volumes of its Pods

  // "Deployment shop/cart"
  std::string ToString() const;
};

// `namespace_name` is of objects that name none.
std::optional<Workload> FindWorkload(const nlohmann::json& object, std::string_view namespace_name);

nlohmann::json PodOf(const Workload& workload, const nlohmann::json& object);
void PutPod(const Workload& workload, const nlohmann::json& pod, nlohmann::json& object);

// A sentence for each of our annotations that stands where no Pod gets it from: on the Deployment
// instead of its template.
std::vector<std::string> FindMisplacedAnnotations(const Workload& workload,
                                                  const nlohmann::json& object);

// A sentence for the first annotation or label of the object or its Pod that is no string: the API
// server refuses such an object.
std::optional<std::string> FindUnquoted(const Workload& workload, const nlohmann::json& object);

// A sentence for an object that FindWorkload() does not know and that has a Pod template, as many
// custom resources have, with annotations of ours in it.
std::optional<std::string> FindUnknownWorkload(const nlohmann::json& object);

// The string at a path, empty where there is none.
std::string StringAt(const nlohmann::json& object, const nlohmann::json::json_pointer& path);

}  // namespace remora::cli
