#include "operator/runtime/end_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace remora::runtime {

EndSignals::EndSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int EndSignals::Wait() {
  int signal = 0;
  while (sigwait(&set_, &signal) != 0) {
  }
  return signal;
}

bool EndSignals::WaitFor(std::chrono::seconds limit) {
  const std::timespec time{.tv_sec = limit.count(), .tv_nsec = 0};
  int signal = -1;
  do {
    signal = sigtimedwait(&set_, nullptr, &time);
  } while (signal < 0 && errno == EINTR);
  return signal > 0;
}

void EndSignals::Raise() { kill(getpid(), SIGTERM); }

}  // namespace remora::runtime
