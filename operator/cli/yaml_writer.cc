#include "operator/cli/yaml_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/base/utf8.h"
#include "operator/cli/yaml_scalar.h"

namespace remora::cli {

namespace {

constexpr std::size_t kIndent = 2;

// What of the four forms would keep the string, by libyaml's rules.
struct Analysis {
  bool plain = true;
  bool single_quoted = true;
  bool block = true;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Characters that YAML wants escaped, or that some readers take for a line break.
bool IsSpecial(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
  if (character.size() == 2) return character < "\xC2\xA0";
  return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9" ||
         character == "\xEF\xBB\xBF" || character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

bool HasIndicators(std::string_view text) {
  const auto blank_at = [&](std::size_t i) {
    return i >= text.size() || text[i] == ' ' || text[i] == '\t' || text[i] == '\n';
  };
  if (text.starts_with("---") || text.starts_with("...")) return true;
  if (std::string_view("#,[]{}&*!|>'\"%@`").find(text[0]) != std::string_view::npos) return true;
  if ((text[0] == '?' || text[0] == '-') && blank_at(1)) return true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && blank_at(i + 1)) return true;
    if (text[i] == '#' && (i == 0 || blank_at(i - 1))) return true;
  }
  return false;
}

Analysis Analyze(std::string_view text) {
  Analysis result;
  const auto is_blank = [](char c) { return c == ' ' || c == '\n'; };
  if (is_blank(text.front()) || is_blank(text.back()) || HasIndicators(text)) result.plain = false;
  if (text.find('\n') != std::string_view::npos) result.plain = result.single_quoted = false;
  const bool tab = text.find('\t') != std::string_view::npos;
  bool special = false;
  for (std::size_t i = 0; i < text.size() && !special;) {
    const std::size_t length = std::max<std::size_t>(Utf8SequenceLength(text.substr(i)), 1);
    special = IsSpecial(text.substr(i, length));
    i += length;
  }
  if (tab || special) result.plain = result.single_quoted = false;
  const bool blanks_at_end_of_line = text.find(" \n") != std::string_view::npos ||
                                     text.find("\t\n") != std::string_view::npos ||
                                     text.back() == ' ' || text.back() == '\t';
  const bool all_blank = std::all_of(text.begin(), text.end(), is_blank);
  result.block =
      !special && !blanks_at_end_of_line && !all_blank && text.find('\n') != std::string_view::npos;
  return result;
}

// 1:30 and 190:20:30.5 are numbers to base 60 for readers of YAML 1.1 other than kubectl.
bool IsBase60(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && IsDigit(text[0]) && text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789_:.") == std::string_view::npos;
}

bool IsLikeDate(std::string_view text) {
  constexpr std::size_t kYearDigits = 4;
  return text.size() > kYearDigits + 1 &&
         std::all_of(text.begin(), text.begin() + kYearDigits, IsDigit) &&
         text[kYearDigits] == '-' && IsDigit(text[kYearDigits + 1]);
}

// Whether the text without quotes is something else than that string to some reader.
bool IsAmbiguous(const std::string& text) {
  if (text == "=" || text == "<<" || IsBase60(text) || IsLikeDate(text)) return true;
  const auto value = ReadPlainScalar(text);
  return !value.ok() || !value->is_string();
}

void AppendEscape(std::string_view character, std::string& out) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::uint32_t code = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) code &= 0x1F;
  if (character.size() == 3) code &= 0x0F;
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  const int digits = code <= 0xFF ? 2 : 4;
  out += digits == 2 ? "\\x" : "\\u";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[code >> shift & 0xF];
}

void AppendDoubleQuoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(Utf8SequenceLength(text), 1);
    const std::string_view character = text.substr(0, length);
    switch (text[0]) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (IsSpecial(character))
          AppendEscape(character, out);
        else
          out += character;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void AppendSingleQuoted(std::string_view text, std::string& out) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
}

// `|`, with the indentation where the first line does not show it, and what becomes of the last
// line breaks.
void AppendBlock(std::string_view text, std::size_t indent, std::string& out) {
  out += '|';
  if (text[0] == ' ' || text[0] == '\t' || text[0] == '\n') out += std::to_string(kIndent);
  if (!text.ends_with('\n')) {
    out += '-';
  } else if (text.ends_with("\n\n")) {
    out += '+';
  }
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    out += '\n';
    if (!line.empty()) out.append(indent, ' ').append(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void AppendFloat(double number, std::string& out) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                    std::chars_format::general);
  out.append(buffer.data(), result.ptr);
}

class Writer {
 public:
  explicit Writer(const YamlStyle& style) : style_(style) {}

  std::string Write(const nlohmann::json& value) && {
    if (IsNested(value)) {
      value.is_object() ? WriteMembers(value, 0) : WriteElements(value, 0);
    } else {
      WriteScalar(value, kIndent);
      out_ += '\n';
    }
    return std::move(out_);
  }

 private:
  static bool IsNested(const nlohmann::json& value) {
    return value.is_structured() && !value.empty();
  }

  // The first line's indentation is there already where `indent` characters of it are written.
  void WriteMembers(const nlohmann::json& object, std::size_t indent, bool indented = false) {
    for (const auto& [key, value] : object.items()) {
      if (!indented) out_.append(indent, ' ');
      indented = false;
      WriteKey(key, indent);
      WriteMember(value, indent);
    }
  }

  void WriteMember(const nlohmann::json& value, std::size_t indent) {
    if (!IsNested(value)) {
      out_ += ' ';
      WriteScalar(value, indent + kIndent);
      out_ += '\n';
      return;
    }
    out_ += '\n';
    if (value.is_object()) {
      WriteMembers(value, indent + style_.map_indent);
    } else {
      WriteElements(value, indent + style_.list_indent);
    }
  }

  void WriteElements(const nlohmann::json& array, std::size_t indent, bool indented = false) {
    for (const auto& value : array) {
      if (!indented) out_.append(indent, ' ');
      indented = false;
      out_ += "- ";
      if (!IsNested(value)) {
        WriteScalar(value, indent + kIndent);
        out_ += '\n';
      } else if (value.is_object()) {
        WriteMembers(value, indent + kIndent, true);
      } else {
        WriteElements(value, indent + kIndent, true);
      }
    }
  }

  void WriteKey(const std::string& key, std::size_t indent) {
    // Beyond 1,024 characters a key must be announced by a question mark.
    constexpr std::size_t kLongestSimpleKey = 1000;
    std::string text;
    AppendString(key, indent, /*block_allowed=*/false, text);
    if (text.size() > kLongestSimpleKey) {
      out_.append("? ").append(text).append("\n").append(indent, ' ');
    } else {
      out_ += text;
    }
    out_ += ':';
  }

  void WriteScalar(const nlohmann::json& value, std::size_t indent) {
    if (value.is_string()) {
      AppendString(value.get_ref<const std::string&>(), indent, /*block_allowed=*/true, out_);
    } else if (value.is_number_float()) {
      const nlohmann::json number = NormalNumber(value.get<double>());
      number.is_number_float() ? AppendFloat(number.get<double>(), out_)
                               : (void)(out_ += number.dump());
    } else {
      out_ += value.dump();  // null, booleans, integers, {} and []
    }
  }

  static void AppendString(const std::string& text, std::size_t indent, bool block_allowed,
                           std::string& out) {
    if (text.empty()) {
      out += "\"\"";
      return;
    }
    const Analysis allowed = Analyze(text);
    if (allowed.plain && !IsAmbiguous(text)) {
      out += text;
    } else if (allowed.block && block_allowed) {
      AppendBlock(text, indent, out);
    } else if (allowed.single_quoted && !IsAmbiguous(text)) {
      AppendSingleQuoted(text, out);
    } else {
      AppendDoubleQuoted(text, out);
    }
  }

  const YamlStyle& style_;
  std::string out_;
};

}  // namespace

std::string WriteYaml(const nlohmann::json& value, const YamlStyle& style) {
  return Writer(style).Write(value);
}

}  // namespace remora::cli
