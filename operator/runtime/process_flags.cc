#include "operator/runtime/process_flags.h"

#include <CLI/CLI.hpp>
#include <map>
#include <vector>

namespace remora::runtime {

namespace {

const std::map<std::string, LogLevel> kLogLevels = {{"debug", LogLevel::kDebug},
                                                    {"info", LogLevel::kInfo},
                                                    {"warning", LogLevel::kWarning},
                                                    {"error", LogLevel::kError}};
const std::map<std::string, LogFormat> kLogFormats = {{"json", LogFormat::kJson},
                                                      {"text", LogFormat::kText}};

// The names, without the numbers behind them that CLI::Transformer would show in --help.
template <typename T>
CLI::Option* AddChoice(CLI::App& app, const std::string& flag, T& into,
                       const std::map<std::string, T>& choices) {
  std::vector<std::string> names;
  names.reserve(choices.size());
  for (const auto& [name, value] : choices) names.push_back(name);
  const auto choose = [&into, &choices](const std::string& name) { into = choices.at(name); };
  return app.add_option_function<std::string>(flag, choose)->check(CLI::IsMember(names));
}

}  // namespace

void AddKubeconfigFlag(CLI::App& app, std::string& kubeconfig) {
  app.add_option("--kubeconfig", kubeconfig,
                 "File with the API server's address and our credentials; without it $KUBECONFIG, "
                 "the Pod's service account, ~/.kube/config")
      ->type_name("FILE");
}

void AddLogFlags(CLI::App& app, LogOptions& log) {
  AddChoice(app, "--log-level", log.level, kLogLevels)
      ->description("Lines below it are dropped; info unless given");
  AddChoice(app, "--log-format", log.format, kLogFormats)
      ->description("How a line looks; json unless given");
}

}  // namespace remora::runtime
