#include "operator/cli/completion_command.h"

#include <algorithm>

namespace remora::cli {

namespace {

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string BothNames(const FlagSpec& flag) {
  return flag.short_name.empty() ? flag.name : flag.short_name + " | " + flag.name;
}

// In single quotes, for fish.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// Bash, and zsh by its bashcompinit. Files are what is offered where nothing else is known.
std::string BashFunction(const std::vector<CommandSpec>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandSpec& command : commands) {
    names.push_back(command.name);
    std::vector<std::string> words = command.words;
    std::string values;
    for (const FlagSpec& flag : command.flags) {
      words.push_back(flag.name);
      if (!flag.takes_value) continue;
      values += "        " + BothNames(flag) + ") ";
      if (flag.values.empty()) {
        values += flag.takes_path ? "COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
                                  : "COMPREPLY=(); return ;;\n";
      } else {
        values += "words='" + Join(flag.values, " ") + "' ;;\n";
      }
    }
    cases += "    " + command.name + ")\n      case $previous in\n" + values +
             "        *) words='" + Join(words, " ") + "' ;;\n      esac ;;\n";
  }
  return "_remora() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    words='" +
         Join(names, " ") +
         "'\n"
         "  else\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n";
}

std::string FishScript(const std::vector<CommandSpec>& commands) {
  std::string text = "complete -c remora -e\n";
  for (const CommandSpec& command : commands) {
    text += "complete -c remora -n __fish_use_subcommand -f -a " + command.name + " -d " +
            Quoted(command.about) + "\n";
    const std::string here =
        "complete -c remora -n " + Quoted("__fish_seen_subcommand_from " + command.name);
    if (!command.words.empty()) text += here + " -f -a " + Quoted(Join(command.words, " ")) + "\n";
    for (const FlagSpec& flag : command.flags) {
      text += here + " -l " + flag.name.substr(2);
      if (!flag.short_name.empty()) text += " -s " + flag.short_name.substr(1);
      if (flag.takes_value) text += flag.takes_path ? " -r -F" : " -x";
      if (!flag.values.empty()) text += " -a " + Quoted(Join(flag.values, " "));
      text += " -d " + Quoted(flag.about) + "\n";
    }
  }
  return text;
}

// kubectl runs it with the words behind `kubectl remora`, the unfinished one last.
constexpr const char* kKubectlScript =
    "#!/bin/sh\n"
    "# remora completion kubectl > FOLDER-ON-THE-PATH/kubectl_complete-remora, and chmod +x\n"
    "exec kubectl-remora __complete \"$@\"\n";

// Of Cobra's directives, which kubectl reads: ShellCompDirectiveDefault and -NoFileComp.
constexpr const char* kFiles = ":0\n";
constexpr const char* kNoFiles = ":4\n";

std::string Offer(const std::vector<std::string>& words, const std::string& begun) {
  std::string text;
  for (const std::string& word : words) {
    if (word.starts_with(begun)) text += word + '\n';
  }
  return text;
}

const FlagSpec* FindFlag(const CommandSpec& command, const std::string& name) {
  const auto found =
      std::find_if(command.flags.begin(), command.flags.end(), [&](const FlagSpec& flag) {
        return !name.empty() && (flag.name == name || flag.short_name == name);
      });
  return found == command.flags.end() ? nullptr : &*found;
}

}  // namespace

std::string CompletionAnswer(const std::vector<CommandSpec>& commands,
                             const std::vector<std::string>& words) {
  const std::string begun = words.empty() ? "" : words.back();
  std::string text;
  if (words.size() < 2) {
    for (const CommandSpec& command : commands) {
      if (command.name.starts_with(begun)) text += command.name + '\t' + command.about + '\n';
    }
    return text + kNoFiles;
  }
  const auto command = std::find_if(commands.begin(), commands.end(), [&](const CommandSpec& one) {
    return one.name == words.front();
  });
  if (command == commands.end()) return kNoFiles;
  const FlagSpec* previous = FindFlag(*command, words[words.size() - 2]);
  if (previous != nullptr && previous->takes_value) {
    return Offer(previous->values, begun) + (previous->takes_path ? kFiles : kNoFiles);
  }
  if (!begun.starts_with('-')) return Offer(command->words, begun) + kNoFiles;
  for (const FlagSpec& flag : command->flags) {
    if (flag.name.starts_with(begun)) text += flag.name + '\t' + flag.about + '\n';
  }
  return text + kNoFiles;
}

Result<std::string> CompletionScript(std::string_view shell,
                                     const std::vector<CommandSpec>& commands) {
  if (shell == "bash") {
    return "# source <(remora completion bash)\n" + BashFunction(commands) +
           "complete -o default -F _remora remora\n";
  }
  if (shell == "zsh") {
    return "#compdef remora\n# source <(remora completion zsh)\n"
           "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" +
           BashFunction(commands) + "complete -o default -F _remora remora\n";
  }
  if (shell == "fish") return "# remora completion fish | source\n" + FishScript(commands);
  if (shell == "kubectl") return std::string(kKubectlScript);
  return Error(ErrorCode::kInvalid, "unknown shell");
}

}  // namespace remora::cli
