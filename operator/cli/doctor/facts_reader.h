// ReadFacts: asks an API server for all that the doctor judges, one thing after another.
//
// Contract
//   - Nothing is written: Pods are created as dry runs, and access reviews are never stored.
//   - An API server that cannot be reached is asked once.
// Thread-safety: owner thread only.
// Errors: none; why something was not given stands in its place.
//
// Example
//   ReadFacts(cluster, facts);
#pragma once

#include "operator/cli/doctor/admission_checks.h"
#include "operator/cli/doctor/facts.h"
#include "operator/cli/live_cluster.h"

namespace remora::cli::doctor {

// `facts` says already what the cluster does not: the names and the time.
void ReadFacts(LiveCluster& cluster, Facts& facts);

// The version alone.
void ReadVersion(LiveCluster& cluster, Facts& facts);
TriedPod Try(LiveCluster& cluster, const nlohmann::json& pod);

}  // namespace remora::cli::doctor
