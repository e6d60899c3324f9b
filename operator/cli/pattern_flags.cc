#include "operator/cli/pattern_flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

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

}  // namespace remora::cli
