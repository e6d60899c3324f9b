// RunCommandLine: from the arguments to the exit code; the only place that knows CLI11.
//
// Contract
//   - What cannot be understood is one sentence on stderr, with the nearest valid name, and exit
//     code 2. Nothing is thrown.
// Thread-safety: none needed. Errors: exit codes, see command.h.
//
// Example
//   RunCommandLine({"remora", "explain", "-f", "cart.yaml"}, {std::cin, std::cout, std::cerr});
#pragma once

#include <string>
#include <vector>

#include "operator/cli/command.h"

namespace remora::cli {

// `arguments` begins with the program's name.
int RunCommandLine(const std::vector<std::string>& arguments, Console console);

}  // namespace remora::cli
