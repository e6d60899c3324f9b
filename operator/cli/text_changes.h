// TextChanges: changes of a text at the places of its tree, gathered, then applied at once.
//
// Contract
//   - Everything not named stays byte for byte. Of two insertions at one place the first stands
//     first.
//   - What cannot be done in places is noted (failed()), and Apply() must not be called.
// Thread-safety: owner thread only. Errors: failed().
// Lifetime: the tree, and the text behind it, must outlive it.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/cli/flow_writer.h"
#include "operator/cli/text_tree.h"

namespace remora::cli {

// The members of a map or list, and which of them stay.
class Entries {
 public:
  explicit Entries(const TextNode& node)
      : node_(node), step_(node.kind == TextNode::Kind::kMap ? 2 : 1), kept_(size(), false) {}

  const TextNode& node() const { return node_; }
  std::size_t size() const { return node_.children.size() / step_; }
  // Where it begins and ends: key and value; of a list the same.
  const TextNode& first(std::size_t i) const { return *node_.children[i * step_]; }
  const TextNode& last(std::size_t i) const { return *node_.children[i * step_ + step_ - 1]; }

  void Keep(std::size_t i) { kept_[i] = true; }
  bool kept(std::size_t i) const { return kept_[i]; }
  std::optional<std::size_t> FirstKept() const;
  std::optional<std::size_t> LastKept() const;

 private:
  const TextNode& node_;
  std::size_t step_;
  std::vector<bool> kept_;
};

class TextChanges {
 public:
  TextChanges(const TextTree& tree, bool is_json);

  // Not of a block.
  void Replace(const TextNode& node, const nlohmann::json& value);
  void RemoveOthers(const Entries& entries);  // those that are not kept
  // To a map or list that has entries.
  void AddMember(const Entries& map, const std::string& key, const nlohmann::json& value);
  // Behind that element; without one, in front of all.
  void AddElement(const Entries& list, std::optional<std::size_t> previous,
                  const nlohmann::json& value);

  void Fail() { failed_ = true; }
  bool failed() const { return failed_; }
  std::string Apply() &&;

 private:
  struct Change {
    std::size_t begin;
    std::size_t end;
    std::string text;
    bool lines = false;  // whole lines go
  };

  void Push(std::size_t begin, std::size_t end, std::string text);
  std::size_t ValueBegin(const TextNode& node) const;
  std::string Margin(std::size_t at) const;
  bool EndsItsLine(std::size_t at) const;
  std::string Scalar(const TextNode& node, const nlohmann::json& value) const;
  FlowOptions FlowAt(std::string margin) const;

  void RemoveLines(const Entries& block);
  void RemoveFromFlow(const Entries& flow);
  // `value` is an object of one member, or a list of one element.
  void AddToFlow(const Entries& flow, std::optional<std::size_t> previous,
                 const nlohmann::json& value);
  void AddLines(const Entries& block, std::optional<std::size_t> previous,
                const nlohmann::json& value);
  // The column of the block's keys or dashes; nothing where it begins behind something else.
  std::optional<std::size_t> ColumnOf(const Entries& block) const;
  std::string Indented(const nlohmann::json& value, std::size_t column) const;
  void JoinRemovedLines();

  const TextTree& tree_;
  std::string_view text_;
  std::string line_feed_ = "\n";
  FlowOptions flow_;
  std::vector<Change> changes_;
  bool failed_ = false;
};

}  // namespace remora::cli
