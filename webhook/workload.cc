#include "webhook/workload.h"

#include <algorithm>
#include <array>

namespace remora::webhook {

namespace {

using injection::JsonValue;

constexpr std::string_view kCronJob = "CronJob";

struct Kind {
  std::string_view group;
  std::string_view name;
};
// A ReplicaSet is a Deployment's, and nobody reads what is said to its controller.
constexpr std::array<Kind, 5> kKinds = {{{"apps", "Deployment"},
                                         {"apps", "StatefulSet"},
                                         {"apps", "DaemonSet"},
                                         {"batch", "Job"},
                                         {"batch", kCronJob}}};

}  // namespace

bool StoresWorkload(const Review& review) {
  return (review.operation == "CREATE" || review.operation == "UPDATE") &&
         review.sub_resource.empty() &&
         std::any_of(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
           return review.kind.group == kind.group && review.kind.name == kind.name;
         });
}

Workload ReadWorkload(const Review& review, Arena& arena) {
  const JsonValue metadata = review.object["metadata"];
  const JsonValue spec = review.object["spec"];
  Workload workload;
  workload.kind = review.kind.name;
  for (const JsonValue name : {metadata["name"], metadata["generateName"]}) {
    if (workload.name.empty()) workload.name = name.String(arena).value_or("");
  }
  workload.annotations = metadata["annotations"];
  if (workload.kind == kCronJob) {
    const JsonValue job = spec["jobTemplate"];
    workload.job_annotations = job["metadata"]["annotations"];
    workload.pod_template = job["spec"]["template"];
    workload.pod_annotations_place = "spec.jobTemplate.spec.template.metadata.annotations";
  } else {
    workload.pod_template = spec["template"];
    workload.pod_annotations_place = "spec.template.metadata.annotations";
  }
  workload.volume_claims = spec["volumeClaimTemplates"];
  return workload;
}

}  // namespace remora::webhook
