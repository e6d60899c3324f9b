// The flags that both processes have: where the API server is, and how to log.
//
// Thread-safety: owner thread only. Lifetime: what is passed outlives the parsing.
//
// Example
//   AddKubeconfigFlag(app, options.kubeconfig);
//   AddLogFlags(app, options.log);
#pragma once

#include <string>

#include "operator/base/log.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace remora::runtime {

void AddKubeconfigFlag(CLI::App& app, std::string& kubeconfig);
// --log-level, --log-format
void AddLogFlags(CLI::App& app, LogOptions& log);

}  // namespace remora::runtime
