// What an untyped YAML scalar means: the table by which kubectl reads one.
//
// kubectl reads YAML 1.1 with some of 1.2 mixed in (`yes`, `0644` and `0o644` are no strings, `1:30`
// is one). No YAML library for C++ does the same, so the table is ours; a test asks kubectl itself.
//
// Contract
//   - Numbers come out as the API server keeps them: an integer where the value is one and fits 64
//     bits (`1e3` is 1000, `1.0` is 1), else a double. Timestamps stay strings.
// Thread-safety: pure functions.
// Errors: Invalid, for what has no JSON (`.inf`) and for a tag that its value does not fit.
//
// Example
//   auto mode = ReadPlainScalar("0644");            // 420
//   auto word = ReadTaggedScalar(kStringTag, "yes");  // "yes"
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "operator/base/result.h"

namespace remora::cli {

inline constexpr std::string_view kYamlTagPrefix = "tag:yaml.org,2002:";
inline constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";
inline constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";

// A scalar without quotes and without a tag.
Result<nlohmann::json> ReadPlainScalar(std::string_view text);

// A scalar with a tag in its long form; an application's own tag (`!mine`) makes a string.
Result<nlohmann::json> ReadTaggedScalar(std::string_view tag, std::string_view text);

// The member name that a plain scalar in the place of a key becomes: `yes` is "true", `0x10` is
// "16". Nothing for null and for integers beyond 64 bits.
std::optional<std::string> ReadPlainKey(std::string_view text);

// A double as the API server keeps it: an integer where it is one.
nlohmann::json NormalNumber(double number);

}  // namespace remora::cli
