// Program: a shipped program run as a child process, and a folder that goes away with the test.
//
// Thread-safety: owner thread only.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace remora::testing {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path Write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::filesystem::path& path);

struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs to its end.
Finished RunProgram(const std::vector<std::string>& command);

// Runs until it is destroyed (SIGTERM, then wait).
class RunningProgram {
 public:
  explicit RunningProgram(const std::vector<std::string>& command);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  bool IsRunning();
  std::string Errors() const;
  // Ends it as the kubelet would; returns its exit code.
  int Stop();

 private:
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  int exit_code_ = -1;
};

}  // namespace remora::testing
