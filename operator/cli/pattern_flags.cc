#include "operator/cli/pattern_flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

#include "operator/api/pattern.h"
#include "operator/cli/shared_flags.h"

namespace remora::cli {

namespace {

void AddObject(CLI::App& command, std::string& object) {
  command.add_option("object", object, "a pattern in the cluster")->type_name("KIND/NAME");
}

void AddWriting(CLI::App& command, RevisionOptions& options) {
  AddObject(command, options.object);
  command.add_option("revision", options.revision, "or its first three characters or more")
      ->type_name("REVISION");
  command.add_flag("--dry-run", options.dry_run, "ask the API server, and write nothing");
  AddConnection(command, options.live);
}

Result<void> CheckObject(const std::string& object, const LiveOptions& live) {
  if (object.empty()) {
    return Error(ErrorCode::kInvalid,
                 "no pattern is named; expected KIND/NAME, such as sidecar/log-saver");
  }
  return CheckNamespace(live);
}

}  // namespace

void AddStatusFlags(CLI::App& command, StatusOptions& options) {
  AddObject(command, options.object);
  command.add_flag("-A,--all-namespaces", options.all_namespaces, "the patterns of all namespaces");
  AddConnection(command, options.live);
}

void AddHistoryFlags(CLI::App& command, HistoryOptions& options) {
  AddObject(command, options.object);
  command
      .add_option("--diff", options.compared,
                  "what two revisions say differently, or one and the spec")
      ->type_name("REVISION [REVISION]")
      ->expected(1, 2);
  AddConnection(command, options.live);
}

void AddPinFlags(CLI::App& command, RevisionOptions& options) {
  AddWriting(command, options);
  command.add_flag("--none", options.none, "take the pin away");
}

void AddRollbackFlags(CLI::App& command, RevisionOptions& options) { AddWriting(command, options); }

void AddDoctorFlags(CLI::App& command, DoctorOptions& options) {
  command
      .add_option("--try-pattern", options.try_pattern,
                  "only see whether a Pod gets this pattern, by a dry run")
      ->type_name("KIND/NAME");
  command
      .add_option("-n,--namespace", options.live.namespace_name,
                  "where Pods are tried (default: the context's)")
      ->type_name("NS");
  command.add_option("--release-namespace", options.release_namespace, "where Remora is installed")
      ->type_name("NS")
      ->capture_default_str();
  command.add_option("--catalog-namespace", options.catalog_namespace, "as the chart has it")
      ->type_name("NS")
      ->capture_default_str();
  command.add_option("--sealed-namespace", options.sealed_namespace, "as the chart has it")
      ->type_name("NS")
      ->capture_default_str();
  AddConnection(command, options.live);
}

void AddCatalogFlags(CLI::App& command, CatalogOptions& options) {
  command.add_option("action", options.action, "list or show")->type_name("list|show");
  command.add_option("name", options.name, "of the pattern to show")->type_name("NAME|KIND/NAME");
  command.add_option("--patterns", options.files, "of these files, instead of a cluster's")
      ->type_name("FILE|DIR")
      ->allow_extra_args(false);
  command.add_option("--catalog-namespace", options.catalog_namespace, "where they stand")
      ->type_name("NS")
      ->capture_default_str();
  command.add_option("--kubeconfig", options.live.kubeconfig, "where the API server is")
      ->type_name("FILE");
  command.add_option("--context", options.live.context, "of the kubeconfig")->type_name("NAME");
}

Result<void> CheckStatus(const StatusOptions& options) {
  if (options.all_namespaces && !options.object.empty()) {
    return Error(ErrorCode::kInvalid, "unexpected argument " + options.object +
                                          "; a pattern has one namespace, and -A is all of them");
  }
  return CheckNamespace(options.live);
}

Result<void> CheckHistory(HistoryOptions& options) {
  const bool has_object = options.compared.size() == 2 && options.object.empty() &&
                          options.compared.back().find('/') != std::string::npos;
  if (has_object) {
    options.object = options.compared.back();
    options.compared.pop_back();
  }
  return CheckObject(options.object, options.live);
}

Result<void> CheckPin(const RevisionOptions& options) {
  if (auto object = CheckObject(options.object, options.live); !object.ok()) return object;
  if (options.revision.empty() == options.none) return {};
  return Error(ErrorCode::kInvalid,
               options.none ? "unexpected argument " + options.revision +
                                  "; --none takes the pin away, a revision sets it"
                            : "no revision is named; `remora history " + options.object +
                                  "` lists them, and --none takes the pin away");
}

Result<void> CheckRollback(const RevisionOptions& options) {
  return CheckObject(options.object, options.live);
}

Result<void> CheckDoctor(const DoctorOptions& options) {
  for (const std::string& name :
       {options.release_namespace, options.catalog_namespace, options.sealed_namespace}) {
    if (auto checked = CheckNamespace({.namespace_name = name}); !checked.ok()) return checked;
  }
  return CheckNamespace(options.live);
}

Result<void> CheckCatalog(const CatalogOptions& options) {
  if (options.action != "list" && options.action != "show") {
    const std::string nearest(api::NearestName(options.action, {"list", "show"}));
    return Error(
        ErrorCode::kInvalid,
        "expected list or show" + (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
  if (options.action == "list" && !options.name.empty()) {
    return Error(ErrorCode::kInvalid,
                 "unexpected argument " + options.name + "; list names all patterns, and show one");
  }
  if (options.action == "show" && options.name.empty()) {
    return Error(ErrorCode::kInvalid,
                 "no pattern is named; expected NAME or KIND/NAME, such as sidecar/log-saver");
  }
  return CheckNamespace({.namespace_name = options.catalog_namespace});
}

}  // namespace remora::cli
