#include "operator/cli/status_command.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/cli/live_cluster.h"
#include "operator/cli/live_history.h"
#include "operator/cli/resource_names.h"
#include "operator/cli/status_text.h"

namespace remora::cli {

namespace {

using nlohmann::json;

constexpr int kIndent = 2;

// Sorted as kubectl does: by namespace, each kind by name.
Result<std::vector<json>> ListPatterns(LiveCluster& cluster, const std::string& namespace_name) {
  std::vector<json> all;
  for (const api::PatternKind kind :
       {api::PatternKind::kAmbassador, api::PatternKind::kSidecar, api::PatternKind::kAdapter}) {
    auto some = cluster.List(PatternResource(kind), {namespace_name});
    if (!some.ok()) return some;
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(), [](const json& a, const json& b) {
    const json::json_pointer path("/metadata/namespace");
    return StringAt(a, path) < StringAt(b, path);
  });
  return all;
}

// Nothing there: perhaps since the namespace is misspelt.
Result<ExitCode> SayNone(LiveCluster& cluster, const std::string& namespace_name, Console console) {
  if (namespace_name.empty()) {
    console.err << "No patterns found.\n";
    return ExitCode::kFine;
  }
  const auto own = cluster.Get({"", "v1", "namespaces"}, {.name = namespace_name});
  if (!own.ok() && own.error().code() == ErrorCode::kNotFound) return own.error();
  console.err << "No patterns found in namespace " << namespace_name << ".\n";
  return ExitCode::kFine;
}

Result<ExitCode> ShowAll(LiveCluster& cluster, const StatusOptions& options, Console console) {
  const std::string space = options.all_namespaces ? "" : cluster.namespace_name();
  const auto patterns = ListPatterns(cluster, space);
  if (!patterns.ok()) return patterns.error();
  if (options.format == OutputFormat::kJson) {
    json all = json::array();
    for (const json& pattern : *patterns) all.push_back(StatusAsJson(pattern));
    console.out << all.dump(kIndent) << '\n';
    return ExitCode::kFine;
  }
  if (patterns->empty()) return SayNone(cluster, space, console);
  PrintStatusTable(*patterns, options.all_namespaces, console.out);
  return ExitCode::kFine;
}

}  // namespace

Result<ExitCode> RunStatus(const StatusOptions& options, const Clock& clock, Console console) {
  std::vector<ObjectName> names;
  if (!options.object.empty()) {
    auto name = ParseObjectName(options.object, ObjectClass::kPattern);
    if (!name.ok()) return name.error();
    names.push_back(*std::move(name));
  }
  const auto cluster = LiveCluster::Connect(options.live);
  if (!cluster.ok()) return cluster.error();
  if (names.empty()) return ShowAll(**cluster, options, console);
  const ObjectName& name = names.front();
  const auto pattern =
      (*cluster)->Get(name.kind->resource(), {(*cluster)->namespace_name(), name.name});
  if (!pattern.ok()) return pattern.error();
  if (options.format == OutputFormat::kJson) {
    console.out << StatusAsJson(*pattern).dump(kIndent) << '\n';
  } else {
    PrintStatus(*pattern, clock.WallNow(), console.out);
  }
  return ExitCode::kFine;
}

}  // namespace remora::cli
