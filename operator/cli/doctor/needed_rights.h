// NeededRights: what the two programs must be allowed, as the chart's roles allow it by default.
//
// A test compares them with the chart's templates.
// Thread-safety: pure functions. Errors: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace remora::cli::doctor {

enum class RightScope : std::uint8_t { kCluster, kRelease, kSealed };

struct NeededRight {
  RightScope scope;  // kCluster: in all namespaces
  std::string_view group;
  std::vector<std::string_view> resources;  // "sidecars/status"
  std::vector<std::string_view> verbs;
  std::vector<std::string_view> names = {};  // of the only objects; none: of all
};

const std::vector<NeededRight>& WebhookRights();
const std::vector<NeededRight>& OperatorRights();

}  // namespace remora::cli::doctor
