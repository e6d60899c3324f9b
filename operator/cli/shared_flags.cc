#include "operator/cli/shared_flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>

#include "operator/api/annotations.h"
#include "operator/cli/place.h"

namespace remora::cli {

namespace {

Result<void> CheckName(const std::string& namespace_name) {
  if (api::IsDnsLabel(namespace_name)) return {};
  return Error(ErrorCode::kInvalid, Quote(namespace_name) +
                                        " is no name of a namespace; expected a-z, 0-9 and -, at "
                                        "most 63 characters");
}

}  // namespace

void AddFiles(CLI::App& command, Inputs& inputs) {
  command.add_option("-f,--filename", inputs.paths, "file, directory, or - for standard input")
      ->type_name("FILE|DIR|-")
      ->allow_extra_args(false);
  command.add_flag("-R,--recursive", inputs.recursive, "directories with all below them");
}

void AddInputs(CLI::App& command, OfflineOptions& options) {
  AddFiles(command, options.inputs);
  command.add_option("--patterns", options.patterns, "more patterns and Namespaces")
      ->type_name("FILE|DIR")
      ->allow_extra_args(false);
  AddSurroundings(command, options);
}

void AddSurroundings(CLI::App& command, OfflineOptions& options) {
  command.add_option("-n,--namespace", options.namespace_name, "of documents that name none")
      ->type_name("NS")
      ->capture_default_str();
  command
      .add_option("--catalog-namespace", options.environment.catalog_namespace,
                  "where patterns for all namespaces stand")
      ->type_name("NS")
      ->capture_default_str();
  command.add_option("--wait-image", options.environment.wait_image, "of the wait container")
      ->type_name("IMAGE")
      ->capture_default_str();
}

// Which cluster; the namespace is -n, which offline is the one of documents that name none.
void AddConnection(CLI::App& command, LiveOptions& options) {
  command.add_option("--kubeconfig", options.kubeconfig, "where the API server is")
      ->type_name("FILE");
  command.add_option("--context", options.context, "of the kubeconfig")->type_name("NAME");
  if (command.get_option_no_throw("--namespace") != nullptr) return;
  command.add_option("-n,--namespace", options.namespace_name, "default: the context's")
      ->type_name("NS");
}

Result<void> CheckFiles(const Inputs& inputs) {
  if (!inputs.paths.empty()) return {};
  return Error(ErrorCode::kInvalid,
               "-f is missing; expected a file, a directory, or - for standard input");
}

Result<void> CheckInputs(const OfflineOptions& options) {
  if (auto given = CheckFiles(options.inputs); !given.ok()) return given;
  return CheckNamespaces(options);
}

Result<void> CheckNamespaces(const OfflineOptions& options) {
  for (const std::string& name : {options.namespace_name, options.environment.catalog_namespace}) {
    if (auto checked = CheckName(name); !checked.ok()) return checked;
  }
  return {};
}

Result<void> CheckNamespace(const LiveOptions& options) {
  return options.namespace_name.empty() ? Result<void>() : CheckName(options.namespace_name);
}

void TakeNamespace(const CLI::App& command, const OfflineOptions& offline, LiveOptions& live) {
  if (command.get_option("--namespace")->count() > 0) live.namespace_name = offline.namespace_name;
}

std::vector<std::string> SplitShortFlags(const std::vector<std::string>& arguments) {
  std::vector<std::string> split;
  for (const std::string& argument : arguments) {
    const bool is_short = argument.size() > 2 && argument[0] == '-' && argument[1] != '-';
    if (is_short && argument[2] == '=') {
      split.push_back(argument.substr(0, 2));
      split.push_back(argument.substr(3));
    } else {
      split.push_back(argument);
    }
  }
  return split;
}

}  // namespace remora::cli
