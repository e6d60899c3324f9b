#include "operator/injection/parameters.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "operator/base/utf8.h"

namespace remora::injection {

namespace {

using api::ParameterType;

// What a string may hold when nothing else limits it: it may end in a shell or a configuration
// file, so neither quotes nor `$` nor line breaks.
bool IsHarmless(std::string_view text) {
  constexpr std::string_view kAllowed = " ._:/@%+=,-";
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kAllowed.find(c) != std::string_view::npos;
  });
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 0|-?[1-9][0-9]{0,17}: one spelling for one number, so that it can stand in JSON as it is.
std::optional<std::int64_t> ParseInteger(std::string_view text) {
  constexpr std::size_t kMostDigits = 18;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  if (digits.front() == '0' && text != "0") return std::nullopt;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// The digits that `text` begins with.
std::string_view TakeDigits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsDigit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

// digits[.digits]; infinity beyond the largest double, 0 below the smallest.
double ToDouble(std::string_view decimal) {
  double value = 0;
  const char* end = decimal.data() + decimal.size();
  const auto parsed = std::from_chars(decimal.data(), end, value, std::chars_format::fixed);
  if (parsed.ec != std::errc::result_out_of_range) return value;
  return decimal.find_first_not_of('0') < decimal.find('.') ? HUGE_VAL : 0;
}

// The number that limits are compared by; nothing when the text is no value of the type.
std::optional<long double> Measure(ParameterType type, std::string_view text) {
  switch (type) {
    case ParameterType::kInteger:
    case ParameterType::kPort:
      if (const auto value = ParseInteger(text)) return static_cast<long double>(*value);
      return std::nullopt;
    case ParameterType::kQuantity: return ParseQuantity(text);
    case ParameterType::kDuration:
      if (const auto value = ParseGoDuration(text)) return value->count();
      return std::nullopt;
    case ParameterType::kString:
    case ParameterType::kBoolean: return std::nullopt;
  }
  return std::nullopt;
}

std::string Expectation(ParameterType type) {
  switch (type) {
    case ParameterType::kString: return "a string of letters, digits and \" ._:/@%+=,-\"";
    case ParameterType::kInteger: return "an integer such as 3";
    case ParameterType::kBoolean: return "true or false";
    case ParameterType::kQuantity: return "a quantity such as 500Mi or 100m";
    case ParameterType::kDuration: return "a duration such as 30s or 1m30s";
    case ParameterType::kPort: return "a port from 1 to 65535";
  }
  return "a value";
}

bool HasType(const api::Parameter& spec, std::string_view value) {
  constexpr int kLastPort = 65535;
  switch (spec.type) {
    case ParameterType::kString:
      return !spec.pattern.empty() || !spec.enumeration.empty() || IsHarmless(value);
    case ParameterType::kBoolean: return value == "true" || value == "false";
    case ParameterType::kPort: {
      const auto port = ParseInteger(value);
      return port && *port >= 1 && *port <= kLastPort;
    }
    default: return Measure(spec.type, value).has_value();
  }
}

std::string Listed(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

// "; did you mean x?" or nothing.
std::string Nearest(const std::vector<std::string>& values, std::string_view value) {
  const std::string_view nearest = api::NearestName(value, {values.begin(), values.end()});
  return nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?";
}

Error Bad(const std::string& where, const std::string& what) {
  return Error(ErrorCode::kInvalid, where + ": " + what);
}

Result<std::optional<long double>> ReadLimit(const std::optional<api::IntOrString>& limit,
                                             ParameterType type, const std::string& where) {
  if (!limit) return std::optional<long double>();
  if (limit->number) return std::optional<long double>(*limit->number);
  const auto measure = Measure(type, limit->text);
  if (!measure) {
    return Bad(where, "expected " + Expectation(type) + NotValue(limit->text));
  }
  return measure;
}

Result<void> ReadLimits(CompiledParameter& parameter, const std::string& where) {
  const api::Parameter& spec = *parameter.spec;
  auto minimum = ReadLimit(spec.minimum, spec.type, where + ".minimum");
  if (!minimum.ok()) return minimum.error();
  auto maximum = ReadLimit(spec.maximum, spec.type, where + ".maximum");
  if (!maximum.ok()) return maximum.error();
  parameter.minimum = *minimum;
  parameter.maximum = *maximum;
  if (parameter.minimum && parameter.maximum && *parameter.minimum > *parameter.maximum) {
    return Bad(where + ".minimum", "expected at most the maximum, " + spec.maximum->text +
                                       NotValue(spec.minimum->text));
  }
  return {};
}

Result<void> ReadPattern(CompiledParameter& parameter, const std::string& where) {
  const std::string& pattern = parameter.spec->pattern;
  if (pattern.empty()) return {};
  constexpr std::int64_t kMostMemoryBytes = std::int64_t{1} << 20;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemoryBytes);
  auto regex = std::make_shared<const RE2>(pattern, options);
  if (!regex->ok()) {
    return Bad(where + ".pattern",
               "expected a regular expression (RE2)" + NotValue(pattern) + ": " + regex->error());
  }
  parameter.pattern = std::move(regex);
  return {};
}

}  // namespace

std::string NotValue(std::string_view value) {
  constexpr std::size_t kLongest = 60;
  std::size_t length = 0;
  while (length < value.size() && length < kLongest) {
    length += std::max<std::size_t>(1, Utf8SequenceLength(value.substr(length)));
  }
  std::string shown(value.substr(0, length));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return ", not \"" + shown + (length < value.size() ? "..." : "") + "\"";
}

std::optional<double> ParseQuantity(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 16> kSuffixes = {{{"", 1},
                                                                              {"n", 1e-9},
                                                                              {"u", 1e-6},
                                                                              {"m", 1e-3},
                                                                              {"k", 1e3},
                                                                              {"M", 1e6},
                                                                              {"G", 1e9},
                                                                              {"T", 1e12},
                                                                              {"P", 1e15},
                                                                              {"E", 1e18},
                                                                              {"Ki", 0x1p10},
                                                                              {"Mi", 0x1p20},
                                                                              {"Gi", 0x1p30},
                                                                              {"Ti", 0x1p40},
                                                                              {"Pi", 0x1p50},
                                                                              {"Ei", 0x1p60}}};
  if (text.empty()) return std::nullopt;
  const double sign = text.starts_with('-') ? -1 : 1;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  // digits[.digits], each of which may be empty: the API server reads `Ki` as 0, so we do.
  const std::string_view number = text;
  TakeDigits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    TakeDigits(text);
  }
  const double value = sign * ToDouble(number.substr(0, number.size() - text.size()));
  for (const auto& [suffix, factor] : kSuffixes) {
    if (suffix == text) return value * factor;
  }
  // e3, E3, e+3 or e-3
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = TakeDigits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  const double exponent = ToDouble(digits);
  return value == 0 ? 0 : value * std::pow(10, is_negative ? -exponent : exponent);
}

std::optional<std::chrono::duration<double>> ParseGoDuration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
      {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}}};
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::string_view number = text;
    if (TakeDigits(text).empty()) return std::nullopt;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      if (TakeDigits(text).empty()) return std::nullopt;
    }
    const double value = ToDouble(number.substr(0, number.size() - text.size()));
    const auto end = std::find_if(text.begin(), text.end(), IsDigit);
    const std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    const auto unit =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& u) { return u.first == name; });
    if (unit == kUnits.end()) return std::nullopt;
    total += value * unit->second;
    text.remove_prefix(name.size());
  }
  return std::chrono::duration<double>(total);
}

bool IsLiteralType(ParameterType type) {
  return type == ParameterType::kInteger || type == ParameterType::kBoolean ||
         type == ParameterType::kPort;
}

Result<CompiledParameter> CompileParameter(const api::Parameter& spec, const std::string& where) {
  CompiledParameter compiled;
  compiled.spec = &spec;
  if (auto done = ReadPattern(compiled, where); !done.ok()) return done.error();
  if (auto done = ReadLimits(compiled, where); !done.ok()) return done.error();
  for (const auto& [field, value] :
       {std::pair{".default", &spec.default_value}, std::pair{".example", &spec.example}}) {
    if (!*value) continue;
    if (const auto complaint = CheckParameter(compiled, **value)) {
      return Bad(where + field, *complaint);
    }
  }
  for (std::size_t i = 0; i < spec.enumeration.size(); ++i) {
    if (HasType(spec, spec.enumeration[i])) continue;
    return Bad(where + ".enum[" + std::to_string(i) + "]",
               "expected " + Expectation(spec.type) + NotValue(spec.enumeration[i]));
  }
  return compiled;
}

std::optional<std::string> CheckParameter(const CompiledParameter& parameter,
                                          std::string_view value) {
  const api::Parameter& spec = *parameter.spec;
  if (!HasType(spec, value)) return "expected " + Expectation(spec.type) + NotValue(value);
  const auto& choices = spec.enumeration;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
    return "expected one of " + Listed(choices) + NotValue(value) + Nearest(choices, value);
  }
  if (parameter.pattern &&
      !RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *parameter.pattern)) {
    return "expected a match of " + spec.pattern + NotValue(value);
  }
  const auto measure = Measure(spec.type, value);
  if (measure && parameter.minimum && *measure < *parameter.minimum) {
    return "expected at least " + spec.minimum->text + NotValue(value);
  }
  if (measure && parameter.maximum && *measure > *parameter.maximum) {
    return "expected at most " + spec.maximum->text + NotValue(value);
  }
  return std::nullopt;
}

}  // namespace remora::injection
