// `remora explain`: for each workload, every pattern that it asks for, with its reason and values.
//
// Contract
//   - Text: a head line that names the workload, its namespace and place, then the engine's
//     explanation. JSON: one array with an element for each workload.
//   - kRefused when any pattern that was asked for is not put in, also where the Pod is admitted.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs.
//
// Example
//   auto exit_code = RunExplain({.cluster = options, .format = OutputFormat::kText}, console);
#pragma once

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/offline_cluster.h"

namespace remora::cli {

struct ExplainOptions {
  OfflineOptions cluster;
  OutputFormat format = OutputFormat::kText;  // or kJson
};

Result<ExitCode> RunExplain(const ExplainOptions& options, Console console);

}  // namespace remora::cli
