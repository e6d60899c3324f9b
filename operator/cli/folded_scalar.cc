#include "operator/cli/folded_scalar.h"

#include <algorithm>

namespace remora::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// What follows the tag and the anchor that may stand in front of a scalar.
std::string_view SkipProperties(std::string_view text) {
  while (text.starts_with('!') || text.starts_with('&')) {
    text.remove_prefix(std::min(text.find_first_of(kBlanks), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  }
  return text;
}

// The first line, its line feed included.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

std::size_t CountSpaces(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(kBlanks) == std::string_view::npos;
}

std::size_t CountBlankLines(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (!IsBlank(line)) break;
    if (line.ends_with('\n')) ++count;
  }
  return count;
}

}  // namespace

std::optional<std::size_t> KeptLineBreaks(std::string_view text, std::size_t offset,
                                          bool has_text) {
  text = SkipProperties(text.substr(std::min(offset, text.size())));
  const std::string_view header = text.substr(0, text.find_first_of(kBlanks));
  if (!header.starts_with('>') || header.find('+') == std::string_view::npos) return std::nullopt;
  TakeLine(text);
  if (!has_text) return CountBlankLines(text);
  // A block that says its indentation (`>2+`) may begin with a deeper line.
  const bool says_indentation = header.find_first_of("123456789") != std::string_view::npos;
  std::optional<std::size_t> indentation;
  std::size_t breaks = 0;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    const std::size_t spaces = CountSpaces(line);
    if (!IsBlank(line)) {
      if (!indentation) indentation = says_indentation ? 1 : spaces;
      if (spaces < *indentation) break;
      breaks = 0;
    } else if (indentation && spaces > *indentation) {
      breaks = 0;  // spaces beyond the indentation are text
    }
    if (line.ends_with('\n')) ++breaks;
  }
  return breaks;
}

}  // namespace remora::cli
