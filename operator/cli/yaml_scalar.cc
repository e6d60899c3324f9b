#include "operator/cli/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <utility>
#include <variant>

#include "operator/cli/place.h"

namespace remora::cli {

namespace {

struct Null {};
// The types between which YAML tells; an integer may be negative or need the 64th bit.
using Scalar = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string_view>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <std::size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<Scalar> LookUpWord(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kTrue = {
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse = {
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  static constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 6> kInfinity = {".inf",  ".Inf",  ".INF",
                                                                "+.inf", "+.Inf", "+.INF"};
  static constexpr std::array<std::string_view, 3> kMinusInfinity = {"-.inf", "-.Inf", "-.INF"};
  static constexpr std::array<std::string_view, 3> kNotANumber = {".nan", ".NaN", ".NAN"};
  if (IsOneOf(text, kTrue)) return true;
  if (IsOneOf(text, kFalse)) return false;
  if (IsOneOf(text, kNull)) return Null{};
  if (IsOneOf(text, kInfinity)) return std::numeric_limits<double>::infinity();
  if (IsOneOf(text, kMinusInfinity)) return -std::numeric_limits<double>::infinity();
  if (IsOneOf(text, kNotANumber)) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

// The base that a prefix names, as in Go: 0x, 0o, 0b, and a bare 0 for octal.
int TakeBase(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char letter = static_cast<char>(digits[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  digits.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

std::optional<Scalar> ParseInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = TakeBase(text);
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  constexpr auto kMostPositive =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (magnitude > kMostPositive + 1) return std::nullopt;
    return static_cast<std::int64_t>(0 - magnitude);
  }
  if (magnitude > kMostPositive) return magnitude;
  return static_cast<std::int64_t>(magnitude);
}

std::size_t CountDigits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) -
                                  text.begin());
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool HasFormOfFloat(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const std::size_t fraction = CountDigits(text.substr(1));
    if (whole == 0 && fraction == 0) return false;
    text.remove_prefix(1 + fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

// Too large a number is none; too small a one is 0.
std::optional<Scalar> ParseFloat(const std::string& text) {
  if (!HasFormOfFloat(text)) return std::nullopt;
  const double number = std::strtod(text.c_str(), nullptr);
  if (std::isinf(number)) return std::nullopt;
  return number;
}

// A number that begins with its point may have single underscores, between digits only.
bool HasUnderscoresBetweenDigits(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    if (i == 0 || i + 1 == text.size() || !IsDigit(text[i - 1]) || !IsDigit(text[i + 1])) {
      return false;
    }
  }
  return true;
}

Scalar Resolve(std::string_view text) {
  if (const auto word = LookUpWord(text)) return *word;
  const char first = text[0];
  std::string without_underscores(text);
  std::erase(without_underscores, '_');
  if (first == '.' && HasUnderscoresBetweenDigits(text)) {
    if (const auto number = ParseFloat(without_underscores)) return *number;
  }
  if (IsDigit(first) || first == '-' || first == '+') {
    if (const auto number = ParseInteger(without_underscores)) return *number;
    if (const auto number = ParseFloat(without_underscores)) return *number;
  }
  return text;
}

std::string_view TypeName(const Scalar& scalar) {
  static constexpr std::array<std::string_view, 6> kNames = {"null", "bool",  "int",
                                                             "int",  "float", "str"};
  return kNames[scalar.index()];
}

// A shortest decimal of single precision, as kubectl prints a floating-point key.
std::string FloatKey(double number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number > 0 ? ".inf" : "-.inf";
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                    static_cast<float>(number), std::chars_format::general);
  return std::string(buffer.data(), result.ptr);
}

struct ToJson {
  Result<nlohmann::json> operator()(Null) const { return nlohmann::json(nullptr); }
  Result<nlohmann::json> operator()(bool value) const { return nlohmann::json(value); }
  Result<nlohmann::json> operator()(std::int64_t value) const { return nlohmann::json(value); }
  Result<nlohmann::json> operator()(std::uint64_t value) const {
    return NormalNumber(static_cast<double>(value));
  }
  Result<nlohmann::json> operator()(double value) const {
    if (std::isfinite(value)) return NormalNumber(value);
    return Error(ErrorCode::kInvalid,
                 "infinity and not-a-number cannot be kept in JSON; expected a number, or quotes");
  }
  Result<nlohmann::json> operator()(std::string_view value) const { return nlohmann::json(value); }
};

bool IsDate(std::string_view text) {
  constexpr std::size_t kYearDigits = 4;
  return text.size() > kYearDigits && CountDigits(text) == kYearDigits && text[kYearDigits] == '-';
}

}  // namespace

nlohmann::json NormalNumber(double number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (std::trunc(number) == number && number >= -kTwoTo63 && number < kTwoTo63) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

Result<nlohmann::json> ReadPlainScalar(std::string_view text) {
  return std::visit(ToJson{}, Resolve(text));
}

Result<nlohmann::json> ReadTaggedScalar(std::string_view tag, std::string_view text) {
  if (tag == kStringTag || !tag.starts_with(kYamlTagPrefix)) return nlohmann::json(text);
  const std::string_view wanted = tag.substr(kYamlTagPrefix.size());
  const Scalar scalar = Resolve(text);
  const std::string_view found = TypeName(scalar);
  const bool known = wanted == "null" || wanted == "bool" || wanted == "int" || wanted == "float";
  if ((known && wanted == found) || (wanted == "float" && found == "int")) {
    return std::visit(ToJson{}, scalar);
  }
  if (wanted == "timestamp" && found == "str" && IsDate(text)) return nlohmann::json(text);
  if (known || wanted == "timestamp") {
    return Error(ErrorCode::kInvalid,
                 "the tag !!" + std::string(wanted) + " does not fit " + Quote(text));
  }
  return Error(ErrorCode::kInvalid, "the tag " + Quote("!!" + std::string(wanted)) +
                                        " is not supported on a scalar; expected !!str, !!int, "
                                        "!!float, !!bool, !!null, !!timestamp or no tag");
}

std::optional<std::string> ReadPlainKey(std::string_view text) {
  const Scalar scalar = Resolve(text);
  if (const auto* boolean = std::get_if<bool>(&scalar)) return *boolean ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&scalar)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&scalar)) return FloatKey(*number);
  if (std::holds_alternative<std::string_view>(scalar)) return std::string(text);
  return std::nullopt;
}

}  // namespace remora::cli
