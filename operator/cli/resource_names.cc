#include "operator/cli/resource_names.h"

#include <algorithm>
#include <array>
#include <vector>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/cli/place.h"

namespace remora::cli {

namespace {

constexpr ObjectClass kWorkload = ObjectClass::kWorkload;
constexpr ObjectClass kPattern = ObjectClass::kPattern;

constexpr std::array<ResourceKind, 10> kKinds = {{
    {"Pod", "pod", "po", "", "v1", "pods", kWorkload},
    {"Deployment", "deployment", "deploy", "apps", "v1", "deployments", kWorkload},
    {"StatefulSet", "statefulset", "sts", "apps", "v1", "statefulsets", kWorkload},
    {"DaemonSet", "daemonset", "ds", "apps", "v1", "daemonsets", kWorkload},
    {"ReplicaSet", "replicaset", "rs", "apps", "v1", "replicasets", kWorkload},
    {"Job", "job", "", "batch", "v1", "jobs", kWorkload},
    {"CronJob", "cronjob", "cj", "batch", "v1", "cronjobs", kWorkload},
    {"Sidecar", "sidecar", "rsc", api::kGroup, api::kVersion, "sidecars", kPattern},
    {"Ambassador", "ambassador", "ramb", api::kGroup, api::kVersion, "ambassadors", kPattern},
    {"Adapter", "adapter", "radp", api::kGroup, api::kVersion, "adapters", kPattern},
}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsCalled(const ResourceKind& kind, std::string_view word, std::string_view group) {
  if (word.empty()) return false;
  const bool is_named = word == kind.singular || word == kind.plural || word == kind.short_name;
  return is_named && (group.empty() || group == kind.group);
}

// What is expected, one after another.
std::string KindsOf(ObjectClass expected) {
  std::string text;
  for (const ResourceKind& kind : kKinds) {
    if (kind.object_class != expected) continue;
    text.append(text.empty() ? "" : ", ").append(kind.singular);
  }
  return text;
}

Error UnknownKind(std::string_view word, ObjectClass expected) {
  std::vector<std::string_view> names;
  for (const ResourceKind& kind : kKinds) {
    if (kind.object_class == expected) names.push_back(kind.singular);
  }
  const std::string_view nearest = api::NearestName(word, names);
  return Error(ErrorCode::kInvalid,
               Quote(word) + " is no kind that is known here; " +
                   (nearest.empty() ? "expected one of " + KindsOf(expected)
                                    : "did you mean " + std::string(nearest) + "?"));
}

}  // namespace

Result<ObjectName> ParseObjectName(std::string_view text, ObjectClass expected) {
  const std::size_t slash = text.find('/');
  const std::string_view name = slash == text.npos ? "" : text.substr(slash + 1);
  const char* example = expected == kWorkload ? "deployment/cart" : "sidecar/log-saver";
  if (!api::IsDnsSubdomain(name)) {
    return Error(ErrorCode::kInvalid,
                 Quote(text) + " is no KIND/NAME; expected one such as " + example);
  }
  const std::string word = Lower(text.substr(0, slash));
  const std::size_t dot = word.find('.');
  const std::string group = dot == word.npos ? "" : word.substr(dot + 1);
  const std::string_view kind_name = std::string_view(word).substr(0, dot);
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const ResourceKind& kind) {
    return IsCalled(kind, kind_name, group);
  });
  if (found == kKinds.end()) return UnknownKind(kind_name, expected);
  if (found->object_class != expected) {
    return Error(ErrorCode::kInvalid,
                 Quote(text) + " is " +
                     (found->object_class == kPattern ? "a pattern" : "no pattern") +
                     "; expected one of " + KindsOf(expected));
  }
  return ObjectName{&*found, std::string(name)};
}

}  // namespace remora::cli
