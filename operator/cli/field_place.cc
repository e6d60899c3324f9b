#include "operator/cli/field_place.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace remora::cli {

namespace {

// "spec.files[0].mode" → spec, files, 0, mode. It ends where it is no path any more.
std::vector<std::string> StepsOf(std::string_view field) {
  std::vector<std::string> steps;
  while (!field.empty()) {
    const std::size_t end = std::min(field.find_first_of(".[]"), field.size());
    if (end > 0) steps.emplace_back(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return steps;
}

// The key or element that stands there, as far as the text has it.
const TextNode& Walk(const TextNode& root, const std::vector<std::string>& steps) {
  const TextNode* found = &root;
  const TextNode* node = &root;
  for (const std::string& step : steps) {
    if (node->kind == TextNode::Kind::kAlias) node = node->target;
    const bool is_map = node->kind == TextNode::Kind::kMap;
    const TextNode* next = is_map ? FindMember(*node, step) : nullptr;
    if (next != nullptr) {
      const auto value = std::find(node->children.begin(), node->children.end(), next);
      found = *(value - 1);  // its key
    } else if (node->kind == TextNode::Kind::kList) {
      std::size_t index = node->children.size();
      std::from_chars(step.data(), step.data() + step.size(), index);
      if (index < node->children.size()) found = next = node->children[index];
    }
    if (next == nullptr) break;
    node = next;
  }
  return *found;
}

}  // namespace

Place FieldPlaces::Find(const ObjectInText& object, const std::string& field) {
  const Document& document = documents_[object.document];
  const TextTree* tree = TreeOf(object.document);
  if (tree == nullptr) return object.otherwise;
  std::string path = object.object.to_string();  // items of Lists: "/items/3"
  std::replace(path.begin(), path.end(), '/', '.');
  const TextNode& node = Walk(*tree->root(), StepsOf(path + "." + field));
  const std::string_view text = tree->text();
  const auto lines = [&](std::size_t end) {
    return static_cast<int>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
  };
  return {object.otherwise.source,
          document.place.line - lines(document.header.size()) + lines(node.begin)};
}

const TextTree* FieldPlaces::TreeOf(std::size_t document) {
  const auto [found, is_new] = trees_.try_emplace(document);
  if (is_new) found->second = TextTree::Parse(documents_[document].text);
  return found->second.get();
}

}  // namespace remora::cli
