#include "operator/cli/inject_command.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "operator/cli/document_printer.h"
#include "operator/injection/plan.h"

namespace remora::cli {

namespace {

using nlohmann::json;

enum class Fate : std::uint8_t { kAdmitted, kRefused };

// The run over one document after another.
class InjectRun {
 public:
  InjectRun(const InjectOptions& options, OfflineCluster& cluster, Console console)
      : options_(options), cluster_(cluster), console_(console), printer_(console.out) {}

  Result<ExitCode> Run() {
    for (const std::string& complaint : cluster_.view().complaints())
      console_.err << complaint << '\n';
    for (const Document& document : cluster_.documents()) {
      if (auto done = HandleDocument(document); !done.ok()) return done.error();
    }
    return refused_ ? ExitCode::kRefused : ExitCode::kFine;
  }

 private:
  Result<void> HandleDocument(const Document& document) {
    json value = document.parsed.value;
    std::vector<json::json_pointer> refused;
    for (const ObjectPlace& at : ObjectsOf(document)) {
      auto fate = HandleObject(value.at(at.path), at.place);
      if (!fate.ok()) return fate.error().WithContext(at.place.ToString());
      if (*fate == Fate::kRefused) refused.push_back(at.path);
    }
    refused_ = refused_ || !refused.empty();
    if (refused.size() == 1 && refused.front().empty()) {
      printer_.Skip();
      return {};
    }
    // From the last to the first, so that taking one out of a List moves none that is to go.
    std::reverse(refused.begin(), refused.end());
    for (const json::json_pointer& path : refused) {
      value.at(path.parent_pointer()).erase(std::stoul(path.back()));
    }
    printer_.Print(document, value, {.format = options_.format});
    return {};
  }

  Result<Fate> HandleObject(json& object, const Place& place) {
    const auto workload = FindWorkload(object, cluster_.namespace_name());
    if (!workload) {
      if (const auto sentence = FindUnknownWorkload(object)) {
        console_.err << place.ToString() << ": warning: " << *sentence << '\n';
      }
      return Fate::kAdmitted;
    }
    const std::string about = ": " + workload->ToString() + ": ";
    if (const auto sentence = FindUnquoted(*workload, object)) {
      console_.err << place.ToString() << ": refused" << about << *sentence << '\n';
      return Fate::kRefused;
    }
    const json pod = PodOf(*workload, object);
    auto injection = cluster_.view().Inject(*workload, pod);
    if (!injection.ok()) return injection.error();
    for (const std::string& sentence : FindMisplacedAnnotations(*workload, object)) {
      console_.err << place.ToString() << ": warning" << about << sentence << '\n';
    }
    if (injection->exclusion) return Fate::kAdmitted;
    const injection::Outcome& outcome = injection->outcome;
    if (outcome.verdict == injection::Verdict::kDenied) {
      console_.err << place.ToString() << ": refused" << about << outcome.message << '\n';
      return Fate::kRefused;
    }
    WarnOfAdmitted(*outcome.plan, place.ToString() + ": warning" + about);
    if (outcome.verdict == injection::Verdict::kUnchanged) return Fate::kAdmitted;
    auto injected = InjectedPod(*injection, pod);
    if (!injected.ok()) return injected.error();
    PutPod(*workload, *injected, object);
    return Fate::kAdmitted;
  }

  // Patterns that were asked for and are not in, in a Pod that is admitted without them.
  void WarnOfAdmitted(const injection::Plan& plan, const std::string& head) {
    for (const injection::Decision& decision : plan.decisions) {
      if (api::ClassOf(decision.reason) != api::ReasonClass::kByOnError) continue;
      console_.err << head << api::PatternKindName(decision.kind) << ' ' << decision.name
                   << " not injected: " << api::ReasonName(decision.reason) << ": "
                   << decision.message << '\n';
    }
  }

  const InjectOptions& options_;
  OfflineCluster& cluster_;
  Console console_;
  DocumentPrinter printer_;
  bool refused_ = false;
};

}  // namespace

Result<ExitCode> RunInject(const InjectOptions& options, Console console) {
  auto cluster = OfflineCluster::Load(options.cluster, console.in);
  if (!cluster.ok()) return cluster.error();
  return InjectRun(options, **cluster, console).Run();
}

}  // namespace remora::cli
