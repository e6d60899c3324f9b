// TextTree: where in a text of YAML or JSON each value stands, so that one can be changed and the
// rest left as it is.
//
// Contract
//   - Positions are bytes of the text that was parsed. A block ends with the last byte that belongs
//     to its values: line ends and comments behind it are not in it.
//   - What a value means is the readers' business (yaml_reader.h, json_reader.h); here are places.
// Thread-safety: immutable after Parse(). Errors: none; a text that libyaml refuses has no tree.
// Lifetime: the text must outlive the tree.
//
// Example
//   if (auto tree = TextTree::Parse("a: {b: 1}\n")) Use(*FindMember(*tree->root(), "a"));
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remora::cli {

struct TextNode {
  enum class Kind : std::uint8_t { kScalar, kList, kMap, kAlias };

  Kind kind = Kind::kScalar;
  bool flow = false;      // in brackets
  bool anchored = false;  // `&a` stands in front, within the node
  char style = 0;         // of a scalar: ' " | > or 0 for a plain one
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;                            // of a scalar
  const TextNode* target = nullptr;            // of an alias
  std::vector<const TextNode*> children = {};  // of a map: key, value, key, value ...
};

// The value of the last member of that name; null where there is none, or where a merge brings it.
const TextNode* FindMember(const TextNode& map, std::string_view key);

class TextTree {
 public:
  // Null: not one document that libyaml reads.
  static std::unique_ptr<const TextTree> Parse(std::string_view text);

  const TextNode* root() const { return root_; }
  std::string_view text() const { return text_; }
  const std::deque<TextNode>& nodes() const { return nodes_; }  // in the order of the text

  std::size_t LineStart(std::size_t at) const;
  // Where the line feed, or the carriage return in front of it, stands; the text's end without one.
  std::size_t LineEnd(std::size_t at) const;
  std::size_t Column(std::size_t at) const { return at - LineStart(at); }
  // How far a block stands to the right of its key, as the first such block of the text does.
  std::size_t map_indent() const { return map_indent_.value_or(2); }
  std::size_t list_indent() const { return list_indent_.value_or(0); }

 private:
  friend class TextTreeBuilder;
  explicit TextTree(std::string_view text) : text_(text) {}

  std::string_view text_;
  std::deque<TextNode> nodes_;
  const TextNode* root_ = nullptr;
  std::optional<std::size_t> map_indent_;
  std::optional<std::size_t> list_indent_;
};

}  // namespace remora::cli
