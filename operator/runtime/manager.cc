#include "operator/runtime/manager.h"

#include <pthread.h>

#include "operator/base/log.h"

namespace remora::runtime {

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kEvents: return "events";
    case Phase::kElection: return "election";
    case Phase::kCaches: return "caches";
    case Phase::kWork: return "work";
  }
  return "";
}

void Manager::Add(Phase phase, const std::string& name, std::function<void(std::stop_token)> run) {
  constexpr std::size_t kLongestThreadName = 15;  // pthread_setname_np(3)
  MutexLock lock(mutex_);
  if (stopping_) return;
  std::jthread& thread = threads_[static_cast<std::size_t>(phase)].emplace_back(
      [run = std::move(run)](std::stop_token stop) { run(std::move(stop)); });
  pthread_setname_np(thread.native_handle(), name.substr(0, kLongestThreadName).c_str());
}

void Manager::Stop() {
  for (std::size_t phase = kPhases; phase-- > 0;) {
    std::vector<std::jthread> threads;
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      threads.swap(threads_[phase]);
    }
    if (threads.empty()) continue;
    for (std::jthread& thread : threads) thread.request_stop();
    while (!threads.empty()) threads.pop_back();  // joins
    Log(LogLevel::kDebug, "phase has ended", {{"phase", PhaseName(static_cast<Phase>(phase))}});
  }
}

}  // namespace remora::runtime
