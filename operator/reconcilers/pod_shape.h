// PodShape: what all Pods of one workload have in common and the operator needs to know, kept once.
//
// Contract
//   - Made from a Pod's metadata alone (PartialObjectMetadata). Two Pods with the same identity() have
//     the same shape, whoever they are.
//   - Of annotations only those of ours that patterns are asked for by are kept, and the record as it
//     was read; DropsFromPods() keeps the rest out of memory from the start.
// Thread-safety: immutable once made.
// Errors: none; what cannot be read counts as absent.
//
// Example
//   kube::Form form{.metadata_only = true, .drops = &DropsFromPods};
//   PodShape shape = PodShape::FromObject(pod);
#pragma once

#include <compare>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/api/reason.h"

namespace remora::reconcilers {

// Who made a Pod, as its users know it: of a ReplicaSet made by a Deployment, the Deployment.
struct Workload {
  std::string kind;  // empty: the Pod has no controller; `name` is its own or its generateName
  std::string name;
  auto operator<=>(const Workload&) const = default;
};

// What the record says of one pattern.
struct RecordedOutcome {
  api::PatternKind kind = api::PatternKind::kSidecar;
  std::string namespace_name;  // empty where the pattern was not found
  std::string name;
  std::string revision;
  api::Reason reason = api::Reason::kInjected;
  std::string message;
};

struct PodShape {
  std::string namespace_name;
  std::string asks;  // a Pod's JSON with the metadata that matching needs
  Workload workload;
  std::vector<RecordedOutcome> recorded;
  // Written by another version of Remora: some webhook has seen the Pod, and what it did is not known.
  bool has_foreign_record = false;
  std::string identity;

  // `pod` is an object with metadata.
  static PodShape FromObject(const nlohmann::json& pod);
};

// Members of Pods that nobody here reads: managed fields, rendered files, what kubectl applied.
bool DropsFromPods(std::string_view member);

}  // namespace remora::reconcilers
