// WriteYaml: JSON as YAML, as kubectl prints it.
//
// Contract
//   - Block style, two spaces, lists not indented below their key (unless the style says so),
//     members in the order of the JSON value. Reading the text again gives the same value, with ReadYaml and with kubectl.
//   - A string that an untyped scalar could not be is quoted, also where only another reader would
//     take it for something else (`1:30`, `2001-01-01`, `=`). A string of several lines is a
//     literal block where that keeps every byte of it, else double-quoted.
//   - Unlike kubectl: long lines are not folded, and characters beyond U+FFFF are not escaped.
// Thread-safety: pure.
// Errors: none. Strings must be UTF-8.
//
// Example
//   WriteYaml({{"mode", "0644"}, {"list", {1, 2}}});  // "list:\n- 1\n- 2\nmode: \"0644\"\n"
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace remora::cli {

// How far a block stands to the right of the key above it.
struct YamlStyle {
  std::size_t map_indent = 2;
  std::size_t list_indent = 0;
};

std::string WriteYaml(const nlohmann::json& value, const YamlStyle& style = {});

}  // namespace remora::cli
