// CompanionWriter: the JSON of one container of a pattern in one Pod.
//
// Contract
//   - The pattern's own fields, then what Remora adds: name, ports, mounts of shares, files and the
//     token, restartPolicy.
//   - What would make the Pod invalid refuses the candidate.
// Thread-safety: owner thread only.
// Lifetime: the text is the arena's.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

// What the kubelet does with it.
enum class ContainerRole : std::uint8_t { kInit, kNative, kRegular };

class CompanionWriter {
 public:
  CompanionWriter(Context& context, Candidate& candidate, Occupancy& occupancy)
      : context_(context),
        candidate_(candidate),
        occupancy_(occupancy),
        mounts_(&context.arena),
        paths_(&context.arena) {}

  std::string_view Write(const CompiledContainer& container, ContainerRole role);
  // Waits until the pattern's first endpoint that has a listener answers.
  std::string_view WriteWait(std::string_view name);

 private:
  void AppendEnvironment(const CompiledContainer& container, std::pmr::string& json);
  void AppendShareVariable(const ChosenShare& share, std::string_view name, std::pmr::string& list);
  void AppendPorts(const CompiledContainer& container, std::pmr::string& json);
  bool IsDeclared(const CompiledContainer& container, int port, Transport transport) const;
  void AppendMounts(const CompiledContainer& container, std::pmr::string& json);
  void AppendOwnMount(const CompiledMount& mount);
  void AppendShareMount(const ChosenShare& share, bool read_only);
  void AppendFileMounts();
  void AppendTokenMount();
  void BeginMount(std::string_view volume, std::string_view path);
  void FinishMounts(std::pmr::string& json);
  bool HasPath(std::string_view path) const;
  // Two mounts at one path of the container would make the Pod invalid.
  bool TakePath(std::string_view path);

  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
  std::pmr::string mounts_;
  std::pmr::vector<std::string_view> paths_;
};

}  // namespace remora::injection
