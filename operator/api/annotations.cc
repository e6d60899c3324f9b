#include "operator/api/annotations.h"

#include <algorithm>

namespace remora::api {

namespace {

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsLabelOfAtMost(std::string_view text, std::size_t limit) {
  return !text.empty() && text.size() <= limit && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

}  // namespace

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

bool IsDnsLabel(std::string_view text) {
  constexpr std::size_t kLimit = 63;
  return IsLabelOfAtMost(text, kLimit);
}

}  // namespace remora::api
