// LogCapture: the lines that are logged while it lives.
//
// Thread-safety: internally synchronised; one at a time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/log.h"
#include "operator/base/mutex.h"

namespace remora::testing {

class LogCapture {
 public:
  LogCapture() {
    RedirectLog([this](std::string_view line) {
      MutexLock lock(mutex_);
      lines_.emplace_back(line);
      changed_.NotifyAll();
    });
  }
  ~LogCapture() { RedirectLog(nullptr); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<std::string> lines() const {
    MutexLock lock(mutex_);
    return lines_;
  }
  // Waits for at least so many lines, at most five seconds, and returns all there are.
  std::vector<std::string> WaitFor(std::size_t count) {
    MutexLock lock(mutex_);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    changed_.WaitUntil(mutex_, std::stop_token(), limit, [&] { return lines_.size() >= count; });
    return lines_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ GUARDED_BY(mutex_);
};

}  // namespace remora::testing
