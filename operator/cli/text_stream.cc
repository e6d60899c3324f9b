#include "operator/cli/text_stream.h"

#include <algorithm>

namespace remora::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kMarkerSize = 3;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int CountLines(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

// The first line, with its line feed.
std::string_view FirstLine(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

bool IsMarker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) && (line.size() == marker.size() ||
                                      kBlanks.find(line[marker.size()]) != std::string_view::npos);
}

bool IsBlankOrComment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(kBlanks);
  return first == std::string_view::npos || line[first] == '#';
}

// The size of the part at the start of the text, by YAML's markers.
std::size_t FindEndOfPart(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view line = FirstLine(text.substr(at));
    if (at > 0 && IsMarker(line, "---")) return at;
    at += line.size();
    if (IsMarker(line, "...")) return at;
  }
  return text.size();
}

void FindBody(TextPart& part) {
  std::string_view rest = part.text;
  if (rest.starts_with(kByteOrderMark)) {
    part.header_size = kByteOrderMark.size();
    rest.remove_prefix(kByteOrderMark.size());
  }
  while (!rest.empty()) {
    const std::string_view line = FirstLine(rest);
    const bool is_marker = IsMarker(line, "---");
    if (is_marker && !IsBlankOrComment(line.substr(kMarkerSize))) {
      part.marker_size = kMarkerSize;
      break;
    }
    if (!is_marker && !IsBlankOrComment(line) && !line.starts_with('%')) break;
    part.header_size += line.size();
    rest.remove_prefix(line.size());
  }
  const std::string_view body = part.body();
  const std::size_t first = body.find_first_not_of(kBlanks);
  part.looks_like_json =
      first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

// The end of the JSON value at the start of the text, by its brackets; 0: it does not end.
std::size_t FindEndOfJson(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return i + 1;
  }
  return 0;
}

// The size of the part's first JSON value with what precedes it and the line end behind it, where
// another value follows; else the whole.
std::size_t FindNextJson(const TextPart& part) {
  const std::string_view body = part.body();
  const std::size_t end = FindEndOfJson(body);
  const std::size_t next = end == 0 ? std::string_view::npos : body.find_first_not_of(kBlanks, end);
  if (next == std::string_view::npos || (body[next] != '{' && body[next] != '[')) {
    return part.text.size();
  }
  return part.text.size() - body.size() + next;
}

}  // namespace

int TextPart::body_line() const { return line + CountLines(header()); }

std::vector<TextPart> SplitTextStream(std::string_view stream) {
  std::vector<TextPart> parts;
  int line = 1;
  while (!stream.empty()) {
    std::string_view text = stream.substr(0, FindEndOfPart(stream));
    stream.remove_prefix(text.size());
    while (!text.empty()) {
      TextPart part{.text = text, .line = line};
      FindBody(part);
      if (part.looks_like_json) part.text = text.substr(0, FindNextJson(part));
      text.remove_prefix(part.text.size());
      line += CountLines(part.text);
      parts.push_back(part);
    }
  }
  return parts;
}

}  // namespace remora::cli
