// Workload: a Deployment, StatefulSet, DaemonSet, Job or CronJob of a review, and where in it the
// template of its Pods stands.
//
// Contract
//   - Views into the indexed review; nothing is copied but strings with escapes.
//   - What is absent, or of another type, reads as absent.
// Thread-safety: pure functions; a Workload belongs to the thread of its document.
// Errors: none.
// Lifetime: a Workload lives as long as the review's document and arena do.
//
// Example
//   if (!StoresWorkload(review)) return Allow();
//   const Workload workload = ReadWorkload(review, arena);
//   Inject({.pod = workload.pod_template, .volume_claims = workload.volume_claims}, …);
#pragma once

#include <string_view>

#include "operator/base/arena.h"
#include "operator/injection/json_document.h"
#include "webhook/review.h"

namespace remora::webhook {

struct Workload {
  std::string_view kind;                   // "CronJob"
  std::string_view name;                   // or generateName; may be empty
  injection::JsonValue annotations;        // the object's own
  injection::JsonValue job_annotations;    // of a CronJob's Jobs
  injection::JsonValue pod_template;       // reads as a Pod: it has metadata and spec
  injection::JsonValue volume_claims;      // of a StatefulSet
  std::string_view pod_annotations_place;  // "spec.template.metadata.annotations"

  bool IsReadable() const { return pod_template["spec"].is_object(); }
  injection::JsonValue pod_annotations() const { return pod_template["metadata"]["annotations"]; }
};

// Whether it asks about one of the five kinds that is made or changed.
bool StoresWorkload(const Review& review);

// For a review that StoresWorkload().
Workload ReadWorkload(const Review& review, Arena& arena);

}  // namespace remora::webhook
