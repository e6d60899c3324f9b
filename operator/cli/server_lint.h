// ServerLint: what the API server thinks of a pattern, and of the Pod that comes of it. Asked by
// dry runs: nothing is stored.
//
// Contract
//   - The pattern as it stands, applied strictly; the Pod of its sample (injection::SamplePod), in
//     the pattern's namespace, with that namespace's limits and Pod security, created strictly. The
//     Pod asks for no pattern any more, so that no webhook of Remora has a say in it.
//   - A quota that is used up is no complaint: objects are validated before it.
// Thread-safety: owner thread only.
// Errors: the server could not be asked: those of LiveCluster.
// Lifetime: the LiveCluster outlives it.
//
// Example
//   ServerLint server(*cluster, environment);
//   auto findings = server.Ask(pattern);
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/cluster_view.h"
#include "operator/cli/live_cluster.h"
#include "operator/cli/pattern_files.h"

namespace remora::cli {

struct ServerFinding {
  std::string field;  // of the pattern; empty where it cannot be told
  std::string sentence;
  bool is_warning = false;
};

class ServerLint {
 public:
  ServerLint(LiveCluster& cluster, injection::Environment environment)
      : cluster_(cluster), environment_(std::move(environment)) {}

  // `pattern` has been compiled.
  Result<std::vector<ServerFinding>> Ask(const PatternObject& pattern);

 private:
  using Findings = Result<std::vector<ServerFinding>>;

  Findings AskOfPattern(const PatternObject& pattern);
  Findings AskOfPod(const PatternObject& pattern, ClusterView& view);
  Result<ClusterView*> ViewOf(const std::string& namespace_name);

  LiveCluster& cluster_;
  injection::Environment environment_;
  std::map<std::string, std::unique_ptr<ClusterView>> views_;  // by namespace
};

}  // namespace remora::cli
