#include "operator/cli/catalog_command.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "operator/api/pattern.h"
#include "operator/cli/catalog_text.h"
#include "operator/cli/live_cluster.h"
#include "operator/cli/pattern_files.h"
#include "operator/cli/resource_names.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

constexpr int kIndent = 2;

std::string NameOf(const json& pattern) { return StringAt(pattern, Pointer("/metadata/name")); }
std::string KindOf(const json& pattern) { return StringAt(pattern, Pointer("/kind")); }

Result<std::vector<json>> ReadFiles(const CatalogOptions& options, Console console) {
  OfflineOptions files;
  files.inputs.paths = options.files;
  files.namespace_name = options.catalog_namespace;
  auto loaded = LoadPatterns(files, console.in);
  if (!loaded.ok()) return loaded.error();
  std::vector<json> all;
  for (PatternObject& pattern : loaded->patterns) {
    if (IsPattern(pattern.object)) all.push_back(std::move(pattern.object));
  }
  return all;
}

Result<std::vector<json>> ReadCluster(const CatalogOptions& options) {
  const auto cluster = LiveCluster::Connect(options.live);
  if (!cluster.ok()) return cluster.error();
  std::vector<json> all;
  for (int i = 0; i < api::kPatternKindCount; ++i) {
    auto some = (*cluster)->List(PatternResource(static_cast<api::PatternKind>(i)),
                                 {options.catalog_namespace});
    if (!some.ok()) return some.error();
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<json>> Find(const std::vector<json>& all, const CatalogOptions& options) {
  std::string kind;
  std::string name = options.name;
  if (name.find('/') != name.npos) {
    const auto object = ParseObjectName(name, ObjectClass::kPattern);
    if (!object.ok()) return object.error();
    kind = object->kind->kind;
    name = object->name;
  }
  std::vector<json> found;
  std::vector<std::string> names;
  for (const json& pattern : all) {
    if (!kind.empty() && KindOf(pattern) != kind) continue;
    names.push_back(NameOf(pattern));
    if (NameOf(pattern) == name) found.push_back(pattern);
  }
  if (!found.empty()) return found;
  const std::string nearest(api::NearestName(name, {names.begin(), names.end()}));
  return Error(ErrorCode::kNotFound,
               "there is no " + (kind.empty() ? "pattern" : kind) + ' ' + name +
                   (options.files.empty() ? " in namespace " + options.catalog_namespace
                                          : std::string(" in the files")) +
                   (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

}  // namespace

Result<ExitCode> RunCatalog(const CatalogOptions& options, Console console) {
  auto all = options.files.empty() ? ReadCluster(options) : ReadFiles(options, console);
  if (!all.ok()) return all.error();
  if (options.action == "show") all = Find(*all, options);
  if (!all.ok()) return all.error();
  if (options.format == OutputFormat::kJson) {
    json list = json::array();
    for (const json& pattern : *all) list.push_back(CatalogEntryAsJson(pattern));
    console.out << list.dump(kIndent) << '\n';
    return ExitCode::kFine;
  }
  if (options.action == "show") {
    for (const json& pattern : *all) {
      if (&pattern != &all->front()) console.out << '\n';
      auto printed = PrintCatalogEntry(pattern, console.out);
      if (!printed.ok()) return printed.error();
    }
    return ExitCode::kFine;
  }
  if (all->empty()) {
    console.err << "No patterns found"
                << (options.files.empty() ? " in namespace " + options.catalog_namespace : "")
                << ".\n";
    return ExitCode::kFine;
  }
  PrintCatalog(*all, console.out);
  return ExitCode::kFine;
}

}  // namespace remora::cli
