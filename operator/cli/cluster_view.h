// ClusterView: the patterns and Namespaces with their limits that somebody has told us of, and the
// engine on them.
//
// Contract
//   - What was not added counts as absent. The later of two patterns of one name is taken.
//   - Patterns are taken in the revision that new Pods get. The status in a file is not believed: the
//     file may have been edited since.
//   - The same engine decides as in the webhook. For Pods that the API server does not send to the
//     webhook there is an Exclusion instead of an outcome.
// Thread-safety: owner thread only.
// Errors: Inject(): Internal. InjectedPod(): Internal.
// Lifetime: an Injection lives until the next Inject() and no longer than the view.
//
// Example
//   ClusterView view(environment);
//   view.Add(object, {.namespace_name = "shop", .source = "cart.yaml:7"});
//   auto injection = view.Inject(workload, PodOf(workload, object));
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/api/kept_revision.h"
#include "operator/api/reason.h"
#include "operator/base/result.h"
#include "operator/cli/workloads.h"
#include "operator/injection/injector.h"
#include "operator/injection/live_pattern.h"
#include "operator/injection/pattern_index.h"

namespace remora::cli {

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

// The Pod with what was decided about it; `pod` itself where nothing is changed.
Result<nlohmann::json> InjectedPod(const Injection& injection, const nlohmann::json& pod);

struct Origin {
  std::string namespace_name;  // of objects that name none
  std::string source;          // for complaints
  bool is_live = false;        // as the API server has it, status and all
};

class ClusterView {
 public:
  explicit ClusterView(injection::Environment environment);

  // A pattern, ControllerRevision, Namespace, LimitRange or ResourceQuota; anything else is passed
  // over.
  void Add(const nlohmann::json& object, const Origin& origin);
  // One sentence for each pattern that cannot be used, or is there twice.
  const std::vector<std::string>& complaints() const { return complaints_; }
  const injection::Environment& environment() const { return environment_; }

  // Of all that was added so far.
  std::shared_ptr<const injection::PatternIndex> Index();
  Result<Injection> Inject(const Workload& workload, const nlohmann::json& pod);

 private:
  using Live = std::shared_ptr<const injection::LivePattern>;

  void AddPattern(nlohmann::json object, const Origin& origin);
  std::shared_ptr<const injection::StoredPattern> Serve(const injection::LivePattern& live) const;

  injection::Environment environment_;
  injection::PatternIndex::Builder builder_;
  std::shared_ptr<const injection::PatternIndex> index_;  // null: not made since the last Add()
  std::vector<std::string> complaints_;
  std::map<std::string, std::string> sources_;  // of the patterns
  std::vector<Live> patterns_;                  // as they came
  std::vector<api::KeptRevision> revisions_;
  injection::JsonDocument pod_;
  injection::JsonDocument volume_claims_;
  injection::Workspace workspace_;
};

}  // namespace remora::cli
