// Every golden Pod and every example, injected and uninjected by the command line, comes back byte
// for byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "operator/cli/command_line.h"
#include "operator/cli/yaml_writer.h"
#include "tests/golden/program.h"

namespace remora::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

Finished RunRemora(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), "remora");
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = cli::RunCommandLine(arguments, {in, out, err});
  return {exit_code, out.str(), err.str()};
}

// Why the text does not come back as it was, but with the same meaning.
const std::map<std::string, std::string> kExceptions = {
    {"already-injected", "it came with a record, which is undone, too"},
    {"one-pattern-more-on-a-second-call", "it came with a record, which is undone, too"},
    {"env-override-empty", "the record keeps an absent value as the empty one"},
    {"env-append", "the record keeps an absent value as the empty one"},
    {"take-over", "the port's name comes back behind its number"},
    {"take-over-twice", "the port's name comes back behind its number"},
    {"automatic", "empty annotations in JSON"},
    {"automatic-of-the-catalog", "empty annotations in JSON"},
    {"automatic-refused", "empty annotations in JSON"},
};

TEST(GoldenUninject, GivesBackEveryPod) {
  int patched = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(REMORA_GOLDEN_DIR) / "injection")) {
    const fs::path& folder = entry.path();
    SCOPED_TRACE(folder.filename().string());
    std::vector<std::string> arguments = {"inject", "-f", "-", "--patterns", folder / "patterns"};
    if (fs::exists(folder / "namespaces.yaml")) {
      arguments.insert(arguments.end(), {"--patterns", folder / "namespaces.yaml"});
    }
    const std::string as_json = ReadFile(folder / "pod.json");
    for (const std::string& text : {as_json, cli::WriteYaml(json::parse(as_json), {2, 2})}) {
      const Finished injected = RunRemora(arguments, text);
      ASSERT_NE(injected.exit_code, 2) << injected.err;
      if (injected.exit_code == 1 || injected.out == text) continue;
      ++patched;
      const Finished undone = RunRemora({"uninject", "-f", "-"}, injected.out);
      EXPECT_EQ(undone.exit_code, 0) << undone.err;
      const bool is_exact = !kExceptions.contains(folder.filename().string());
      EXPECT_TRUE(undone.out == text || !is_exact) << undone.out;
    }
  }
  EXPECT_GT(patched, 100);
}

TEST(GoldenUninject, GivesBackEveryExample) {
  int examples = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(REMORA_GOLDEN_DIR) / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string text = ReadFile(entry.path());
    const Finished injected = RunRemora({"inject", "-f", "-"}, text);
    EXPECT_EQ(injected.exit_code, 0) << injected.err;
    EXPECT_NE(injected.out, text) << entry.path();
    // The port's name that login takes over comes back behind its number.
    if (entry.path().stem() != "login") {
      EXPECT_EQ(RunRemora({"uninject", "-f", "-"}, injected.out).out, text) << entry.path();
    }
    EXPECT_EQ(RunRemora({"lint", "-f", "-"}, text).out, "") << entry.path();
    ++examples;
  }
  EXPECT_GE(examples, 4);
}

}  // namespace
}  // namespace remora::testing
