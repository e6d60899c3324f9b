// ReadJson: one JSON document, with the lines of its first levels.
//
// Contract
//   - Strict RFC 8259, and no key twice; numbers as the API server keeps them (NormalNumber()).
// Thread-safety: pure.
// Errors: Invalid; the message begins with the place, `pod.json:7: `.
//
// Example
//   auto parsed = ReadJson(R"({"items": [1.0]})", {"list.json", 1});
//   if (parsed.ok()) Use(parsed->value["items"][0], parsed->lines["/items/0"]);
#pragma once

#include <string_view>

#include "operator/base/result.h"
#include "operator/cli/parsed_text.h"
#include "operator/cli/place.h"

namespace remora::cli {

// `start` is where the text's first line stands.
Result<ParsedText> ReadJson(std::string_view text, const Place& start);

}  // namespace remora::cli
