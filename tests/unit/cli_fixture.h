// The command line in a folder of its own, with its streams as strings.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "operator/cli/command_line.h"

namespace remora::cli {

inline std::string Deployment(const std::string& name, const std::string& annotations) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name +
         "}  # comment\nspec:\n  template:\n    metadata: {annotations: {" + annotations +
         "}}\n    spec: {containers: [{name: app, image: app}]}\n";
}

struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class Cli : public ::testing::Test {
 protected:
  Cli() {
    std::string name = (std::filesystem::temp_directory_path() / "remora-cli-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    old_folder_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
  }
  ~Cli() override {
    std::filesystem::current_path(old_folder_);
    std::filesystem::remove_all(folder_);
  }

  static void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent);
    std::ofstream(path, std::ios::binary) << text;
  }

  static Finished Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "/usr/bin/remora");
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = RunCommandLine(arguments, {in, out, err});
    return {exit_code, out.str(), err.str()};
  }

  // One sentence on stderr, nothing on stdout, exit code 2.
  static void ExpectUsage(const std::vector<std::string>& arguments, const std::string& sentence) {
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.err, sentence + "\n");
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.exit_code, 2);
  }

 private:
  std::filesystem::path folder_;
  std::filesystem::path old_folder_;
};

}  // namespace remora::cli
