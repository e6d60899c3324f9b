// Manager: runs the parts of a process that live as long as it does, each on a thread of its own.
//
// Contract
//   - Add() starts the part at once. Stop() asks all of them to stop, then joins them, the last
//     added first; the destructor calls it.
//   - A part returns soon after its stop_token asks it to; one that returns earlier is simply done.
// Thread-safety: owner thread only.
// Errors: none; a part reports through what it shares.
// Lifetime: what the parts refer to outlives the Manager: declare it after them.
//
// Example
//   Manager manager;
//   manager.Add("reflector pods", [&](std::stop_token stop) { reflector.Run(stop); });
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace remora::runtime {

class Manager {
 public:
  Manager() = default;
  ~Manager() { Stop(); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // `name` (15 characters at most are shown) names the thread for debuggers.
  void Add(const std::string& name, std::function<void(std::stop_token)> run);
  void Stop();

 private:
  std::vector<std::jthread> threads_;
};

}  // namespace remora::runtime
