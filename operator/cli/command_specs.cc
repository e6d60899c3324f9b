#include "operator/cli/command_specs.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <utility>

namespace remora::cli {

namespace {

FlagSpec SpecOf(const CLI::Option& option) {
  const auto& shorts = option.get_snames();
  FlagSpec flag{"--" + option.get_lnames().front(),
                shorts.empty() ? "" : "-" + shorts.front(),
                option.get_description(),
                option.get_items_expected_max() > 0,
                option.get_type_name().starts_with("FILE"),
                {}};
  for (const char* format : {"text", "yaml", "json"}) {
    const bool named = flag.about.find(format) != std::string::npos;
    if (flag.name == "--output" && named) flag.values.emplace_back(format);
  }
  return flag;
}

}  // namespace

std::vector<std::string> Shells() { return {"bash", "zsh", "fish", "kubectl"}; }

std::vector<CommandSpec> CommandSpecs(const CLI::App& app) {
  std::vector<CommandSpec> commands;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    CommandSpec spec{command->get_name(), command->get_description(), {}, {}};
    if (spec.name == "completion") spec.words = Shells();
    if (spec.name == "catalog") spec.words = {"list", "show"};
    for (const CLI::Option* option : command->get_options()) {
      if (!option->get_lnames().empty()) spec.flags.push_back(SpecOf(*option));
    }
    commands.push_back(std::move(spec));
  }
  return commands;
}

}  // namespace remora::cli
