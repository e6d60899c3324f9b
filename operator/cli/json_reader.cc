#include "operator/cli/json_reader.h"

#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/cli/yaml_scalar.h"

namespace remora::cli {

namespace {

using nlohmann::json;

// Hands the text to the parser and counts the lines that went by.
class LineCounter {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineCounter(const char* position, int* line) : position_(position), line_(line) {}
  reference operator*() const { return *position_; }
  LineCounter& operator++() {
    if (*position_ == '\n') ++*line_;
    ++position_;
    return *this;
  }
  LineCounter operator++(int) {
    LineCounter before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineCounter& other) const { return position_ == other.position_; }
  bool operator!=(const LineCounter& other) const { return position_ != other.position_; }

 private:
  const char* position_;
  int* line_;
};

// Sees the parser's events: keeps the first complaint and the lines of the first levels.
class Observer {
 public:
  Observer(const int& line, ParsedText& parsed) : line_(line), parsed_(parsed) {}

  bool Take(json::parse_event_t event, json& value) {
    switch (event) {
      case json::parse_event_t::object_start: Open(/*is_array=*/false); break;
      case json::parse_event_t::array_start: Open(/*is_array=*/true); break;
      case json::parse_event_t::key: TakeKey(value.get_ref<const std::string&>()); break;
      case json::parse_event_t::value:
        Begin();
        if (value.is_number_float() || IsTooLarge(value)) Normalise(value);
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end: open_.pop_back(); break;
    }
    return !complaint_;
  }

  const std::optional<std::string>& complaint() const { return complaint_; }
  int complaint_line() const { return complaint_line_; }

 private:
  struct Frame {
    bool is_array = false;
    std::size_t next = 0;
    std::string key;
    std::set<std::string> keys;
  };

  // Beyond what the API server keeps as an integer.
  static bool IsTooLarge(const json& value) {
    constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
    return value.is_number_unsigned() && value.get<std::uint64_t>() > kLargest;
  }

  static void Normalise(json& value) { value = NormalNumber(value.get<double>()); }

  void Complain(std::string message) {
    if (complaint_) return;
    complaint_ = std::move(message);
    complaint_line_ = line_;
  }

  void Open(bool is_array) {
    Begin();
    if (open_.size() == ParsedText::kMaxDepth) {
      Complain("nested deeper than " + std::to_string(ParsedText::kMaxDepth));
    }
    open_.push_back({.is_array = is_array, .next = 0, .key = {}, .keys = {}});
  }

  void TakeKey(const std::string& key) {
    if (!open_.back().keys.insert(key).second) {
      Complain("the key " + Quote(key) + " stands twice in one object");
    }
    open_.back().key = key;
  }

  // A value begins.
  void Begin() {
    if (open_.size() <= ParsedText::kLinesDepth) {
      json::json_pointer pointer;
      for (const Frame& frame : open_) {
        frame.is_array ? pointer /= frame.next : pointer /= frame.key;
      }
      parsed_.lines.emplace(pointer.to_string(), line_);
    }
    if (!open_.empty()) ++open_.back().next;
  }

  const int& line_;
  ParsedText& parsed_;
  std::vector<Frame> open_;
  std::optional<std::string> complaint_;
  int complaint_line_ = 0;
};

// "[json.exception.parse_error.101] parse error at line 7, column 3: syntax error while …" → what
// stands behind the position.
std::string WithoutPosition(std::string_view message) {
  const std::size_t at = message.find("syntax error ");
  return std::string(at == std::string_view::npos ? message : message.substr(at));
}

}  // namespace

Result<ParsedText> ReadJson(std::string_view text, const Place& start) {
  int line = start.line;
  ParsedText parsed;
  Observer observer(line, parsed);
  const auto refuse = [&](int at, const std::string& message) {
    return Error(ErrorCode::kInvalid, Place{start.source, at}.ToString() + ": " + message);
  };
  try {
    parsed.value = json::parse(
        LineCounter(text.data(), &line), LineCounter(text.data() + text.size(), &line),
        [&](int, json::parse_event_t event, json& value) { return observer.Take(event, value); });
  } catch (const json::parse_error& e) {
    if (!observer.complaint()) return refuse(line, "broken JSON: " + WithoutPosition(e.what()));
  }
  if (observer.complaint()) return refuse(observer.complaint_line(), *observer.complaint());
  parsed.empty = false;
  return parsed;
}

}  // namespace remora::cli
