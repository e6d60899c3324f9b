// CommandSpecs: the commands and flags of a CLI11 program, as completion wants them.
//
// Thread-safety: pure function. Errors: none.
//
// Example
//   console.out << *CompletionScript("bash", CommandSpecs(app));
#pragma once

#include <vector>

#include "operator/cli/completion_command.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace remora::cli {

// What `remora completion` can print.
std::vector<std::string> Shells();

std::vector<CommandSpec> CommandSpecs(const CLI::App& app);

}  // namespace remora::cli
