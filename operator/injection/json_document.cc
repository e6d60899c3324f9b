// simdjson's own on-demand front end is not used: it does not check what it skips, and going back
// into a consumed object silently returns another field's value.
#include "operator/injection/json_document.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "operator/injection/byte_scan.h"

namespace remora::injection {

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What may stand behind a number or a word.
bool EndsScalar(char c) { return c == ',' || c == '}' || c == ']' || IsSpace(c); }

// Moves `at` behind digits; whether there were any.
bool SkipDigits(const char*& at) {
  const char* const begin = at;
  while (IsDigit(*at)) ++at;
  return at != begin;
}

// RFC 8259 number.
bool IsNumberAt(const char* at) {
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else if (!SkipDigits(at)) {
    return false;
  }
  if (*at == '.' && !SkipDigits(++at)) return false;
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!SkipDigits(at)) return false;
  }
  return EndsScalar(*at);
}

bool IsWordAt(const char* at, std::string_view word) {
  return std::memcmp(at, word.data(), word.size()) == 0 && EndsScalar(at[word.size()]);
}

// The text behind `at` goes on with space at least as long as a word.
bool IsScalarAt(const char* at) {
  switch (*at) {
    case 't': return IsWordAt(at, "true");
    case 'f': return IsWordAt(at, "false");
    case 'n': return IsWordAt(at, "null");
    default: return IsNumberAt(at);
  }
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

// What a backslash and `c` stand for; 0 if nothing.
char MeaningOf(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

// `text` is in a document, so that two blocks behind its end can be read.
std::optional<std::string_view> Unescape(std::string_view text, Arena& arena) {
  // No escape is shorter than what it stands for; whole blocks are copied.
  char* const begin = arena.Allocate(text.size() + kBlock);
  char* out = begin;
  const char* from = text.data();  // what is before it is done
  const char* const end = from + text.size();
  const auto copy_until = [&](const char* stop) {
    std::memcpy(out, from, kBlock);
    out += stop - from;
    from = stop;
  };
  for (const char* block = from; from < end; block += kBlock) {
    for (BlockMask mask = Backslashes(block); mask != 0; mask &= mask - 1) {
      const char* const backslash = block + std::countr_zero(mask);
      if (backslash < from) continue;  // a part of the escape before it
      if (backslash >= end) break;
      copy_until(backslash);
      if (++from == end) return std::nullopt;
      const char escape = *from++;
      if (escape == 'u') {
        auto at = static_cast<std::size_t>(from - text.data());
        const auto code = ReadUnicodeEscape(text, at);
        if (!code) return std::nullopt;
        AppendUtf8(*code, out);
        from = text.data() + at;
      } else if (const char meaning = MeaningOf(escape)) {
        *out++ = meaning;
      } else {
        return std::nullopt;
      }
    }
    if (const char* const stop = std::min(block + kBlock, end); from < stop) copy_until(stop);
  }
  return std::string_view(begin, static_cast<std::size_t>(out - begin));
}

bool HasEscape(std::string_view raw) { return raw.find('\\') != std::string_view::npos; }

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
  const std::uint32_t after = document_->skip_[index_];
  const char* const text = document_->text_.data();
  const std::size_t begin = document_->positions_[index_];
  std::size_t end = 0;
  if (after > index_ + 1) {  // closed by a bracket
    end = document_->positions_[after - 1] + 1;
  } else {
    end = document_->positions_[after];
    while (IsSpace(text[end - 1])) --end;
  }
  return {text + begin, end - begin};
}

std::optional<std::string_view> JsonValue::String(Arena& arena) const {
  if (!is_string()) return std::nullopt;
  const std::string_view text = document_->StringAt(index_);
  if (!HasEscape(text)) return text;
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

std::size_t JsonValue::size() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const JsonValue element : elements()) ++count;
  for ([[maybe_unused]] const Member member : members()) ++count;
  return count;
}

bool JsonValue::MayMean(std::string_view raw, std::string_view text) {
  if (raw.size() == text.size()) return raw == text && !HasEscape(text);
  if (!HasEscape(raw)) return false;
  Arena arena;  // an escape in a key or name is rare: Kubernetes has none
  return Unescape(raw, arena) == text;
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
  stage1_->structural_indexes[count_] = static_cast<std::uint32_t>(size_);
  auto walked = Walk(max_depth);
  parsed_ = walked.ok();
  return walked;
}

Result<void> JsonDocument::Walk(int max_depth) {
  constexpr char kEndOfText = ' ';  // what At(count_) is, and no other
  if (skip_.size() < count_) skip_.resize(2 * static_cast<std::size_t>(count_));
  const auto deepest = static_cast<std::size_t>(max_depth);
  if (stack_.size() < deepest) stack_.resize(deepest);
  std::size_t depth = 0;
  char closing = kEndOfText;  // what closes the object or array around i
  std::uint32_t i = 0;
  const auto is_key = [&] { return At(i) == '"' && At(i + 1) == ':'; };
  for (;;) {
    const char c = At(i);  // the first of a value
    if (c == '"') {  // NOLINT(bugprone-branch-clone): asked first, for most values are strings
      skip_[i] = i + 1;
      ++i;
    } else if (c == '{' || c == '[') {
      if (depth == deepest) return NotJsonAt("nested deeper than " + std::to_string(max_depth), i);
      stack_[depth++] = {i++, closing};
      closing = c == '{' ? '}' : ']';
      if (At(i) != closing) {
        if (c == '[') continue;
        if (!is_key()) return NotJsonAt("expected a key", i);
        i += 2;
        continue;
      }
    } else if (IsScalarAt(text_.data() + positions_[i])) {
      skip_[i] = i + 1;
      ++i;
    } else {
      return NotJsonAt("expected a value", i);
    }
    while (At(i) == closing) {
      if (depth == 0) return {};
      const Open& open = stack_[--depth];
      skip_[open.index] = ++i;
      closing = open.enclosing_closes;
    }
    if (depth == 0 || At(i) != ',') return NotJsonAt("expected a comma or the end", i);
    ++i;
    if (closing == '}') {
      if (!is_key()) return NotJsonAt("expected a key", i);
      i += 2;
    }
  }
}

Error JsonDocument::NotJsonAt(std::string_view what, std::uint32_t index) const {
  return NotJson(index == count_ ? "unexpected end" : what, positions_[index]);
}

JsonValue JsonDocument::root() const { return parsed_ ? JsonValue(this, 0) : JsonValue(); }

}  // namespace remora::injection
