// PodTable: all Pods of the cluster as compact records, and what each pattern has become in them.
//
// Contract
//   - The sink of one metadata-only Reflector. Pods of one workload share a PodShape; a Pod itself is
//     a name and a time.
//   - Matching is the engine's own (injection::FindAsked), done once a shape and anew when patterns or
//     Namespaces change. So what counts as missing is what the webhook would have tried to add.
//   - Of a pattern a Pod is `injected` (its record says so), `refused` (its record names another
//     reason) or `missing` (it asks, or is given the pattern by its Namespace, and its record does not
//     speak of it). With a record of another version it is injected, with an unknown revision. An
//     automatic pattern does not match Pods older than itself.
//   - Pods that are being deleted, and Namespaces that Remora is kept out of, do not count.
//   - `on_change` names the patterns whose counts may have changed. Called without locks.
// Thread-safety: internally synchronised.
// Errors: none.
// Lifetime: `environment` outlives it.
//
// Example
//   PodTable table({.environment = environment, .on_change = [&](const PatternKey& k) { queue.Add(k); }});
//   Reflector pods({.name = "pods", .source = source, .sink = table, .clock = clock});
//   table.SetPatterns(index);
//   Census census = table.Count(pattern.key, pattern.created);
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/reconcilers/pod_shape.h"
#include "operator/runtime/lister_watcher.h"

namespace remora::reconcilers {

// What became of a pattern in the Pods of one workload, by the newest of them.
struct WorkloadOutcome {
  std::string namespace_name;
  Workload workload;
  std::string reason;  // of api::Reason, or "Missing"
  std::string message;
  std::int64_t pods = 0;
  Clock::WallTimePoint newest = {};
  kube::ObjectKey newest_pod = {};
};

struct Census {
  std::int64_t injected = 0;
  std::int64_t missing = 0;
  std::int64_t refused = 0;
  std::map<std::string, std::int64_t> revisions;  // of the injected
  std::vector<WorkloadOutcome> workloads;         // the newest Pods first
  kube::ObjectKey missing_pod;                    // the first by its key of those missing, if any
};

class PodTable final : public runtime::ObjectSink {
 public:
  struct Options {
    const injection::Environment& environment;
    std::set<std::string> excluded_namespaces = {"kube-system", "remora-system"};
    std::function<void(const PatternKey&)> on_change = nullptr;
  };

  explicit PodTable(Options options);
  ~PodTable() override;

  void TakePage(std::vector<nlohmann::json> objects, runtime::PagePlace place) override;
  void Apply(const kube::WatchEvent& event) override;

  // Matches all Pods anew.
  void SetPatterns(std::shared_ptr<const injection::PatternIndex> patterns);

  // `created`: when the pattern was made.
  Census Count(const PatternKey& pattern, Clock::WallTimePoint created) const;

  bool HasSynced() const;
  std::size_t pods() const;
  std::size_t shapes() const;

 private:
  enum class State : std::uint8_t { kInjected, kRefused, kMissing };
  struct Outcome {
    State state = State::kMissing;
    bool automatic = false;
    std::int32_t recorded = -1;  // in PodShape::recorded
  };
  struct Pod;
  // A shape that Pods have, and what the patterns are in it.
  struct Group {
    PodShape shape;
    std::map<PatternKey, Outcome> outcomes;
    std::vector<Pod*> pods;
  };
  struct Pod {
    kube::ObjectKey key;
    Clock::WallTimePoint created = {};
    Group* group = nullptr;
    std::size_t place = 0;  // in group->pods
  };
  struct KeyHash {
    std::size_t operator()(const kube::ObjectKey& key) const;
  };
  using Changed = std::set<PatternKey>;
  // A Pod as it was read, before anything is changed.
  struct Seen;

  Seen Read(const nlohmann::json& object) const;
  void Put(Seen seen, Changed& changed) REQUIRES(mutex_);
  void Remove(const kube::ObjectKey& key, Changed& changed) REQUIRES(mutex_);
  Group& GroupOf(PodShape shape) REQUIRES(mutex_);
  void Enter(Pod& pod, Group& group, Changed& changed) REQUIRES(mutex_);
  void Leave(Pod& pod, Changed& changed) REQUIRES(mutex_);
  void Match(Group& group) REQUIRES(mutex_);
  void Tell(const Changed& changed) const;

  const Options options_;
  mutable Mutex mutex_;
  bool synced_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<const injection::PatternIndex> patterns_ GUARDED_BY(mutex_);
  std::unordered_map<kube::ObjectKey, std::unique_ptr<Pod>, KeyHash> pods_ GUARDED_BY(mutex_);
  // By identity, whose characters belong to the group.
  std::unordered_map<std::string_view, std::unique_ptr<Group>> groups_ GUARDED_BY(mutex_);
  std::map<PatternKey, std::set<Group*>> by_pattern_ GUARDED_BY(mutex_);
  std::set<kube::ObjectKey> listed_ GUARDED_BY(mutex_);  // by a list that is not complete yet
  injection::Workspace workspace_ GUARDED_BY(mutex_);
  injection::JsonDocument document_ GUARDED_BY(mutex_);
};

// What the Reflector of the Pods asks for: metadata alone, of Pods that have not ended.
runtime::KubeListerWatcher::Options PodListOptions();

}  // namespace remora::reconcilers
