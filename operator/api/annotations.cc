#include "operator/api/annotations.h"

#include <algorithm>

#include "operator/api/pattern.h"

namespace remora::api {

namespace {

constexpr std::size_t kLongestLabel = 63;

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsLabelOfAtMost(std::string_view text, std::size_t limit) {
  return !text.empty() && text.size() <= limit && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

}  // namespace

std::string_view ListKey(PatternKind kind) {
  switch (kind) {
    case PatternKind::kAmbassador: return kAmbassadorKey;
    case PatternKind::kSidecar: return kSidecarKey;
    case PatternKind::kAdapter: return kAdapterKey;
  }
  return {};
}

bool IsPerPodLabel(std::string_view key) {
  return key == "statefulset.kubernetes.io/pod-name" || key == "apps.kubernetes.io/pod-index" ||
         key == "batch.kubernetes.io/job-completion-index";
}

bool AsksForPatterns(std::string_view key) {
  return (key.starts_with(kPatternPrefix) && key != kStatusKey) ||
         key.starts_with(kParameterPrefix) || key.starts_with(kTargetPrefix);
}

bool IsPatternName(std::string_view text) {
  constexpr std::size_t kLimit = 40;  // <pattern>.<parameter> must fit the 63 of an annotation key
  return IsLabelOfAtMost(text, kLimit) && text.find("--") == std::string_view::npos;
}

bool IsParameterName(std::string_view text) {
  constexpr std::size_t kLimit = 22;
  return !text.empty() && text.size() <= kLimit && IsLetter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetter(c) || (c >= '0' && c <= '9'); });
}

bool IsDnsLabel(std::string_view text) { return IsLabelOfAtMost(text, kLongestLabel); }

bool IsDnsSubdomain(std::string_view text) {
  constexpr std::size_t kLimit = 253;
  if (text.size() > kLimit) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsLabelOfAtMost(text.substr(0, dot), kLimit)) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsQualifiedName(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    if (!IsDnsSubdomain(text.substr(0, slash))) return false;
    text.remove_prefix(slash + 1);
  }
  return !text.empty() && IsLabelValue(text);
}

bool IsLabelValue(std::string_view text) {
  const auto is_alnum = [](char c) { return IsLowerAlnum(c) || IsLetter(c); };
  if (text.empty()) return true;
  return text.size() <= kLongestLabel && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsKeyUnder(std::string_view key, std::string_view domain) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view prefix = key.substr(0, slash);
  if (!prefix.ends_with(domain)) return false;
  return prefix.size() == domain.size() || prefix[prefix.size() - domain.size() - 1] == '.';
}

}  // namespace remora::api
