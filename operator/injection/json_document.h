// JsonDocument: a JSON text, checked whole and indexed once; JsonValue: a place in it.
//
// The vector unit finds every structural character (simdjson's first stage); one walk over them
// checks the grammar and the depth and notes where each object and array ends. After that any
// member can be visited in any order, any number of times, and what nobody asks for is skipped in
// one step. simdjson's own on-demand front end is not used: it does not check what it skips, and
// going back into a consumed object silently returns another field's value.
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
//   for (JsonValue container : document.root()["spec"]["containers"].elements()) {
//     Use(container["name"].RawString());
//   }
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
  bool is_object() const { return type() == JsonType::kObject; }
  bool is_array() const { return type() == JsonType::kArray; }
  bool is_string() const { return type() == JsonType::kString; }

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
  class MemberRange;
  class ElementRange;
  MemberRange members() const;    // empty unless an object
  ElementRange elements() const;  // empty unless an array
  std::size_t size() const;       // members or elements

 private:
  friend class JsonDocument;
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
  friend class JsonValue::Member;
  friend class JsonValue::MemberRange;
  friend class JsonValue::ElementRange;

  Result<void> Walk(int max_depth);
  std::uint32_t After(std::uint32_t index) const { return skip_[index]; }
  char At(std::uint32_t index) const { return text_[positions_[index]]; }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
  std::string text_;                          // with simdjson's padding behind it
  std::size_t size_ = 0;                      // of the text, without the padding
  const std::uint32_t* positions_ = nullptr;  // byte offsets of the structural characters
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> skip_;   // index of the structural character behind the value
  std::vector<std::uint32_t> stack_;  // open brackets
  bool parsed_ = false;
};

// One member of an object.
class JsonValue::Member {
 public:
  JsonValue value() const { return JsonValue(document_, index_ + 2); }
  std::string_view RawKey() const { return JsonValue(document_, index_).RawString(); }
  // Unescaped; see JsonValue::String.
  std::optional<std::string_view> Key(Arena& arena) const {
    return JsonValue(document_, index_).String(arena);
  }
  bool KeyIs(std::string_view key) const;

 private:
  friend class MemberRange;
  Member(const JsonDocument* document, std::uint32_t index) : document_(document), index_(index) {}
  const JsonDocument* document_;
  std::uint32_t index_;  // of the key
};

class JsonValue::MemberRange {
 public:
  class Iterator {
   public:
    Iterator(const JsonDocument* document, std::uint32_t index)
        : document_(document), index_(index) {}
    Member operator*() const { return {document_, index_}; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const JsonDocument* document_;
    std::uint32_t index_;
  };
  Iterator begin() const { return {document_, begin_}; }
  Iterator end() const { return {document_, end_}; }

 private:
  friend class JsonValue;
  const JsonDocument* document_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

class JsonValue::ElementRange {
 public:
  class Iterator {
   public:
    Iterator(const JsonDocument* document, std::uint32_t index)
        : document_(document), index_(index) {}
    JsonValue operator*() const { return {document_, index_}; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const JsonDocument* document_;
    std::uint32_t index_;
  };
  Iterator begin() const { return {document_, begin_}; }
  Iterator end() const { return {document_, end_}; }

 private:
  friend class JsonValue;
  const JsonDocument* document_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace remora::injection
