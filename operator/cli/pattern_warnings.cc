#include "operator/cli/pattern_warnings.h"

#include <cstdint>
#include <optional>

namespace remora::cli {

namespace {

using nlohmann::json;

constexpr std::int64_t kOthersRead = 04;
constexpr std::int64_t kModeBits = 0777;

// What the pattern says of the user that its companion runs as.
struct User {
  std::optional<std::int64_t> id;
  bool not_root = false;  // whoever the image names

  bool IsNotRoot() const { return id ? *id != 0 : not_root; }
  std::string ToString() const {
    return id ? "user " + std::to_string(*id) : "a user other than root";
  }
};

User UserOf(const json& container) {
  User user;
  const json::json_pointer id("/securityContext/runAsUser");
  const json::json_pointer not_root("/securityContext/runAsNonRoot");
  if (container.contains(id) && container.at(id).is_number_integer()) {
    user.id = container.at(id).get<std::int64_t>();
  }
  user.not_root = container.contains(not_root) && container.at(not_root) == true;
  return user;
}

std::string Octal(std::int64_t mode) {
  std::string text;
  for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + (mode >> shift & 7));
  return "0" + text;
}

bool CompanionWrites(const api::Pattern& pattern, const api::Share& share) {
  const bool populates =
      pattern.kind == api::PatternKind::kSidecar && pattern.spec.role == api::Role::kPopulate;
  const api::ShareAccess access = share.access.value_or(
      populates ? api::ShareAccess::kCompanionWrites : api::ShareAccess::kTargetWrites);
  return access != api::ShareAccess::kTargetWrites;
}

}  // namespace

std::vector<Warning> FindWarnings(const api::Pattern& pattern) {
  std::vector<Warning> warnings;
  const json& container = pattern.spec.container;
  if (!container.is_object()) return warnings;
  const User user = UserOf(container);
  if (user.not_root && !user.id) {
    warnings.push_back({"spec.container.securityContext.runAsNonRoot",
                        "there is no runAsUser beside it: the kubelet starts the companion only if "
                        "its image names a user by number"});
  }
  if (user.not_root && user.id == 0) {
    warnings.push_back({"spec.container.securityContext.runAsUser",
                        "is 0 beside runAsNonRoot: the kubelet will not start the companion"});
  }
  for (std::size_t i = 0; i < pattern.spec.files.size(); ++i) {
    const std::int64_t mode = pattern.spec.files[i].mode & kModeBits;
    if (!user.IsNotRoot() || (mode & kOthersRead) != 0) continue;
    warnings.push_back({"spec.files[" + std::to_string(i) + "].mode",
                        "with " + Octal(mode) +
                            " the file, which belongs to root, cannot be read by " +
                            user.ToString() + "; 0644 lets others read"});
  }
  for (std::size_t i = 0; i < pattern.spec.share.size(); ++i) {
    const api::Share& share = pattern.spec.share[i];
    if (!user.IsNotRoot() || share.volume_name.empty() || !CompanionWrites(pattern, share))
      continue;
    warnings.push_back({"spec.share[" + std::to_string(i) + "].volumeName",
                        "a volume of the Pod mostly belongs to root: " + user.ToString() +
                            " can write there only if the Pod's fsGroup lets it"});
  }
  return warnings;
}

}  // namespace remora::cli
