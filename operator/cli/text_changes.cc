#include "operator/cli/text_changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "operator/cli/yaml_writer.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Kind = TextNode::Kind;

constexpr std::string_view kBlanks = " \t\r\n";

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

bool IsComment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '#';
}

// Whether the string needs no quotes, in brackets either.
bool IsPlain(const std::string& text) {
  return WriteYaml(text) == text + '\n' && text.find_first_of(",[]{}") == std::string::npos;
}

// The one member or element, without the brackets around it.
std::string FlowInside(const json& value, const FlowOptions& options) {
  if (value.is_array()) return WriteFlow(value.front(), options);
  const auto member = value.begin();
  FlowOptions one_line = options;
  if (one_line.style == FlowStyle::kPretty) one_line.style = FlowStyle::kSpaced;
  return WriteFlow(member.key(), one_line) + (options.style == FlowStyle::kCompact ? ":" : ": ") +
         WriteFlow(*member, options);
}

}  // namespace

std::optional<std::size_t> Entries::FirstKept() const {
  const auto found = std::find(kept_.begin(), kept_.end(), true);
  if (found == kept_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kept_.begin());
}

std::optional<std::size_t> Entries::LastKept() const {
  for (std::size_t i = size(); i > 0; --i) {
    if (kept_[i - 1]) return i - 1;
  }
  return std::nullopt;
}

TextChanges::TextChanges(const TextTree& tree, bool is_json) : tree_(tree), text_(tree.text()) {
  const std::size_t first_end = text_.find('\n');
  if (first_end != std::string_view::npos && first_end > 0 && text_[first_end - 1] == '\r') {
    line_feed_ = "\r\n";
  }
  flow_.line_feed = line_feed_;
  if (!is_json) return;
  const TextNode& root = *tree.root();
  const std::string_view object = text_.substr(root.begin, root.end - root.begin);
  if (object.find('\n') != std::string_view::npos && !root.children.empty()) {
    flow_.style = FlowStyle::kPretty;
    flow_.step = Margin(root.children.front()->begin).substr(Margin(root.begin).size());
    if (flow_.step.empty()) flow_.step = "  ";
  } else {
    flow_.style =
        object.find("\": ") == std::string_view::npos ? FlowStyle::kCompact : FlowStyle::kSpaced;
  }
}

void TextChanges::Push(std::size_t begin, std::size_t end, std::string text) {
  changes_.push_back({begin, end, std::move(text)});
}

// Behind anchor and tag.
std::size_t TextChanges::ValueBegin(const TextNode& node) const {
  std::size_t at = node.begin;
  while (at < node.end && (text_[at] == '&' || text_[at] == '!')) {
    at = std::min(text_.find_first_of(kBlanks, at), node.end);
    at = std::min(text_.find_first_not_of(kBlanks, at), node.end);
  }
  return at;
}

// The blanks in front of the first thing in the line.
std::string TextChanges::Margin(std::size_t at) const {
  const std::size_t start = tree_.LineStart(at);
  const std::size_t end = std::min(text_.find_first_not_of(" \t", start), text_.size());
  return std::string(text_.substr(start, end - start));
}

bool TextChanges::EndsItsLine(std::size_t at) const {
  const std::string_view rest = text_.substr(at, tree_.LineEnd(at) - at);
  return IsBlank(rest) || IsComment(rest);
}

// A new scalar in the quotes of the old one, but for quotes that only the old one needed.
std::string TextChanges::Scalar(const TextNode& node, const json& value) const {
  if (value.is_structured()) return WriteFlow(value, FlowAt(Margin(node.begin)));
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  const bool was_scalar = node.kind == Kind::kScalar && node.begin != node.end;
  const bool wants_quotes = !was_scalar || (node.style != 0 && IsPlain(node.text));
  if (IsPlain(text) && !wants_quotes && flow_.style == FlowStyle::kYaml) return text;
  const bool fits_single =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7F'; }) &&
      text.find('\'') == std::string::npos;
  if (was_scalar && node.style == '\'' && fits_single) return "'" + text + "'";
  return WriteFlow(value, {.style = FlowStyle::kSpaced});
}

FlowOptions TextChanges::FlowAt(std::string margin) const {
  FlowOptions options = flow_;
  options.margin = std::move(margin);
  return options;
}

void TextChanges::Replace(const TextNode& node, const json& value) {
  const std::size_t begin = ValueBegin(node);
  const bool is_block = node.kind != Kind::kScalar && node.kind != Kind::kAlias && !node.flow;
  if (is_block) return Fail();
  const bool is_nothing = begin == node.end;  // `key:`
  Push(begin, node.end, (is_nothing ? " " : "") + Scalar(node, value));
}

void TextChanges::RemoveOthers(const Entries& entries) {
  bool any = false;
  for (std::size_t i = 0; i < entries.size(); ++i) any = any || !entries.kept(i);
  if (!any) return;
  if (entries.node().flow) {
    RemoveFromFlow(entries);
  } else {
    RemoveLines(entries);
  }
}

void TextChanges::RemoveLines(const Entries& block) {
  if (!block.FirstKept()) return Fail();
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block.kept(i)) continue;
    const std::size_t start = tree_.LineStart(block.first(i).begin);
    std::string_view before = text_.substr(start, block.first(i).begin - start);
    const bool is_list = block.node().kind == Kind::kList;
    if (is_list) {
      const std::size_t dash = before.find('-');
      before = dash == std::string_view::npos ? "-" : before.substr(0, dash);
      const std::string_view rest = text_.substr(start, block.first(i).begin - start);
      if (std::count(rest.begin(), rest.end(), '-') != 1) return Fail();
    }
    const std::size_t last = block.last(i).end;
    // `- name: http`: the key after it takes its place behind the dash.
    const bool behind_dash = !is_list && i == 0 && before.ends_with("- ") && block.kept(1);
    if (behind_dash) {
      const std::size_t next = block.first(1).begin;
      const bool has_comment = text_.substr(last, next - last).find('#') != std::string_view::npos;
      if (!has_comment) {
        Push(block.first(0).begin, next, "");
        continue;
      }
    }
    if (!IsBlank(before) || !EndsItsLine(last)) return Fail();
    const std::size_t line_feed = text_.find('\n', tree_.LineEnd(last));
    const std::size_t end = line_feed == std::string_view::npos ? text_.size() : line_feed + 1;
    changes_.push_back({start, end, {}, true});
  }
}

void TextChanges::RemoveFromFlow(const Entries& flow) {
  const auto first_kept = flow.FirstKept();
  if (!first_kept) {
    const std::size_t open = ValueBegin(flow.node());
    return Push(open + 1, flow.node().end - 1, "");
  }
  for (std::size_t i = 0; i < flow.size(); ++i) {
    if (flow.kept(i)) continue;
    if (i < *first_kept) {
      Push(flow.first(i).begin, flow.first(i + 1).begin, "");
    } else {
      Push(flow.last(i - 1).end, flow.last(i).end, "");
    }
  }
}

void TextChanges::AddMember(const Entries& map, const std::string& key, const json& value) {
  const json member = {{key, value}};
  const auto previous = map.LastKept();
  if (!previous) return Fail();
  map.node().flow ? AddToFlow(map, previous, member) : AddLines(map, previous, member);
}

void TextChanges::AddElement(const Entries& list, std::optional<std::size_t> previous,
                             const json& value) {
  if (!list.FirstKept()) return Fail();
  const json element = json::array({value});
  list.node().flow ? AddToFlow(list, previous, element) : AddLines(list, previous, element);
}

void TextChanges::AddToFlow(const Entries& flow, std::optional<std::size_t> previous,
                            const json& value) {
  const std::size_t inside = ValueBegin(flow.node()) + 1;
  const std::size_t first = flow.first(0).begin;
  const bool in_lines = text_.substr(inside, first - inside).find('\n') != std::string_view::npos;
  FlowOptions options = FlowAt(Margin(first));
  if (!in_lines && options.style == FlowStyle::kPretty) options.style = FlowStyle::kSpaced;
  const std::string text = FlowInside(value, options);
  const std::string gap =
      in_lines ? line_feed_ + options.margin : (options.style == FlowStyle::kCompact ? "" : " ");
  const std::size_t at = previous ? flow.last(*previous).end : flow.first(*flow.FirstKept()).begin;
  Push(at, at, previous ? "," + gap + text : text + "," + gap);
}

std::optional<std::size_t> TextChanges::ColumnOf(const Entries& block) const {
  const bool is_list = block.node().kind == Kind::kList;
  const std::size_t begin = block.first(0).begin;
  const std::size_t start = tree_.LineStart(begin);
  const std::string_view before = text_.substr(start, begin - start);
  if (before.find_first_not_of(" -") != std::string_view::npos) return std::nullopt;
  if (!is_list) return before.size();
  if (std::count(before.begin(), before.end(), '-') != 1) return std::nullopt;
  return before.find('-');
}

std::string TextChanges::Indented(const json& value, std::size_t column) const {
  const YamlStyle style{tree_.map_indent(), tree_.list_indent()};
  const std::string text = WriteYaml(value, style);
  std::string indented;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (at > 0) indented += line_feed_;
    if (end > at) indented.append(column, ' ').append(text, at, end - at);
    at = end + 1;
  }
  return indented;
}

void TextChanges::AddLines(const Entries& block, std::optional<std::size_t> previous,
                           const json& value) {
  const auto column = ColumnOf(block);
  if (!column) return Fail();
  const std::string text = Indented(value, *column);
  if (previous) {
    const std::size_t last = block.last(*previous).end;
    const std::size_t at = tree_.LineEnd(last);
    if (!EndsItsLine(last)) return Fail();
    return Push(at, at, line_feed_ + text);
  }
  const std::size_t first = block.first(*block.FirstKept()).begin;
  std::size_t at = tree_.LineStart(first);
  const std::string_view dash = text_.substr(at, first - at);
  if (std::count(dash.begin(), dash.end(), '-') != 1 || IsBlank(dash) ||
      dash.find_first_not_of(" -") != std::string_view::npos) {
    return Fail();
  }
  // A comment above the first one speaks of it.
  while (at > 0) {
    const std::size_t above = tree_.LineStart(at - 1);
    if (!IsComment(text_.substr(above, at - above))) break;
    at = above;
  }
  Push(at, at, text + line_feed_);
}

// A run of lines at the end of a text that has no line feed there takes the one in front of it.
void TextChanges::JoinRemovedLines() {
  std::vector<Change> joined;
  for (Change& change : changes_) {
    if (!joined.empty() && change.lines && joined.back().lines &&
        joined.back().end == change.begin) {
      joined.back().end = change.end;
    } else {
      joined.push_back(std::move(change));
    }
  }
  for (Change& change : joined) {
    const bool at_end = change.lines && change.end == text_.size() && !text_.ends_with('\n');
    if (at_end && change.begin > 0) change.begin = tree_.LineEnd(tree_.LineStart(change.begin - 1));
  }
  changes_ = std::move(joined);
}

std::string TextChanges::Apply() && {
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const Change& a, const Change& b) { return a.begin < b.begin; });
  JoinRemovedLines();
  std::string text;
  std::size_t at = 0;
  for (const Change& change : changes_) {
    if (change.begin > at) text.append(text_, at, change.begin - at);
    text += change.text;
    at = std::max(at, change.end);
  }
  return text.append(text_, at, text_.size() - at);
}

}  // namespace remora::cli
