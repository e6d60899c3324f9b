// LiveOptions: which cluster, and which namespace of it; the same flags for every command that asks
// an API server.
#pragma once

#include <string>

namespace remora::cli {

struct LiveOptions {
  std::string kubeconfig = {};      // --kubeconfig; empty: as kube::LoadConfig() looks for it
  std::string context = {};         // --context; empty: the file's current one
  std::string namespace_name = {};  // -n; empty: the context's
};

}  // namespace remora::cli
