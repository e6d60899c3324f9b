#include "operator/cli/explain_command.h"

#include <string>
#include <utility>
#include <vector>

#include "operator/cli/explained.h"
#include "operator/cli/field_place.h"
#include "operator/cli/live_explain.h"

namespace remora::cli {

namespace {

using nlohmann::json;

// The documents, one object after another.
class OfflineRun {
 public:
  OfflineRun(OfflineCluster& cluster, Console console)
      : cluster_(cluster), console_(console), places_(cluster.documents()) {}

  Result<std::vector<Explained>> Run() {
    EachObject([this](const json& object, const ObjectInText& at) { KeepNeighbour(object, at); });
    Result<void> done;
    EachObject([&](const json& object, const ObjectInText& at) {
      if (done.ok()) done = ExplainOne(object, at.otherwise);
    });
    if (!done.ok()) return done.error();
    return std::move(all_);
  }

 private:
  template <typename Use>
  void EachObject(Use use) const {
    const std::vector<Document>& documents = cluster_.documents();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      for (const ObjectPlace& at : ObjectsOf(documents[i])) {
        use(documents[i].parsed.value.at(at.path), {i, at.path, at.place});
      }
    }
  }

  void KeepNeighbour(const json& object, const ObjectInText& at) {
    const std::string kind = StringAt(object, json::json_pointer("/kind"));
    if (kind != "Service" && kind != "NetworkPolicy") return;
    neighbours_.push_back(object);
    in_text_.push_back(at);
    json& metadata = neighbours_.back()["metadata"];
    if (metadata.is_object() && !metadata.contains("namespace")) {
      metadata["namespace"] = cluster_.namespace_name();
    }
  }

  Result<void> ExplainOne(const json& object, const Place& place) {
    const auto workload = FindWorkload(object, cluster_.namespace_name());
    if (!workload) {
      if (const auto sentence = FindUnknownWorkload(object)) {
        console_.err << place.ToString() << ": warning: " << *sentence << '\n';
      }
      return {};
    }
    auto explained = ExplainWorkload(cluster_.view(), *workload, object);
    if (!explained.ok()) return explained.error().WithContext(place.ToString());
    explained->place = place;
    AddPorts(*explained);
    all_.push_back(*std::move(explained));
    return {};
  }

  void AddPorts(Explained& explained) {
    explained.ports = FindPortMoves({explained.pod, explained.after}, neighbours_, explained.owner);
    for (const LeftBehind& left : explained.ports.left_behind) {
      explained.places.push_back(places_.Find(in_text_[left.neighbour], left.field).ToString());
    }
  }

  OfflineCluster& cluster_;
  Console console_;
  FieldPlaces places_;
  std::vector<json> neighbours_;
  std::vector<ObjectInText> in_text_;  // each of them
  std::vector<Explained> all_;
};

Result<std::vector<Explained>> ExplainFiles(const OfflineOptions& options, Console console) {
  auto cluster = OfflineCluster::Load(options, console.in);
  if (!cluster.ok()) return cluster.error();
  for (const std::string& complaint : (*cluster)->view().complaints()) {
    console.err << complaint << '\n';
  }
  auto all = OfflineRun(**cluster, console).Run();
  if (all.ok() && all->empty()) {
    console.err << "nothing to explain: no Pod or workload in the documents\n";
  }
  return all;
}

}  // namespace

Result<ExitCode> RunExplain(const ExplainOptions& options, Console console) {
  const auto all = options.objects.empty() ? ExplainFiles(options.cluster, console)
                                           : ExplainLive(options.objects, options.live,
                                                         options.cluster.environment, console);
  if (!all.ok()) return all.error();
  options.format == OutputFormat::kJson ? PrintAsJson(*all, console.out)
                                        : PrintAsText(*all, console.out);
  bool refused = false;
  for (const Explained& one : *all) refused = refused || one.refused;
  return refused ? ExitCode::kRefused : ExitCode::kFine;
}

}  // namespace remora::cli
