// Manager: runs the parts of a process that live as long as it does, each on a thread of its own, in
// phases.
//
// Contract
//   - A part starts when it is added. Stop() takes the phases in reverse: the parts of the last one are
//     asked to stop and joined before those of the one before are asked. So what a part needs belongs
//     to an earlier phase: work stops while its caches are still fed, the Lease is kept as long as
//     anybody works, and what was worked is told. The destructor calls Stop().
//   - Once Stop() has begun, no part starts any more.
//   - A part returns soon after its stop_token asks it to; one that returns earlier is simply done.
// Thread-safety: Add(): any thread, a part's among them. Stop(): no part's.
// Errors: none; a part reports through what it shares.
// Lifetime: what the parts refer to outlives the Manager: declare it after them.
//
// Example
//   Manager manager;
//   manager.Add(Phase::kCaches, "pods", [&](std::stop_token stop) { reflector.Run(stop); });
//   manager.Add(Phase::kWork, "patterns", [&](std::stop_token stop) { controller.Run(stop); });
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "operator/base/mutex.h"

namespace remora::runtime {

// In the order in which they start.
enum class Phase : std::uint8_t { kEvents, kElection, kCaches, kWork };
inline constexpr std::size_t kPhases = 4;

std::string_view PhaseName(Phase phase);

class Manager {
 public:
  Manager() = default;
  ~Manager() { Stop(); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // `name` (15 characters at most are shown) names the thread for debuggers.
  void Add(Phase phase, const std::string& name, std::function<void(std::stop_token)> run);
  void Add(const std::string& name, std::function<void(std::stop_token)> run) {
    Add(Phase::kWork, name, std::move(run));
  }
  void Stop();

 private:
  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::array<std::vector<std::jthread>, kPhases> threads_ GUARDED_BY(mutex_);
};

}  // namespace remora::runtime
