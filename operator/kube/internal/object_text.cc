#include "operator/kube/internal/object_text.h"

#include <string>

namespace remora::kube::internal {

namespace {

// A Pod is 15 levels deep; a CRD with its schema some 60.
constexpr int kMaxDepth = 512;

// What stands in the place of what is nested more deeply.
constexpr std::string_view kCut = "\"nested too deeply\"";

bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// The text with kCut for every object and array below kMaxDepth.
std::string Cut(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  int depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (const char c : text) {
    const bool is_shallow = depth <= kMaxDepth;
    if (in_string) {
      if (c == '"' && !escaped) in_string = false;
      escaped = c == '\\' && !escaped;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth == kMaxDepth + 1) kept += kCut;
    } else if (c == '}' || c == ']') {
      --depth;
    }
    if (is_shallow && depth <= kMaxDepth) kept += c;
  }
  return kept;
}

}  // namespace

Result<nlohmann::json> ParseObject(std::string_view text, bool (*drops)(std::string_view member)) {
  if (IsTooDeep(text)) return ParseObject(Cut(text), drops);
  using Event = nlohmann::json::parse_event_t;
  const auto keeps = [drops](int /*depth*/, Event event, const nlohmann::json& parsed) {
    return event != Event::key || !drops(parsed.get_ref<const std::string&>());
  };
  constexpr bool kThrows = false;
  nlohmann::json object = drops == nullptr ? nlohmann::json::parse(text, nullptr, kThrows)
                                           : nlohmann::json::parse(text, keeps, kThrows);
  if (!object.is_object()) {
    return Error(ErrorCode::kUnavailable, "expected a JSON object from the API server, got: " +
                                              std::string(text.substr(0, 100)));
  }
  return object;
}

}  // namespace remora::kube::internal
