#include "operator/cli/live_explain.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/cli/live_cluster.h"
#include "operator/cli/resource_names.h"
#include "operator/injection/undo.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

const Pointer& RecordPath() {
  static const Pointer kPath = Pointer("/metadata/annotations") / std::string(api::kStatusKey);
  return kPath;
}

// A member that is absent, or of the type.
bool Is(const json& object, const char* name, json::value_t type) {
  const auto member = object.find(name);
  return member == object.end() || member->type() == type;
}

// The record on a Pod; null where there is none, or one that is not of our making.
json ReadRecord(const json& pod) {
  json record = json::parse(StringAt(pod, RecordPath()), nullptr, false);
  if (!record.is_object() || !record.contains("patterns") || !record["patterns"].is_array()) {
    return nullptr;
  }
  for (const json& pattern : record["patterns"]) {
    const bool readable = pattern.is_object() && Is(pattern, "targets", json::value_t::array) &&
                          Is(pattern, "ports", json::value_t::object);
    if (!readable) return nullptr;
  }
  return record;
}

bool HasRefusal(const json& record) {
  const json& patterns = record.at("patterns");
  return std::any_of(patterns.begin(), patterns.end(), [](const json& pattern) {
    const auto reason = api::ParseReason(StringAt(pattern, Pointer("/reason")));
    return !reason || api::ClassOf(*reason) != api::ReasonClass::kIn;
  });
}

bool AsksByName(const json& pod) {
  const Pointer path("/metadata/annotations");
  if (!pod.contains(path) || !pod.at(path).is_object()) return false;
  const json& annotations = pod.at(path);
  const auto items = annotations.items();
  return std::any_of(items.begin(), items.end(),
                     [](const auto& item) { return api::AsksForPatterns(item.key()); });
}

// Two records that say the same, but for values from before, which the API server may spell anew.
bool SaySame(const json& a, const json& b) {
  return a.is_object() && b.is_object() &&
         a.value("patterns", json()) == b.value("patterns", json()) &&
         a.value("added", json()) == b.value("added", json());
}

class LiveRun {
 public:
  LiveRun(LiveCluster& cluster, const injection::Environment& environment)
      : cluster_(cluster), environment_(environment) {}

  Result<Explained> ExplainOne(const ObjectName& name) {
    auto object = cluster_.Get(name.kind->resource(), {cluster_.namespace_name(), name.name});
    if (!object.ok()) return object.error();
    const auto workload = FindWorkload(*object, cluster_.namespace_name());
    if (!workload) {
      return Error(ErrorCode::kUnavailable,
                   "the API server's answer is no " + std::string(name.kind->kind));
    }
    ClusterView view(environment_);
    auto told = cluster_.Tell({workload->namespace_name, PodOf(*workload, *object)}, view);
    if (!told.ok()) return told.error();
    auto explained = workload->kind == "Pod" ? ExplainPod(view, *workload, *object)
                                             : ExplainWorkload(view, *workload, *object);
    if (!explained.ok()) return explained;
    explained->place = {cluster_.server(), 0};
    if (auto added = AddPorts(*explained); !added.ok()) return added.error();
    return explained;
  }

 private:
  // The record is taken back, and the Pod decided anew.
  static Result<Explained> ExplainPod(ClusterView& view, const Workload& workload,
                                      const json& pod) {
    json fresh = pod;
    PodState state;
    state.record = ReadRecord(pod);
    const auto undone = injection::UndoInjection(fresh);
    if (!undone.ok()) {
      state.record = nullptr;
      fresh["metadata"]["annotations"].erase(std::string(api::kStatusKey));
      state.about = "what its record (" + std::string(api::kStatusKey) +
                    ") says cannot be relied on: " + undone.error().message();
    }
    auto explained = ExplainWorkload(view, workload, fresh);
    if (!explained.ok()) return explained;
    if (!state.record.is_null()) {
      state.is_current = SaySame(state.record, ReadRecord(explained->after));
      explained->refused = HasRefusal(state.record);
      explained->after = pod;
      state.companions = FindCompanions(pod, state.record);
    } else if (undone.ok()) {
      Judge(*explained, fresh, state);
    }
    explained->refused = explained->refused || !undone.ok();
    explained->state = {std::move(state)};
    return explained;
  }

  // A Pod without a record: the webhook writes one wherever a pattern is asked for.
  static void Judge(Explained& explained, const json& pod, PodState& state) {
    const bool asks =
        !explained.explanation["patterns"].empty() || explained.explanation["verdict"] == "denied";
    if (!asks) return;
    state.is_missed = AsksByName(pod);
    explained.refused = explained.refused || state.is_missed;
    state.about =
        state.is_missed
            ? "missed: it asks for patterns and has no record, so the webhook did not see it"
            : "it has no record: it is older than the pattern or than the label of its namespace, "
              "or the webhook did not see it";
    // It runs as it is: nothing has moved in it.
    explained.after = explained.pod;
  }

  Result<void> AddPorts(Explained& explained) {
    const PodChange change{explained.pod, explained.after};
    explained.ports = FindPortMoves(change, {}, explained.owner);
    if (explained.ports.moves.empty()) return {};
    std::vector<json> neighbours;
    for (const auto& resource : {kube::Resource{"", "v1", "services"},
                                 kube::Resource{"networking.k8s.io", "v1", "networkpolicies"}}) {
      auto all = cluster_.ListIfAllowed(resource, {explained.workload.namespace_name});
      if (!all.ok()) return all.error();
      neighbours.insert(neighbours.end(), all->begin(), all->end());
    }
    explained.ports = FindPortMoves(change, neighbours, explained.owner);
    return {};
  }

  LiveCluster& cluster_;
  const injection::Environment& environment_;
};

}  // namespace

Result<std::vector<Explained>> ExplainLive(const std::vector<std::string>& names,
                                           const LiveOptions& options,
                                           const injection::Environment& environment,
                                           Console console) {
  std::vector<ObjectName> objects;
  for (const std::string& name : names) {
    auto object = ParseObjectName(name, ObjectClass::kWorkload);
    if (!object.ok()) return object.error();
    objects.push_back(*std::move(object));
  }
  auto cluster = LiveCluster::Connect(options);
  if (!cluster.ok()) return cluster.error();
  std::vector<Explained> all;
  LiveRun run(**cluster, environment);
  for (const ObjectName& object : objects) {
    auto explained = run.ExplainOne(object);
    if (!explained.ok()) return explained.error();
    all.push_back(*std::move(explained));
  }
  for (const std::string& complaint : (*cluster)->complaints()) {
    console.err << "warning: " << complaint << '\n';
  }
  return all;
}

}  // namespace remora::cli
