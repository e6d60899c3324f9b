// WriteFlow: a JSON value in brackets, to stand in the middle of a text.
//
// Thread-safety: pure function. Errors: none.
//
// Example
//   WriteFlow({{"name", "redis"}}, {.style = FlowStyle::kYaml});  // {name: redis}
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace remora::cli {

enum class FlowStyle : std::uint8_t {
  kYaml,     // words without quotes where every reader takes them for strings
  kSpaced,   // JSON with spaces behind its commas and colons
  kCompact,  // JSON without any
  kPretty,   // JSON with a member a line
};

struct FlowOptions {
  FlowStyle style = FlowStyle::kYaml;
  // kPretty: what a line begins with, and what each level adds.
  std::string margin = {};
  std::string step = "  ";
  std::string line_feed = "\n";
};

std::string WriteFlow(const nlohmann::json& value, const FlowOptions& options);

}  // namespace remora::cli
