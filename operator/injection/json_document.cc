#include "operator/injection/json_document.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace remora::injection {

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259 number.
bool IsNumber(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    return i > start;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t first = i;
  if (!digits()) return false;
  if (text[first] == '0' && i - first > 1) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

bool IsScalar(std::string_view text) {
  return text == "true" || text == "false" || text == "null" || IsNumber(text);
}

void AppendUtf8(char32_t code, char*& out) {
  const auto byte = [&out](char32_t value) { *out++ = static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// Four hexadecimal digits at `at`.
std::optional<char32_t> HexCode(std::string_view text, std::size_t at) {
  constexpr std::size_t kDigits = 4;
  if (at + kDigits > text.size()) return std::nullopt;
  unsigned code = 0;
  const char* begin = text.data() + at;
  const auto parsed = std::from_chars(begin, begin + kDigits, code, 16);
  if (parsed.ptr != begin + kDigits) return std::nullopt;
  return code;
}

// The code point of a \u escape whose digits start at `at`, which moves behind it. A surrogate
// without its other half is U+FFFD, as in Go.
std::optional<char32_t> ReadUnicodeEscape(std::string_view text, std::size_t& at) {
  constexpr char32_t kReplacement = 0xFFFD;
  const auto high = HexCode(text, at);
  if (!high) return std::nullopt;
  at += 4;
  if (*high < 0xD800 || *high > 0xDFFF) return *high;
  if (*high > 0xDBFF || text.substr(at, 2) != "\\u") return kReplacement;
  const auto low = HexCode(text, at + 2);
  if (!low || *low < 0xDC00 || *low > 0xDFFF) return kReplacement;
  at += 6;
  return 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00);
}

std::optional<std::string_view> Unescape(std::string_view text, Arena& arena) {
  char* const begin = arena.Allocate(text.size());  // no escape is shorter than what it stands for
  char* out = begin;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      *out++ = text[i++];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char escape = text[i++];
    if (escape == 'u') {
      const auto code = ReadUnicodeEscape(text, i);
      if (!code) return std::nullopt;
      AppendUtf8(*code, out);
      continue;
    }
    const std::size_t which = kEscapes.find(escape);
    if (which == std::string_view::npos) return std::nullopt;
    *out++ = kMeanings[which];
  }
  return std::string_view(begin, static_cast<std::size_t>(out - begin));
}

Error NotJson(std::string_view what, std::size_t byte) {
  return Error(ErrorCode::kInvalid,
               "not JSON at byte " + std::to_string(byte) + ": " + std::string(what));
}

}  // namespace

JsonType JsonValue::type() const {
  if (!exists()) return JsonType::kAbsent;
  switch (document_->At(index_)) {
    case '{': return JsonType::kObject;
    case '[': return JsonType::kArray;
    case '"': return JsonType::kString;
    case 't':
    case 'f': return JsonType::kBoolean;
    case 'n': return JsonType::kNull;
    default: return JsonType::kNumber;
  }
}

std::string_view JsonValue::raw() const {
  if (!exists()) return {};
  const std::uint32_t after = document_->After(index_);
  const std::size_t begin = document_->positions_[index_];
  std::size_t end = 0;
  if (after > index_ + 1) {  // closed by a bracket
    end = document_->positions_[after - 1] + 1;
  } else {
    end = after < document_->count_ ? document_->positions_[after] : document_->size_;
    while (IsSpace(document_->text_[end - 1])) --end;
  }
  return std::string_view(document_->text_).substr(begin, end - begin);
}

std::string_view JsonValue::RawString() const {
  if (!is_string()) return {};
  const std::string_view text = raw();
  return text.substr(1, text.size() - 2);
}

std::optional<std::string_view> JsonValue::String(Arena& arena) const {
  if (!is_string()) return std::nullopt;
  const std::string_view text = RawString();
  if (std::memchr(text.data(), '\\', text.size()) == nullptr) return text;
  return Unescape(text, arena);
}

std::optional<std::int64_t> JsonValue::Integer() const {
  if (type() != JsonType::kNumber) return std::nullopt;
  const std::string_view text = raw();
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> JsonValue::Boolean() const {
  if (type() != JsonType::kBoolean) return std::nullopt;
  return document_->At(index_) == 't';
}

JsonValue JsonValue::operator[](std::string_view key) const {
  JsonValue found;
  for (const Member member : members()) {
    if (member.KeyIs(key)) found = member.value();
  }
  return found;
}

JsonValue::MemberRange JsonValue::members() const {
  MemberRange range;
  if (!is_object()) return range;
  range.document_ = document_;
  range.begin_ = index_ + 1;
  range.end_ = document_->After(index_) - 1;
  return range;
}

JsonValue::ElementRange JsonValue::elements() const {
  ElementRange range;
  if (!is_array()) return range;
  range.document_ = document_;
  range.begin_ = index_ + 1;
  range.end_ = document_->After(index_) - 1;
  return range;
}

std::size_t JsonValue::size() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const JsonValue element : elements()) ++count;
  for ([[maybe_unused]] const Member member : members()) ++count;
  return count;
}

bool JsonValue::Member::KeyIs(std::string_view key) const {
  const std::string_view raw_key = RawKey();
  if (raw_key == key) return true;
  if (std::memchr(raw_key.data(), '\\', raw_key.size()) == nullptr) return false;
  Arena arena;  // a key with an escape is rare: Kubernetes has none
  return Key(arena) == key;
}

JsonValue::MemberRange::Iterator& JsonValue::MemberRange::Iterator::operator++() {
  index_ = document_->After(index_ + 2);
  if (document_->At(index_) == ',') ++index_;
  return *this;
}

JsonValue::ElementRange::Iterator& JsonValue::ElementRange::Iterator::operator++() {
  index_ = document_->After(index_);
  if (document_->At(index_) == ',') ++index_;
  return *this;
}

JsonDocument::JsonDocument() = default;
JsonDocument::~JsonDocument() = default;

Result<void> JsonDocument::Parse(std::string_view text, int max_depth) {
  parsed_ = false;
  if (text.size() >= simdjson::SIMDJSON_MAXSIZE_BYTES) return NotJson("too large", text.size());
  size_ = text.size();
  if (text_.size() < size_ + simdjson::SIMDJSON_PADDING) {
    text_.resize(2 * size_ + simdjson::SIMDJSON_PADDING);
  }
  std::copy(text.begin(), text.end(), text_.begin());
  std::fill_n(text_.begin() + static_cast<std::ptrdiff_t>(size_), simdjson::SIMDJSON_PADDING, ' ');

  if (!stage1_ || stage1_->capacity() < size_) {
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        std::max<std::size_t>(2 * size_, 1024), simdjson::DEFAULT_MAX_DEPTH, stage1_);
    if (error) return Error(ErrorCode::kInternal, simdjson::error_message(error));
  }
  const auto error = stage1_->stage1(reinterpret_cast<const std::uint8_t*>(text_.data()), size_,
                                     simdjson::stage1_mode::regular);
  if (error) return NotJson(simdjson::error_message(error), size_);
  positions_ = stage1_->structural_indexes.get();
  count_ = stage1_->n_structural_indexes;
  auto walked = Walk(max_depth);
  parsed_ = walked.ok();
  return walked;
}

Result<void> JsonDocument::Walk(int max_depth) {
  enum class Expect : std::uint8_t { kValue, kElementOrEnd, kKey, kKeyOrEnd, kCommaOrEnd };
  if (skip_.size() < count_) skip_.resize(2 * static_cast<std::size_t>(count_));
  stack_.clear();
  Expect expect = Expect::kValue;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const char c = At(i);
    const bool may_end = expect == Expect::kElementOrEnd || expect == Expect::kKeyOrEnd ||
                         expect == Expect::kCommaOrEnd;
    if (c == '}' || c == ']') {
      const char open = c == '}' ? '{' : '[';
      if (!may_end || stack_.empty() || At(stack_.back()) != open) {
        return NotJson("unexpected closing bracket", positions_[i]);
      }
      skip_[stack_.back()] = i + 1;
      stack_.pop_back();
      expect = Expect::kCommaOrEnd;
      continue;
    }
    skip_[i] = i + 1;
    switch (expect) {
      case Expect::kCommaOrEnd:
        if (c != ',' || stack_.empty())
          return NotJson("expected a comma or the end", positions_[i]);
        expect = At(stack_.back()) == '{' ? Expect::kKey : Expect::kValue;
        break;
      case Expect::kKey:
      case Expect::kKeyOrEnd:
        if (c != '"' || i + 1 >= count_ || At(i + 1) != ':') {
          return NotJson("expected a key", positions_[i]);
        }
        ++i;  // the colon
        skip_[i] = i + 1;
        expect = Expect::kValue;
        break;
      case Expect::kValue:
      case Expect::kElementOrEnd:
        expect = Expect::kCommaOrEnd;
        if (c == '{' || c == '[') {
          if (stack_.size() >= static_cast<std::size_t>(max_depth)) {
            return NotJson("nested deeper than " + std::to_string(max_depth), positions_[i]);
          }
          stack_.push_back(i);
          expect = c == '{' ? Expect::kKeyOrEnd : Expect::kElementOrEnd;
        } else if (c == ',' || c == ':' || (c != '"' && !IsScalar(JsonValue(this, i).raw()))) {
          return NotJson("expected a value", positions_[i]);
        }
        break;
    }
  }
  if (!stack_.empty() || expect != Expect::kCommaOrEnd) return NotJson("unexpected end", size_);
  return {};
}

JsonValue JsonDocument::root() const { return parsed_ ? JsonValue(this, 0) : JsonValue(); }

}  // namespace remora::injection
