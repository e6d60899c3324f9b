#include "tests/golden/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "operator/base/result.h"

extern char** environ;

namespace remora::testing {

namespace {

pid_t Start(const std::vector<std::string>& command, const std::filesystem::path& folder) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  constexpr mode_t kMode = 0600;
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, (folder / "out").c_str(), kFlags, kMode);
  posix_spawn_file_actions_addopen(&actions, 2, (folder / "err").c_str(), kFlags, kMode);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : -1;
}

int CodeOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "remora-test-XXXXXX").string();
  REMORA_CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a folder that stays behind fails no test
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryFolder::Write(const std::string& name,
                                             const std::string& content) const {
  std::ofstream(path_ / name, std::ios::binary) << content;
  return path_ / name;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

Finished RunProgram(const std::vector<std::string>& command) {
  const TemporaryFolder folder;
  Finished finished;
  const pid_t pid = Start(command, folder.path());
  if (pid < 0) return finished;
  int status = 0;
  waitpid(pid, &status, 0);
  finished.exit_code = CodeOf(status);
  finished.out = ReadFile(folder.path() / "out");
  finished.err = ReadFile(folder.path() / "err");
  return finished;
}

RunningProgram::RunningProgram(const std::vector<std::string>& command)
    : pid_(Start(command, folder_.path())) {}

RunningProgram::~RunningProgram() { Stop(); }

bool RunningProgram::IsRunning() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = -1;
  exit_code_ = CodeOf(status);
  return false;
}

std::string RunningProgram::Errors() const { return ReadFile(folder_.path() / "err"); }

int RunningProgram::Stop() {
  if (pid_ < 0) return exit_code_;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  exit_code_ = CodeOf(status);
  return exit_code_;
}

}  // namespace remora::testing
