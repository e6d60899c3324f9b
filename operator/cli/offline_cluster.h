// OfflineCluster: the patterns, Namespaces with their limits, and workloads that stand in files,
// and the engine on them.
//
// Contract
//   - Patterns, Namespaces, LimitRanges and ResourceQuotas count wherever they stand among the
//     inputs; everything else that a cluster would know counts as absent (cluster_view.h).
// Thread-safety: owner thread only.
// Errors: Load(): those of LoadDocuments(). Inject(): Internal.
// Lifetime: an Injection lives until the next Inject() and no longer than the cluster.
//
// Example
//   auto cluster = OfflineCluster::Load(options, std::cin);
//   for (const Document& document : (*cluster)->documents()) …
//     auto injection = (*cluster)->view().Inject(workload, PodOf(workload, object));
#pragma once

#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/cluster_view.h"
#include "operator/cli/documents.h"
#include "operator/injection/injector.h"

namespace remora::cli {

struct OfflineOptions {
  Inputs inputs;                      // -f: workloads, and patterns and Namespaces too
  std::vector<std::string> patterns;  // --patterns: patterns and Namespaces only
  std::string namespace_name = "default";
  injection::Environment environment;
};

class OfflineCluster {
 public:
  static Result<std::unique_ptr<OfflineCluster>> Load(const OfflineOptions& options,
                                                      std::istream& standard_input);

  const std::vector<Document>& documents() const { return documents_; }
  const std::string& namespace_name() const { return namespace_name_; }
  ClusterView& view() { return view_; }

 private:
  explicit OfflineCluster(const OfflineOptions& options)
      : namespace_name_(options.namespace_name), view_(options.environment) {}
  void Add(const std::vector<Document>& documents);

  std::vector<Document> documents_;
  std::string namespace_name_;
  ClusterView view_;
};

}  // namespace remora::cli
