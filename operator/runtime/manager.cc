#include "operator/runtime/manager.h"

#include <pthread.h>

#include <utility>

namespace remora::runtime {

void Manager::Add(const std::string& name, std::function<void(std::stop_token)> run) {
  constexpr std::size_t kLongestThreadName = 15;  // pthread_setname_np(3)
  threads_.emplace_back([run = std::move(run)](std::stop_token stop) { run(std::move(stop)); });
  pthread_setname_np(threads_.back().native_handle(), name.substr(0, kLongestThreadName).c_str());
}

void Manager::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  while (!threads_.empty()) threads_.pop_back();  // joins
}

}  // namespace remora::runtime
