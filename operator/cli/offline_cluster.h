// OfflineCluster: the patterns, Namespaces with their limits, and workloads that stand in files,
// and the engine on them.
//
// Contract
//   - Patterns, Namespaces, LimitRanges and ResourceQuotas count wherever they stand among the
//     inputs; everything else that a cluster would know counts as absent. The later of two patterns of one name is taken.
//   - The same engine decides as in the webhook. For Pods that the API server does not send to the
//     webhook there is an Exclusion instead of an outcome.
// Thread-safety: owner thread only.
// Errors: Load(): those of LoadDocuments(). Inject(): Internal.
// Lifetime: an Injection lives until the next Inject() and no longer than the cluster.
//
// Example
//   auto cluster = OfflineCluster::Load(options, std::cin);
//   for (const Document& document : (*cluster)->documents()) …
//     auto injection = (*cluster)->Inject(workload, PodOf(workload, object));
#pragma once

#include <istream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/api/reason.h"
#include "operator/base/result.h"
#include "operator/cli/documents.h"
#include "operator/cli/workloads.h"
#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"

namespace remora::cli {

struct OfflineOptions {
  Inputs inputs;                      // -f: workloads, and patterns and Namespaces too
  std::vector<std::string> patterns;  // --patterns: patterns and Namespaces only
  std::string namespace_name = "default";
  injection::Environment environment;
};

// Why the webhook is not called for a Pod.
struct Exclusion {
  api::Reason reason;
  std::string message;
};

struct Injection {
  std::optional<Exclusion> exclusion;  // then there is no outcome
  injection::Outcome outcome;

  // Whether a pattern that was asked for is not put in, be the Pod denied or not.
  bool HasRefusal() const;
};

class OfflineCluster {
 public:
  static Result<std::unique_ptr<OfflineCluster>> Load(const OfflineOptions& options,
                                                      std::istream& standard_input);

  const std::vector<Document>& documents() const { return documents_; }
  const std::string& namespace_name() const { return namespace_name_; }
  // One sentence for each pattern that cannot be used, or is there twice.
  const std::vector<std::string>& complaints() const { return complaints_; }

  Result<Injection> Inject(const Workload& workload, const nlohmann::json& pod);

 private:
  OfflineCluster() = default;
  void Index(const std::vector<Document>& documents, injection::PatternIndex::Builder& builder);
  void IndexPattern(nlohmann::json object, const Place& place,
                    injection::PatternIndex::Builder& builder);

  std::vector<Document> documents_;
  std::vector<std::string> complaints_;
  std::map<std::string, Place> places_;  // of the patterns
  std::string namespace_name_;
  injection::Environment environment_;
  std::shared_ptr<const injection::PatternIndex> index_;
  injection::JsonDocument pod_;
  injection::JsonDocument volume_claims_;
  injection::Workspace workspace_;
};

}  // namespace remora::cli
