// Explained: what `remora explain` says of one workload, whether it stands in a file or in a
// cluster, as text for people and as JSON for tools.
//
// Thread-safety: values and pure functions. Errors: Internal, of the engine.
//
// Example
//   auto explained = ExplainWorkload(view, workload, object);
//   if (explained.ok()) PrintAsText({*explained}, std::cout);
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/cluster_view.h"
#include "operator/cli/companion_state.h"
#include "operator/cli/place.h"
#include "operator/cli/port_moves.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

// What is true of a Pod that exists.
struct PodState {
  nlohmann::json record;    // what the webhook wrote on it; null: nothing that can be read
  bool is_missed = false;   // it asks for patterns, and the webhook did not see it
  bool is_current = false;  // a new Pod like it would get the same
  std::string about = {};   // one sentence; empty where `record` says it all
  std::vector<CompanionState> companions = {};  // of the record's patterns
};

struct Explained {
  Workload workload;
  Place place;  // without a line: in a cluster, `source` is its API server
  std::vector<std::string> warnings;
  bool refused = false;
  nlohmann::json pod;    // as its controller makes it
  nlohmann::json after;  // with what is decided
  std::string text;      // the engine's
  nlohmann::json explanation;
  std::vector<PodState> state;  // of a Pod that exists, else empty
  PolicyOwner owner;
  PortMoves ports;
  std::vector<std::string> places;  // of ports.left_behind; fewer where they have none
};

// `object` is what the workload was found in.
Result<Explained> ExplainWorkload(ClusterView& view, const Workload& workload,
                                  const nlohmann::json& object);

void PrintAsText(const std::vector<Explained>& all, std::ostream& out);
void PrintAsJson(const std::vector<Explained>& all, std::ostream& out);

}  // namespace remora::cli
