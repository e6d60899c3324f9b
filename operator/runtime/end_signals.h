// EndSignals: SIGTERM and SIGINT, taken by the main thread.
//
// Contract
//   - Made before any other thread, which inherit that the two are blocked. SIGPIPE is ignored: a
//     closed log pipe is no reason to die.
// Thread-safety: Wait and WaitFor: owner thread. Raise(): any thread.
// Errors: none.
//
// Example
//   EndSignals signals;  // the first line of main
//   Start();
//   const int signal = signals.Wait();
#pragma once

#include <chrono>
#include <csignal>

namespace remora::runtime {

class EndSignals {
 public:
  EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // Its number.
  int Wait();
  // Returns early, and true, at the next one: who asks twice means it.
  bool WaitFor(std::chrono::seconds limit);
  // As if somebody had sent SIGTERM.
  static void Raise();

 private:
  sigset_t set_ = {};
};

}  // namespace remora::runtime
