// CompanionState: how the companions of a Pod's patterns are, as the kubelet tells it in the Pod's
// status.
//
// Contract
//   - One for each pattern of the record that added a container. Its companion is the container with
//     the pattern's name or, where it brought none, the first init container that it added.
//   - The status is looked up in initContainerStatuses and in containerStatuses: a Native companion
//     is in the first, a Regular one in the second. What cannot be read there counts as absent.
// Thread-safety: values and pure functions. Errors: none.
//
// Example
//   for (const CompanionState& companion : FindCompanions(pod, record)) {
//     std::cout << CompanionAsText(companion) << '\n';
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace remora::cli {

// How a container has ended.
struct ContainerEnd {
  std::string reason;
  std::optional<std::int64_t> exit_code;
};

struct CompanionState {
  std::size_t pattern = 0;  // its number in the record
  std::string container;
  std::string list;  // "initContainers" or "containers"; empty: it is not in the Pod any more
  bool ready = false;
  std::string state;  // "running", "waiting", "terminated"; empty: no status yet
  std::string reason;
  std::string message;
  std::optional<std::int64_t> exit_code;  // where it is terminated
  std::uint64_t restarts = 0;
  std::optional<ContainerEnd> last_end;  // before the last restart
  bool keeps_from_services = false;      // it is not Ready, and the Pod has not ended
};

// `record` is the Pod's, read.
std::vector<CompanionState> FindCompanions(const nlohmann::json& pod, const nlohmann::json& record);

// "saver (initContainers): waiting: ImagePullBackOff (Back-off pulling image)", one line.
std::string CompanionAsText(const CompanionState& companion);
nlohmann::json CompanionAsJson(const CompanionState& companion);

}  // namespace remora::cli
