// LiveHistory: a pattern and its revisions, read from a cluster, and written back.
//
// Contract
//   - What is written is written into the version that was read. Where only the status has changed
//     since, it is read and written again.
// Thread-safety: owner thread only.
// Errors: those of LiveCluster; Conflict: somebody else has edited the pattern since; Invalid: the
//   API server refuses what is written. One sentence each.
//
// Example
//   auto history = ReadHistory(**cluster, name);
//   auto written = WritePattern(**cluster, history->pattern(), [&](const json& object) {
//     return (*cluster)->client().Update(name.kind->resource(), Changed(object));
//   });
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "operator/base/result.h"
#include "operator/cli/live_cluster.h"
#include "operator/cli/pattern_history.h"
#include "operator/cli/resource_names.h"

namespace remora::cli {

Result<PatternHistory> ReadHistory(LiveCluster& cluster, const ObjectName& name);

// Asks the API server to write; `object` is the pattern as it was read last.
using WriteOnce = std::function<Result<nlohmann::json>(const nlohmann::json& object)>;

// What the API server answers: the pattern as written.
Result<nlohmann::json> WritePattern(LiveCluster& cluster, const nlohmann::json& seen,
                                    const WriteOnce& write);

}  // namespace remora::cli
