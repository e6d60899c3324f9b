// ParsedText: what a YAML or JSON reader makes of one document.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace remora::cli {

struct ParsedText {
  // How far below the root lines are kept: deep enough for the items of a List.
  static constexpr std::size_t kLinesDepth = 2;
  // Deeper texts are refused; Kubernetes' own objects need 20.
  static constexpr std::size_t kMaxDepth = 64;

  bool empty = true;                 // nothing but white space and comments
  nlohmann::json value;              // null when empty
  std::map<std::string, int> lines;  // JSON Pointer of a value → the line in which it begins
};

}  // namespace remora::cli
