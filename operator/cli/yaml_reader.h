// ReadYaml: one YAML document as the JSON that kubectl would send.
//
// Contract
//   - Plain scalars are typed by yaml_scalar.h; `<<` is merged in the order in which it stands, as
//     kubectl does; anchors and aliases are resolved.
//   - Refused, though kubectl takes some of it: a key that stands twice, a nesting deeper than
//     ParsedText::kMaxDepth, aliases that unfold to more than a million values and bytes, line
//     breaks that only YAML 1.1 knows (a lone CR, U+0085, U+2028, U+2029).
// Thread-safety: pure.
// Errors: Invalid; the message begins with the place, `cart.yaml:7: `.
//
// Example
//   auto parsed = ReadYaml("mode: 0644\n", {"cart.yaml", 1});
//   if (parsed.ok()) Use(parsed->value["mode"]);  // 420
#pragma once

#include <string_view>

#include "operator/base/result.h"
#include "operator/cli/parsed_text.h"
#include "operator/cli/place.h"

namespace remora::cli {

// `start` is where the text's first line stands.
Result<ParsedText> ReadYaml(std::string_view text, const Place& start);

}  // namespace remora::cli
