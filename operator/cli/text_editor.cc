#include "operator/cli/text_editor.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/cli/flow_writer.h"
#include "operator/cli/text_changes.h"
#include "operator/cli/text_tree.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Kind = TextNode::Kind;

bool IsEmptied(const json& before, const json& after) {
  return after.is_structured() && after.empty() && before.is_structured() && !before.empty();
}

bool IsMergeKey(const TextNode& key) {
  return key.kind == Kind::kScalar && key.style == 0 && key.text == "<<";
}

// Whether both are the same member of a list, changed or not.
bool IsSameElement(const json& one, const json& other) {
  using Pointer = json::json_pointer;
  static const std::array<Pointer, 5> kKeys = {Pointer("/mountPath"), Pointer("/containerPort"),
                                               Pointer("/name"), Pointer("/ip"),
                                               Pointer("/metadata/name")};
  if (!one.is_object() || !other.is_object()) return one == other;
  for (const Pointer& key : kKeys) {
    if (!one.contains(key) || !other.contains(key)) continue;
    const Pointer protocol("/protocol");
    return one.at(key) == other.at(key) && StringAt(one, protocol) == StringAt(other, protocol);
  }
  return one == other;
}

// `node` is where `before` stands; null: only the values count.
json DropEmptied(const TextNode* node, const json& before, json after);

json DropFromList(const TextNode* list, const json& before, json after) {
  std::size_t next = 0;
  for (json& element : after) {
    for (std::size_t i = next; i < before.size(); ++i) {
      if (!IsSameElement(before[i], element)) continue;
      const bool known = list != nullptr && list->kind == Kind::kList;
      element = DropEmptied(known ? list->children[i] : nullptr, before[i], std::move(element));
      next = i + 1;
      break;
    }
  }
  return after;
}

json DropEmptied(const TextNode* node, const json& before, json after) {
  if (before == after || !before.is_structured() || before.type() != after.type()) return after;
  if (before.is_array()) return DropFromList(node, before, std::move(after));
  for (const auto& [key, was] : before.items()) {
    const auto now = after.find(key);
    if (now == after.end()) continue;
    const bool known = node != nullptr && node->kind == Kind::kMap;
    const TextNode* value = known ? FindMember(*node, key) : nullptr;
    *now = DropEmptied(value, was, std::move(*now));
    const bool keeps_brackets = value != nullptr && value->flow && !node->flow;
    if (IsEmptied(was, *now) && !keeps_brackets) after.erase(now);
  }
  return after;
}

// Walks over the tree and both values at once.
class Editor {
 public:
  Editor(const TextTree& tree, TextChanges& changes) : tree_(tree), changes_(changes) {
    const auto& nodes = tree.nodes();
    has_anchors_ =
        std::any_of(nodes.begin(), nodes.end(), [](const TextNode& node) { return node.anchored; });
  }

  bool Run(const json& before, const json& after) {
    Visit(*tree_.root(), before, after);
    for (const auto& [alias, value] : aliases_) WriteOut(*alias, value);
    return !changes_.failed();
  }

 private:
  struct Anchored {
    const json* before;
    bool changed;
  };

  void Visit(const TextNode& node, const json& before, const json& after) {
    const bool changed = before != after;
    if (!changed && !has_anchors_) return;
    if (node.anchored) anchors_[&node] = {&before, changed};
    if (node.kind == Kind::kAlias) {
      if (changed) return changes_.Replace(node, after);
      aliases_.emplace_back(&node, &before);
      return;
    }
    const bool is_empty_flow = node.flow && node.children.empty();
    if (!(changed && is_empty_flow)) {
      if (node.kind == Kind::kMap && before.is_object() && after.is_object()) {
        return VisitMap(node, before, after);
      }
      if (node.kind == Kind::kList && before.is_array() && after.is_array()) {
        return VisitList(node, before, after);
      }
    }
    if (changed) changes_.Replace(node, after);
  }

  void VisitMap(const TextNode& map, const json& before, const json& after) {
    Entries entries(map);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const TextNode& key = entries.first(i);
      const TextNode& value = entries.last(i);
      if (IsMergeKey(key)) {
        VisitMerge(value);
        entries.Keep(i);
        continue;
      }
      const auto was = before.find(key.text);
      if (was == before.end()) {  // a key such as `yes`
        if (before != after) changes_.Fail();
        entries.Keep(i);
        continue;
      }
      const auto now = after.find(key.text);
      if (now == after.end()) continue;
      Visit(value, *was, *now);
      entries.Keep(i);
    }
    changes_.RemoveOthers(entries);
    std::vector<std::pair<std::string, const json*>> added;
    for (const auto& [key, now] : after.items()) {
      const auto was = before.find(key);
      const bool same = was != before.end() && *was == now;
      if (!same && FindMember(map, key) == nullptr) added.emplace_back(key, &now);
    }
    for (const auto& [key, now] : added) changes_.AddMember(entries, key, *now);
    for (const auto& [key, was] : before.items()) {
      if (!after.contains(key) && FindMember(map, key) == nullptr) changes_.Fail();  // of a merge
    }
  }

  // What a merge brings is a copy: its anchors may change, it does not.
  void VisitMerge(const TextNode& value) {
    if (value.kind == Kind::kAlias) aliases_.emplace_back(&value, nullptr);
    for (const TextNode* child : value.children) {
      if (child->kind == Kind::kAlias) aliases_.emplace_back(child, nullptr);
    }
  }

  void VisitList(const TextNode& list, const json& before, const json& after) {
    Entries entries(list);
    if (before.size() == after.size()) {
      for (std::size_t i = 0; i < before.size(); ++i) Visit(entries.last(i), before[i], after[i]);
      return;
    }
    // Which of the old ones each of the new ones is; their order is the same in both.
    std::vector<std::size_t> match(after.size(), before.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      for (std::size_t k = next; k < before.size(); ++k) {
        if (!IsSameElement(before[k], after[i])) continue;
        match[i] = k;
        next = k + 1;
        entries.Keep(k);
        break;
      }
    }
    changes_.RemoveOthers(entries);
    std::optional<std::size_t> previous;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (match[i] < before.size()) {
        Visit(entries.last(match[i]), before[match[i]], after[i]);
        previous = match[i];
      } else {
        changes_.AddElement(entries, previous, after[i]);
      }
    }
  }

  void WriteOut(const TextNode& alias, const json* value) {
    const auto anchor = anchors_.find(alias.target);
    if (anchor == anchors_.end()) return changes_.Fail();
    if (anchor->second.changed) {
      changes_.Replace(alias, value == nullptr ? *anchor->second.before : *value);
    }
  }

  const TextTree& tree_;
  TextChanges& changes_;
  bool has_anchors_ = false;
  std::map<const TextNode*, Anchored> anchors_;
  std::vector<std::pair<const TextNode*, const json*>> aliases_;  // that did not change themselves
};

}  // namespace

json WithoutEmptied(const json& before, json after) {
  return DropEmptied(nullptr, before, std::move(after));
}

std::optional<EditedText> EditText(const Document& document, const json& after,
                                   EmptyValues empty_values) {
  const auto tree = TextTree::Parse(document.text);
  if (tree == nullptr) return std::nullopt;
  const json& before = document.parsed.value;
  EditedText edited{{}, after};
  if (empty_values == EmptyValues::kDropBlocks) {
    edited.value = DropEmptied(tree->root(), before, after);
  }
  TextChanges changes(*tree, document.is_json);
  if (!Editor(*tree, changes).Run(before, edited.value)) return std::nullopt;
  edited.text = std::move(changes).Apply();
  const auto again = ReadDocuments(edited.text, document.place.source);
  if (!again.ok() || again->size() != 1 || again->front().parsed.value != edited.value) {
    return std::nullopt;
  }
  return edited;
}

}  // namespace remora::cli
