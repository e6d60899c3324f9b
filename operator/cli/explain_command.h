// `remora explain`: for each workload, every pattern that it asks for, with its reason and values,
// and what a takeOver leaves behind (port_moves.h).
//
// Contract
//   - Of files, or of objects that are in a cluster. Of a Pod in a cluster: what its record says,
//     how its companions are, whether the webhook has seen it, and what a new Pod like it would get.
//   - Text: a head line that names the workload, its namespace and place, then the engine's
//     explanation. JSON: one array with an element for each workload.
//   - kRefused when any pattern that was asked for is not put in, also where the Pod is admitted.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs;
//   those of LiveCluster.
//
// Example
//   auto exit_code = RunExplain({.cluster = options, .format = OutputFormat::kText}, console);
#pragma once

#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"
#include "operator/cli/offline_cluster.h"

namespace remora::cli {

struct ExplainOptions {
  OfflineOptions cluster;
  LiveOptions live;
  std::vector<std::string> objects;           // KIND/NAME in the cluster; empty: the files
  OutputFormat format = OutputFormat::kText;  // or kJson
};

Result<ExitCode> RunExplain(const ExplainOptions& options, Console console);

}  // namespace remora::cli
