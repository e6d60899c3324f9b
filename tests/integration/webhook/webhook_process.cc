#include "tests/integration/webhook/webhook_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace remora::testing {

namespace {

constexpr std::chrono::seconds kLimit{20};

// What the binary inherits. ThreadSanitizer's reports about libcpprest.so are false: see
// tests/integration/cpprest_main.cc, which says the same for the tests' own process.
std::vector<std::string> Environment([[maybe_unused]] const TemporaryFolder& folder) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
#if defined(__SANITIZE_THREAD__)
  variables.push_back("TSAN_OPTIONS=suppressions=" + folder.Write("tsan", R"(
race:web::http::client::details::asio_context::~asio_context
race:pplx::task<web::http::http_response>::_CreateImpl
race:pplx::details::_CancellationTokenCallback<web::http::client*>::~_Cancellation
)"));
#endif
  return variables;
}

// As execve wants them; valid as long as the words are.
std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool WaitUntil(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

WebhookProcess::WebhookProcess(const std::vector<std::string>& flags) {
  std::vector<std::string> words{REMORA_WEBHOOK_BINARY};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<std::string> environment = Environment(folder_);
  const std::string log = folder_.Write("stderr", "");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_APPEND, 0);
  ::posix_spawn(&process_, REMORA_WEBHOOK_BINARY, &actions, nullptr, Pointers(words).data(),
                Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
}

WebhookProcess::~WebhookProcess() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

std::uint16_t WebhookProcess::WaitForPort() {
  const std::string key = "\"address\":\"127.0.0.1:";
  std::size_t at = std::string::npos;
  WaitUntil([&] { return (at = standard_error().find(key)) != std::string::npos; });
  if (at == std::string::npos) return 0;
  return static_cast<std::uint16_t>(std::atoi(standard_error().c_str() + at + key.size()));
}

bool WebhookProcess::WaitForText(const std::string& text) {
  return WaitUntil([&] { return standard_error().find(text) != std::string::npos; });
}

void WebhookProcess::Signal(int signal) const { ::kill(process_, signal); }

int WebhookProcess::WaitForExit() {
  int status = 0;
  if (!WaitUntil([&] { return ::waitpid(process_, &status, WNOHANG) == process_; })) return -1;
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string WebhookProcess::standard_error() const {
  std::ostringstream text;
  text << std::ifstream(folder_.path() / "stderr").rdbuf();
  return text.str();
}

}  // namespace remora::testing
