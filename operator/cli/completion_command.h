// `remora completion`: a script that completes commands, flags and their values in a shell.
//
// Contract
//   - The script comes from the same list of commands as --help, so that it knows all of them.
//   - kubectl completes its plugins by asking a program of its own, `kubectl_complete-remora`, for
//     each word; that one asks `remora __complete`.
// Thread-safety: pure functions. Errors: Invalid: a shell that is not known.
//
// Example
//   auto script = CompletionScript("bash", {{.name = "lint", .about = "...", .flags = {...}}});
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operator/base/result.h"

namespace remora::cli {

struct FlagSpec {
  std::string name;        // "--output"
  std::string short_name;  // "-o"; may be empty
  std::string about;
  bool takes_value = false;
  bool takes_path = false;
  std::vector<std::string> values;  // known ones
};

struct CommandSpec {
  std::string name;
  std::string about;
  std::vector<FlagSpec> flags;
  std::vector<std::string> words;  // what may stand without a flag
};

// `shell`: bash, zsh, fish or kubectl.
Result<std::string> CompletionScript(std::string_view shell,
                                     const std::vector<CommandSpec>& commands);

// What may stand for the last of the words, one a line, as kubectl wants it: a tab between a word and
// what it is about, and last a line that says whether files may stand there, too (:0) or not (:4).
std::string CompletionAnswer(const std::vector<CommandSpec>& commands,
                             const std::vector<std::string>& words);

}  // namespace remora::cli
