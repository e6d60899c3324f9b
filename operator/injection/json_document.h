// JsonDocument: a JSON text, checked whole and indexed once; JsonValue: a place in it.
//
// The vector unit finds every structural character (simdjson's first stage); one walk over them
// checks the grammar and the depth and notes where each object and array ends. After that any
// member can be visited in any order, any number of times, and what nobody asks for is skipped in
// one step.
//
// Contract
//   - Parse() accepts exactly RFC 8259 texts in UTF-8 whose nesting is at most `max_depth`; string
//     escapes are checked when a string is read.
//   - A JsonValue is two words, cheap to copy, valid until the next Parse() of its document.
//   - An absent member, element or value is a JsonValue with exists() == false, which may be asked
//     for members again: `pod["spec"]["containers"]` needs no checks in between.
//   - A key that occurs twice: the last one counts, as in Go.
//   - A warm document does not ask the heap.
// Thread-safety: owner thread only.
// Errors: Invalid, with the byte at which the text stops to be JSON.
//
// Example
//   JsonDocument document;
//   auto parsed = document.Parse(R"({"spec":{"containers":[{"name":"web"}]}})");
//   for (JsonValue container : document.root()["spec"]["containers"].elements()) Use(container);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/base/result.h"

namespace simdjson::internal {
class dom_parser_implementation;
}  // namespace simdjson::internal

namespace remora::injection {

class JsonDocument;

enum class JsonType : std::uint8_t { kAbsent, kNull, kBoolean, kNumber, kString, kArray, kObject };

class JsonValue {
 public:
  JsonValue() = default;

  bool exists() const { return document_ != nullptr; }
  JsonType type() const;
  bool is_object() const { return Is('{'); }
  bool is_array() const { return Is('['); }
  bool is_string() const { return Is('"'); }

  // The value's own text, quotes and brackets included.
  std::string_view raw() const;

  // Between the quotes, escapes as they stand; empty unless a string.
  std::string_view RawString() const;
  // Unescaped; points into the document where there is no escape, else into the arena. Nothing
  // unless a string with valid escapes.
  std::optional<std::string_view> String(Arena& arena) const;
  std::optional<std::int64_t> Integer() const;  // nothing unless an integer number in range
  std::optional<bool> Boolean() const;

  // The member of that (unescaped) key.
  JsonValue operator[](std::string_view key) const;

  class Member;
  template <typename Item>
  class Range;
  Range<Member> members() const;      // empty unless an object
  Range<JsonValue> elements() const;  // empty unless an array
  std::size_t size() const;           // members or elements
  // Whether `raw`, which RawString() or RawKey() has given, means `text`.
  static bool RawMeans(std::string_view raw, std::string_view text) {
    if (raw.size() < text.size()) return false;  // an escape is longer than its meaning
    return (text.empty() || raw[0] == text[0] || raw[0] == '\\') && MayMean(raw, text);
  }

 private:
  friend class JsonDocument;
  static constexpr std::uint32_t kLead = 0;  // structural characters before an item's value
  static bool MayMean(std::string_view raw, std::string_view text);
  bool Is(char first) const;
  JsonValue(const JsonDocument* document, std::uint32_t index)
      : document_(document), index_(index) {}

  const JsonDocument* document_ = nullptr;
  std::uint32_t index_ = 0;  // into the structural characters
};

class JsonDocument {
 public:
  static constexpr int kMaxDepth = 64;

  JsonDocument();
  ~JsonDocument();
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  // Copies the text. The root exists afterwards if and only if the result is ok.
  Result<void> Parse(std::string_view text, int max_depth = kMaxDepth);
  JsonValue root() const;

 private:
  friend class JsonValue;

  struct Open {
    std::uint32_t index;    // of the bracket
    char enclosing_closes;  // what closes the object or array around it
  };

  Result<void> Walk(int max_depth);
  Error NotJsonAt(std::string_view what, std::uint32_t index) const;
  char At(std::uint32_t index) const { return text_[positions_[index]]; }
  // The inside of a string; only space is between its end and the next structural character.
  std::string_view StringAt(std::uint32_t index) const {
    const char* const begin = text_.data() + positions_[index] + 1;
    const char* end = text_.data() + positions_[index + 1] - 1;
    while (*end != '"') --end;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
  std::string text_;      // with simdjson's padding behind it
  std::size_t size_ = 0;  // of the text, without the padding
  // Byte offsets of the structural characters; the one behind them is size_, where a space is.
  const std::uint32_t* positions_ = nullptr;
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> skip_;  // of a value: index of the structural character behind it
  std::vector<Open> stack_;
  bool parsed_ = false;
};

// One member of an object.
class JsonValue::Member {
 public:
  JsonValue value() const { return JsonValue(document_, index_ + kLead); }
  std::string_view RawKey() const { return document_->StringAt(index_); }
  std::optional<std::string_view> Key(Arena& arena) const {
    return JsonValue(document_, index_).String(arena);
  }
  bool KeyIs(std::string_view key) const { return RawMeans(RawKey(), key); }

 private:
  friend class JsonValue;
  static constexpr std::uint32_t kLead = 2;  // the key and the colon
  Member(const JsonDocument* document, std::uint32_t index) : document_(document), index_(index) {}
  const JsonDocument* document_;
  std::uint32_t index_;  // of the key
};

template <typename Item>
class JsonValue::Range {
 public:
  class Iterator {
   public:
    Iterator(const JsonDocument* document, std::uint32_t index)
        : document_(document), index_(index) {}
    Item operator*() const { return {document_, index_}; }
    Iterator& operator++() {
      index_ = document_->skip_[index_ + Item::kLead] + 1;  // behind the comma or the bracket
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const JsonDocument* document_;
    std::uint32_t index_;
  };
  Iterator begin() const { return {document_, begin_}; }
  Iterator end() const { return {document_, end_}; }

 private:
  friend class JsonValue;
  Range() = default;  // empty
  Range(const JsonDocument* document, std::uint32_t bracket)
      : document_(document), begin_(bracket + 1), end_(document->skip_[bracket]) {
    if (begin_ + 1 == end_) begin_ = end_;  // the closing bracket is all
  }
  const JsonDocument* document_ = nullptr;
  std::uint32_t begin_ = 0, end_ = 0;
};

inline bool JsonValue::Is(char first) const { return exists() && document_->At(index_) == first; }

inline std::string_view JsonValue::RawString() const {
  return is_string() ? document_->StringAt(index_) : std::string_view();
}

inline JsonValue::Range<JsonValue::Member> JsonValue::members() const {
  return is_object() ? Range<Member>(document_, index_) : Range<Member>();
}

inline JsonValue::Range<JsonValue> JsonValue::elements() const {
  return is_array() ? Range<JsonValue>(document_, index_) : Range<JsonValue>();
}

}  // namespace remora::injection
