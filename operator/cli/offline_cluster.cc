#include "operator/cli/offline_cluster.h"

#include <utility>

namespace remora::cli {

Result<std::unique_ptr<OfflineCluster>> OfflineCluster::Load(const OfflineOptions& options,
                                                             std::istream& standard_input) {
  std::unique_ptr<OfflineCluster> cluster(new OfflineCluster(options));
  auto patterns = LoadDocuments({options.patterns, options.inputs.recursive}, standard_input);
  if (!patterns.ok()) return patterns.error();
  auto documents = LoadDocuments(options.inputs, standard_input);
  if (!documents.ok()) return documents.error();
  cluster->documents_ = *std::move(documents);
  cluster->Add(*patterns);
  cluster->Add(cluster->documents_);
  return cluster;
}

void OfflineCluster::Add(const std::vector<Document>& documents) {
  for (const Document& document : documents) {
    for (const ObjectPlace& at : ObjectsOf(document)) {
      view_.Add(document.parsed.value.at(at.path), {namespace_name_, at.place.ToString()});
    }
  }
}

}  // namespace remora::cli
