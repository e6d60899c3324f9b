#include "operator/cli/unexpected_words.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "operator/api/pattern.h"

namespace remora::cli {

namespace {

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    names.push_back(command->get_name());
  }
  return names;
}

}  // namespace

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string_view nearest = api::NearestName(name, views);
  return nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?";
}

std::optional<std::string> FindUnknownCommand(const CLI::App& app, const std::string& program,
                                              const std::vector<std::string>& arguments) {
  const std::vector<std::string> names = CommandNames(app);
  if (arguments.empty()) {
    return "no command; expected one of " + Join(names) + "; " + program + " --help tells more";
  }
  const std::string& first = arguments.front();
  if (first == "-h" || first == "--help") return std::nullopt;
  if (std::find(names.begin(), names.end(), first) != names.end()) return std::nullopt;
  const std::string nearest = DidYouMean(first, names);
  return "unknown " + std::string(first.starts_with('-') ? "flag " : "command ") + first +
         (nearest.empty() ? "; expected one of " + Join(names) : nearest);
}

std::optional<std::string> FindUnexpected(const CLI::App& command) {
  const std::vector<std::string> rest = command.remaining();
  if (rest.empty()) return std::nullopt;
  const std::string& first = rest.front();
  if (!first.starts_with('-') || first == "-") {
    const bool takes_files = command.get_option_no_throw("--filename") != nullptr;
    return "unexpected argument " + first + (takes_files ? "; files are named by -f" : "");
  }
  const std::string flag = first.substr(0, first.find('='));
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return "unknown flag " + flag + DidYouMean(flag, flags);
}

std::string AsCalled(std::string text, const std::string& program) {
  constexpr std::string_view kName = "remora ";
  for (std::size_t at = text.find(kName); at != text.npos;) {
    const bool is_word = at == 0 || std::string_view(" \n`(|").find(text[at - 1]) != text.npos;
    if (is_word) text.replace(at, kName.size() - 1, program);
    at = text.find(kName, at + (is_word ? program.size() : kName.size()));
  }
  return text;
}

}  // namespace remora::cli
