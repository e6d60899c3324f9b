#include "operator/cli/version_command.h"

#include <nlohmann/json.hpp>

#include "operator/cli/build_info.h"

namespace remora::cli {

Result<ExitCode> RunVersion(OutputFormat format, Console console) {
  if (format == OutputFormat::kJson) {
    nlohmann::json libraries = nlohmann::json::object();
    for (const Library& library : kLibraries) {
      libraries[std::string(library.name)] = library.version;
    }
    const nlohmann::json facts = {{"version", kVersion},
                                  {"commit", kCommit},
                                  {"compiler", kCompiler},
                                  {"buildType", kBuildType},
                                  {"libraries", libraries}};
    constexpr int kIndent = 2;
    console.out << facts.dump(kIndent) << '\n';
    return ExitCode::kFine;
  }
  console.out << "remora " << kVersion << " (commit " << kCommit << ")\n"
              << "built with " << kCompiler << ", " << kBuildType << '\n';
  const char* separator = "libraries: ";
  for (const Library& library : kLibraries) {
    console.out << separator << library.name << ' ' << library.version;
    separator = ", ";
  }
  console.out << '\n';
  return ExitCode::kFine;
}

}  // namespace remora::cli
