#include "operator/cli/text_tree.h"

#include <yaml.h>

#include <algorithm>
#include <map>

namespace remora::cli {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r\n";

// libyaml counts characters.
std::vector<std::size_t> OffsetsOfCharacters(std::string_view text, std::size_t first) {
  std::vector<std::size_t> offsets;
  offsets.reserve(text.size() - first + 1);
  for (std::size_t i = first; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) offsets.push_back(i);
  }
  offsets.push_back(text.size());
  return offsets;
}

std::string Text(const yaml_char_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

char StyleOf(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return '\'';
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return '"';
    case YAML_LITERAL_SCALAR_STYLE: return '|';
    case YAML_FOLDED_SCALAR_STYLE: return '>';
    default: return 0;
  }
}

// One event of libyaml, freed with it.
struct Event {
  Event() = default;
  ~Event() { yaml_event_delete(&event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t event = {};
};

}  // namespace

class TextTreeBuilder {
 public:
  explicit TextTreeBuilder(std::string_view text) : tree_(new TextTree(text)) {
    const std::size_t first = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    offsets_ = OffsetsOfCharacters(text, first);
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    const std::string_view rest = text.substr(first);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(rest.data()),
                                 rest.size());
  }
  ~TextTreeBuilder() { yaml_parser_delete(&parser_); }
  TextTreeBuilder(const TextTreeBuilder&) = delete;
  TextTreeBuilder& operator=(const TextTreeBuilder&) = delete;

  std::unique_ptr<const TextTree> Run() {
    int documents = 0;
    for (bool more = true; more;) {
      Event one;
      if (yaml_parser_parse(&parser_, &one.event) == 0) return nullptr;
      if (one.event.type == YAML_DOCUMENT_START_EVENT) ++documents;
      more = one.event.type != YAML_STREAM_END_EVENT;
      if (!Take(one.event)) return nullptr;
    }
    if (documents != 1 || tree_->root_ == nullptr) return nullptr;
    return std::move(tree_);
  }

 private:
  bool Take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_SCALAR_EVENT: TakeScalar(event); break;
      case YAML_ALIAS_EVENT: return TakeAlias(event);
      case YAML_SEQUENCE_START_EVENT: {
        TextNode& node = Open(event, TextNode::Kind::kList, event.data.sequence_start.anchor);
        node.flow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        break;
      }
      case YAML_MAPPING_START_EVENT: {
        TextNode& node = Open(event, TextNode::Kind::kMap, event.data.mapping_start.anchor);
        node.flow = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        break;
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: Close(event); break;
      default: break;
    }
    return true;
  }

  std::size_t At(const yaml_mark_t& mark) const {
    return offsets_[std::min(mark.index, offsets_.size() - 1)];
  }

  TextNode& Make(const yaml_event_t& event, TextNode::Kind kind, const yaml_char_t* anchor) {
    TextNode& node = tree_->nodes_.emplace_back();
    node.kind = kind;
    node.begin = At(event.start_mark);
    node.end = At(event.end_mark);
    if (anchor != nullptr) {
      node.anchored = true;
      anchors_[reinterpret_cast<const char*>(anchor)] = &node;
    }
    return node;
  }

  void TakeScalar(const yaml_event_t& event) {
    TextNode& node = Make(event, TextNode::Kind::kScalar, event.data.scalar.anchor);
    node.style = StyleOf(event.data.scalar.style);
    node.text = Text(event.data.scalar.value, event.data.scalar.length);
    if (node.style == '|' || node.style == '>') EndBlockScalar(node);
    Attach(node);
  }

  // libyaml ends it at the start of a later line; the blank lines are its own with `+` only.
  void EndBlockScalar(TextNode& node) const {
    const std::string_view text = tree_->text_;
    const std::string_view head = text.substr(node.begin, text.find('\n', node.begin) - node.begin);
    const std::string_view indicators = head.substr(0, head.find('#'));
    std::string_view body = text.substr(node.begin, node.end - node.begin);
    if (indicators.find('+') == std::string_view::npos) {
      body = body.substr(0, body.find_last_not_of(kBlanks) + 1);
    } else {
      if (body.ends_with('\n')) body.remove_suffix(1);
      if (body.ends_with('\r')) body.remove_suffix(1);
    }
    node.end = node.begin + body.size();
  }

  bool TakeAlias(const yaml_event_t& event) {
    TextNode& node = Make(event, TextNode::Kind::kAlias, nullptr);
    const auto found = anchors_.find(reinterpret_cast<const char*>(event.data.alias.anchor));
    if (found == anchors_.end()) return false;
    node.target = found->second;
    Attach(node);
    return true;
  }

  TextNode& Open(const yaml_event_t& event, TextNode::Kind kind, const yaml_char_t* anchor) {
    TextNode& node = Make(event, kind, anchor);
    open_.push_back(&node);
    return node;
  }

  void Close(const yaml_event_t& event) {
    TextNode& node = *open_.back();
    open_.pop_back();
    if (node.flow) node.end = At(event.end_mark);
    if (!node.flow && !node.children.empty()) node.end = node.children.back()->end;
    if (node.kind == TextNode::Kind::kMap && !node.flow) NoteIndents(node);
    Attach(node);
  }

  void NoteIndents(const TextNode& map) {
    for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const TextNode& value = *map.children[i + 1];
      if (value.flow || value.children.empty()) continue;
      const std::size_t key_column = tree_->Column(map.children[i]->begin);
      const bool is_map = value.kind == TextNode::Kind::kMap;
      std::size_t column = tree_->Column(value.children.front()->begin);
      if (!is_map) column = tree_->text_.find('-', tree_->LineStart(value.children.front()->begin));
      if (!is_map) column = tree_->Column(column);
      auto& indent = is_map ? tree_->map_indent_ : tree_->list_indent_;
      if (!indent && column >= key_column) indent = column - key_column;
    }
  }

  void Attach(TextNode& node) {
    if (open_.empty()) {
      tree_->root_ = &node;
    } else {
      open_.back()->children.push_back(&node);
    }
  }

  std::unique_ptr<TextTree> tree_;
  std::vector<std::size_t> offsets_;
  yaml_parser_t parser_ = {};
  std::map<std::string, const TextNode*> anchors_;
  std::vector<TextNode*> open_;
};

const TextNode* FindMember(const TextNode& map, std::string_view key) {
  const TextNode* found = nullptr;
  for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
    const TextNode& name = *map.children[i];
    if (name.kind == TextNode::Kind::kScalar && name.text == key) found = map.children[i + 1];
  }
  return found;
}

std::unique_ptr<const TextTree> TextTree::Parse(std::string_view text) {
  return TextTreeBuilder(text).Run();
}

std::size_t TextTree::LineStart(std::size_t at) const {
  const std::size_t line_feed = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
  if (line_feed != std::string_view::npos) return line_feed + 1;
  return text_.starts_with(kByteOrderMark) && at >= kByteOrderMark.size() ? kByteOrderMark.size()
                                                                          : 0;
}

std::size_t TextTree::LineEnd(std::size_t at) const {
  const std::size_t line_feed = text_.find('\n', at);
  if (line_feed == std::string_view::npos) return text_.size();
  return line_feed > at && text_[line_feed - 1] == '\r' ? line_feed - 1 : line_feed;
}

}  // namespace remora::cli
