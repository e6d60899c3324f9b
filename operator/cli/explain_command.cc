#include "operator/cli/explain_command.h"

#include <string>
#include <utility>
#include <vector>

#include "operator/injection/explanation.h"

namespace remora::cli {

namespace {

using nlohmann::json;

struct Explained {
  Workload workload;
  Place place;
  std::vector<std::string> misplaced;
  bool refused = false;
  std::string text;
  json explanation;
};

Result<Explained> Explain(OfflineCluster& cluster, const json& object, const Place& place,
                          Workload workload) {
  auto injection = cluster.Inject(workload, PodOf(workload, object));
  if (!injection.ok()) return injection.error().WithContext(place.ToString());
  Explained explained;
  explained.place = place;
  explained.misplaced = FindMisplacedAnnotations(workload, object);
  explained.refused = injection->HasRefusal();
  if (injection->exclusion) {
    const std::string reason(api::ReasonName(injection->exclusion->reason));
    explained.text = "unchanged: " + reason + ": " + injection->exclusion->message + "\n";
    explained.explanation = {{"verdict", "unchanged"},
                             {"reason", reason},
                             {"message", injection->exclusion->message},
                             {"patterns", json::array()}};
  } else {
    explained.text = injection::ExplainAsText(injection->outcome);
    explained.explanation = json::parse(injection::ExplainAsJson(injection->outcome));
  }
  explained.workload = std::move(workload);
  return explained;
}

Result<std::vector<Explained>> ExplainAll(OfflineCluster& cluster) {
  std::vector<Explained> all;
  for (const Document& document : cluster.documents()) {
    for (const ObjectPlace& at : ObjectsOf(document)) {
      const json& object = document.parsed.value.at(at.path);
      auto workload = FindWorkload(object, cluster.namespace_name());
      if (!workload) continue;
      auto explained = Explain(cluster, object, at.place, *std::move(workload));
      if (!explained.ok()) return explained.error();
      all.push_back(*std::move(explained));
    }
  }
  return all;
}

void PrintText(const std::vector<Explained>& all, std::ostream& out) {
  const char* separator = "";
  for (const Explained& one : all) {
    out << separator << one.workload.kind << '/' << one.workload.name << ", namespace "
        << one.workload.namespace_name << ", " << one.place.ToString() << '\n'
        << one.text;
    for (const std::string& sentence : one.misplaced) out << "warning: " << sentence << '\n';
    separator = "\n";
  }
}

void PrintJson(const std::vector<Explained>& all, std::ostream& out) {
  constexpr int kIndent = 2;
  json array = json::array();
  for (const Explained& one : all) {
    array.push_back({{"kind", one.workload.kind},
                     {"name", one.workload.name},
                     {"namespace", one.workload.namespace_name},
                     {"source", one.place.source},
                     {"line", one.place.line},
                     {"warnings", one.misplaced},
                     {"explanation", one.explanation}});
  }
  out << array.dump(kIndent, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace

Result<ExitCode> RunExplain(const ExplainOptions& options, Console console) {
  auto cluster = OfflineCluster::Load(options.cluster, console.in);
  if (!cluster.ok()) return cluster.error();
  for (const std::string& complaint : (*cluster)->complaints()) console.err << complaint << '\n';
  auto all = ExplainAll(**cluster);
  if (!all.ok()) return all.error();
  if (all->empty()) console.err << "nothing to explain: no Pod or workload in the documents\n";
  options.format == OutputFormat::kJson ? PrintJson(*all, console.out)
                                        : PrintText(*all, console.out);
  bool refused = false;
  for (const Explained& one : *all) refused = refused || one.refused;
  return refused ? ExitCode::kRefused : ExitCode::kFine;
}

}  // namespace remora::cli
