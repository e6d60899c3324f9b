#include "operator/cli/yaml_reader.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/utf8.h"
#include "operator/cli/folded_scalar.h"
#include "operator/cli/yaml_scalar.h"

namespace remora::cli {

namespace {

// Ten aliases of ten aliases of … become gigabytes. A million values is far more than an object
// that the API server takes (3 MiB) can hold.
constexpr std::uint64_t kMaxUnfolded = 1'000'000;

// Thrown out of the parser's callbacks, caught in ReadYaml().
struct Refusal {
  int line;  // from 0
  std::string message;
};

enum class NodeKind : std::uint8_t { kScalar, kSequence, kMap };

struct Node {
  NodeKind kind = NodeKind::kScalar;
  bool complete = true;
  int line = 0;                       // from 0
  std::string tag;                    // "?": plain; "!": quoted, or without a type
  std::string text;                   // of a scalar
  std::vector<const Node*> children;  // of a map: key, value, key, value …
  std::uint64_t weight = 1;           // values and bytes, aliases unfolded
};

bool IsPlain(const Node& node) { return node.kind == NodeKind::kScalar && node.tag == "?"; }

bool IsMergeKey(const Node& key) {
  return key.kind == NodeKind::kScalar && key.text == "<<" &&
         (IsPlain(key) || key.tag == kMergeTag);
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  const Node* root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    OnScalar(mark, "?", anchor, "");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = Make(NodeKind::kScalar, mark, tag, anchor);
    node.text = value;
    if (tag != "?" && mark.pos >= 0) {
      const std::size_t end_of_text = value.find_last_not_of('\n') + 1;  // 0: none
      const auto breaks =
          KeptLineBreaks(text_, static_cast<std::size_t>(mark.pos), end_of_text > 0);
      if (breaks) node.text.erase(end_of_text).append(*breaks, '\n');
    }
    node.weight += value.size();
    Attach(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Node& node = *anchors_.at(anchor);
    if (!node.complete) throw Refusal{mark.line, "an anchor contains itself"};
    unfolded_ += node.weight;
    if (unfolded_ > kMaxUnfolded) {
      throw Refusal{mark.line, "the aliases unfold to more than " + std::to_string(kMaxUnfolded) +
                                   " values and bytes"};
    }
    Attach(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(NodeKind::kSequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(NodeKind::kMap, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override { Close(); }

 private:
  Node& Make(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.line = mark.line;
    node.tag = tag;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    return node;
  }

  void Open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() == ParsedText::kMaxDepth) {
      throw Refusal{mark.line, "nested deeper than " + std::to_string(ParsedText::kMaxDepth)};
    }
    Node& node = Make(kind, mark, tag, anchor);
    node.complete = false;
    open_.push_back(&node);
  }

  void Close() {
    Node& node = *open_.back();
    open_.pop_back();
    node.complete = true;
    Attach(node);
  }

  void Attach(const Node& node) {
    if (open_.empty()) {
      root_ = &node;
      return;
    }
    open_.back()->children.push_back(&node);
    open_.back()->weight += node.weight;
  }

  const std::string_view text_;
  std::deque<Node> nodes_;
  std::map<YAML::anchor_t, const Node*> anchors_;
  std::vector<Node*> open_;
  const Node* root_ = nullptr;
  std::uint64_t unfolded_ = 0;
};

// The tree as JSON. Recursive: Enter() bounds the depth, for aliases too.
class Converter {
 public:
  Converter(int first_line, std::map<std::string, int>& lines)
      : first_line_(first_line), lines_(lines) {}

  nlohmann::json Convert(const Node& node) {
    if (path_.size() <= ParsedText::kLinesDepth) NoteLine(node);
    switch (node.kind) {
      case NodeKind::kScalar: return ConvertScalar(node);
      case NodeKind::kSequence: return ConvertSequence(node);
      case NodeKind::kMap: break;
    }
    nlohmann::json object = nlohmann::json::object();
    FillObject(node, object);
    return object;
  }

 private:
  void NoteLine(const Node& node) {
    nlohmann::json::json_pointer pointer;
    for (const std::string& token : path_) pointer /= token;
    lines_.emplace(pointer.to_string(), first_line_ + node.line);
  }

  void Enter(const Node& node, std::string token) {
    if (path_.size() == ParsedText::kMaxDepth) {
      throw Refusal{node.line, "nested deeper than " + std::to_string(ParsedText::kMaxDepth) +
                                   " through an alias"};
    }
    path_.push_back(std::move(token));
  }

  static nlohmann::json ConvertScalar(const Node& node) {
    if (node.tag == "!") return node.text;
    auto value = IsPlain(node) ? ReadPlainScalar(node.text) : ReadTaggedScalar(node.tag, node.text);
    if (!value.ok()) throw Refusal{node.line, value.error().message()};
    return *std::move(value);
  }

  nlohmann::json ConvertSequence(const Node& node) {
    nlohmann::json array = nlohmann::json::array();
    for (const Node* child : node.children) {
      Enter(*child, std::to_string(array.size()));
      array.push_back(Convert(*child));
      path_.pop_back();
    }
    return array;
  }

  static std::string ReadKey(const Node& node) {
    if (node.kind != NodeKind::kScalar) {
      throw Refusal{node.line, "a list or a map stands in the place of a key; expected a string"};
    }
    if (!IsPlain(node) && ConvertScalar(node).is_string()) return node.text;
    if (auto key = ReadPlainKey(node.text)) return *std::move(key);
    throw Refusal{node.line, "the key " + (node.text.empty() ? "null" : Quote(node.text)) +
                                 " cannot be one in JSON; expected a string"};
  }

  // Keys are set in the order in which they stand; what a merge brings, it sets where it stands.
  void FillObject(const Node& node, nlohmann::json& object) {
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const Node& key_node = *node.children[i];
      const Node& value = *node.children[i + 1];
      if (IsMergeKey(key_node)) {
        Merge(value, object);
        continue;
      }
      std::string key = ReadKey(key_node);
      const auto [twin, is_new] = seen.emplace(key, key_node.line);
      if (!is_new) {
        throw Refusal{key_node.line, "the key " + Quote(key) +
                                         " stands twice in one map, first in line " +
                                         std::to_string(first_line_ + twin->second)};
      }
      Enter(value, key);
      object[std::move(key)] = Convert(value);
      path_.pop_back();
    }
  }

  void Merge(const Node& value, nlohmann::json& object) {
    if (value.kind == NodeKind::kMap) {
      Enter(value, "<<");
      FillObject(value, object);
      path_.pop_back();
      return;
    }
    const bool is_list_of_maps =
        value.kind == NodeKind::kSequence &&
        std::all_of(value.children.begin(), value.children.end(),
                    [](const Node* child) { return child->kind == NodeKind::kMap; });
    if (!is_list_of_maps) throw Refusal{value.line, "<< takes a map or a list of maps"};
    // The first of a list has the last word.
    std::for_each(value.children.rbegin(), value.children.rend(),
                  [&](const Node* child) { Merge(*child, object); });
  }

  const int first_line_;
  std::map<std::string, int>& lines_;
  std::vector<std::string> path_;
};

int LineAt(std::string_view text, std::size_t offset) {
  return static_cast<int>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

// yaml-cpp takes the byte 4 for the end of the text and does not know the line breaks that
// kubectl's parser does; what would be read differently is refused.
void CheckCharacters(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8SequenceLength(text.substr(i));
    const std::string_view character = text.substr(i, length);
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_control = (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') ||
                            byte == 0x7F || (character >= "\xC2\x80" && character <= "\xC2\x9F");
    const bool is_old_break = character == "\xC2\x85" || character == "\xE2\x80\xA8" ||
                              character == "\xE2\x80\xA9" ||
                              (byte == '\r' && text.substr(i, 2) != "\r\n");
    if (length == 0) throw Refusal{LineAt(text, i), "not UTF-8"};
    if (is_old_break) {
      throw Refusal{
          LineAt(text, i),
          "a line break that only YAML 1.1 knows (CR, U+0085, U+2028, U+2029); expected a "
          "line feed, or an escape in double quotes"};
    }
    if (is_control) throw Refusal{LineAt(text, i), "a control character; expected text"};
    i += length;
  }
}

std::string_view LineOf(std::string_view text, int line) {
  for (; line > 0; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// Spaces after the last line feed: yaml-cpp would fold them into a block that ends there.
std::string_view WithoutTrailingBlanks(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  const bool is_blank_line = end == 0 || text[end - 1] == '\n';
  return is_blank_line ? text.substr(0, end) : text;
}

std::string ExplainSyntaxError(const YAML::Exception& e, std::string_view text) {
  const std::string_view line = LineOf(text, e.mark.line);
  const std::string_view indentation = line.substr(0, line.find_first_not_of(" \t"));
  if (indentation.find('\t') != std::string_view::npos) {
    return "broken YAML: a tab in the indentation; expected spaces";
  }
  // The message may end in a byte of the text.
  std::string message = ReplaceInvalidUtf8(e.msg);
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return "broken YAML: " + message;
}

}  // namespace

Result<ParsedText> ReadYaml(std::string_view text, const Place& start) {
  const auto refuse = [&](int line, const std::string& message) {
    return Error(ErrorCode::kInvalid,
                 Place{start.source, start.line + line}.ToString() + ": " + message);
  };
  text = WithoutTrailingBlanks(text);
  try {
    CheckCharacters(text);
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(text);
    ParsedText parsed;
    if (!parser.HandleNextDocument(builder) || builder.root() == nullptr) return parsed;
    const Node& root = *builder.root();
    parsed.empty = IsPlain(root) && root.text.empty();
    parsed.value = Converter(start.line, parsed.lines).Convert(root);
    TreeBuilder rest(text);
    if (parser.HandleNextDocument(rest)) {
      const int line = rest.root() == nullptr ? root.line : rest.root()->line;
      return refuse(line, "broken YAML: more text after the end of the document; expected ---");
    }
    return parsed;
  } catch (const Refusal& refusal) {
    return refuse(refusal.line, refusal.message);
  } catch (const YAML::Exception& e) {
    return refuse(std::max(e.mark.line, 0), ExplainSyntaxError(e, text));
  }
}

}  // namespace remora::cli
