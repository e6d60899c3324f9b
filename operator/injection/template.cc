#include "operator/injection/template.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace remora::injection {

namespace {

constexpr std::array<std::string_view, 7> kRoots = {"params.", "pattern.",   "pod.",    "target.",
                                                    "share.",  "endpoints.", "metrics."};
constexpr std::size_t kMostReferencesPerString = 64;
constexpr int kDeepestNesting = 16;

// Fields of core/v1 that hold numbers or booleans, besides those that end in one of kTypedEndings:
// one reference alone takes the type of its value there. Everywhere else it stays a string.
constexpr std::array<std::string_view, 20> kTypedFields = {
    "port",       "runAsUser", "runAsGroup",  "runAsNonRoot", "fsGroup",
    "privileged", "optional",  "readOnly",    "mode",         "defaultMode",
    "tty",        "stdin",     "stdinOnce",   "seconds",      "readOnlyRootFilesystem",
    "lun",        "partition", "hostProcess", "cpu",          "allowPrivilegeEscalation"};
constexpr std::array<std::string_view, 3> kTypedEndings = {"Seconds", "Threshold", "Port"};

// The last key of a path and, before it, what it is in: "env[2].value" is "value" of "env".
std::string_view TakeLastKey(std::string_view& path) {
  while (path.ends_with(']')) path = path.substr(0, path.rfind('['));
  const std::size_t dot = path.rfind('.');
  const std::string_view key = dot == std::string_view::npos ? path : path.substr(dot + 1);
  path = dot == std::string_view::npos ? "" : path.substr(0, dot);
  return key;
}

// Fields in which Kubernetes expands $(VAR): a value's own `$` is doubled there.
bool IsExpanded(std::string_view path) {
  if (path.find("lifecycle.") != std::string_view::npos) return false;  // run as they are
  const bool in_list = path.ends_with(']');
  const std::string_view key = TakeLastKey(path);
  if (key == "command" || key == "args") return in_list;
  return key == "value" && TakeLastKey(path) == "env";
}

bool IsTypedField(std::string_view path) {
  const std::string_view key = TakeLastKey(path);
  return std::find(kTypedFields.begin(), kTypedFields.end(), key) != kTypedFields.end() ||
         std::any_of(kTypedEndings.begin(), kTypedEndings.end(),
                     [&](std::string_view ending) { return key.ends_with(ending); });
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

Error Bad(std::string_view text, const std::string& why) {
  return Error(ErrorCode::kInvalid, "$(" + std::string(text) + "): " + why);
}

template <typename Items>
std::optional<std::size_t> IndexOf(const Items& items, std::string_view name) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].name == name) return i;
  }
  return std::nullopt;
}

// "; did you mean x?" or nothing.
template <typename Items>
std::string Nearest(const Items& items, std::string_view name) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const auto& item : items) names.push_back(item.name);
  const std::string_view nearest = api::NearestName(name, names);
  return nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?";
}

}  // namespace

Stage StageOf(Root root) {
  switch (root) {
    case Root::kTargetName:
    case Root::kTargetImage:
    case Root::kTargetPort: return Stage::kTarget;
    case Root::kEndpointPort:
    case Root::kMetricsPort: return Stage::kPorts;
    case Root::kEndpointHost:
    case Root::kEndpointAddress:
    case Root::kEndpointUpstream:
    case Root::kSharePath: return Stage::kAll;
    default: return Stage::kRequest;
  }
}

bool ReferenceTable::IsOurs(std::string_view text) {
  return std::any_of(kRoots.begin(), kRoots.end(),
                     [&](std::string_view root) { return text.starts_with(root); });
}

Result<std::size_t> ReferenceTable::Add(std::string_view text, Stage latest) {
  auto read = Read(text);
  if (!read.ok()) return read.error();
  if (StageOf(read->root) > latest) {
    return Bad(text, "is not known yet in this field; use parameters, pod or pattern there");
  }
  for (std::size_t i = 0; i < references_.size(); ++i) {
    if (references_[i].text != text) continue;
    ++references_[i].uses;
    return i;
  }
  read->text = text;
  references_.push_back(std::move(*read));
  return references_.size() - 1;
}

Result<Reference> ReferenceTable::Read(std::string_view text) const {
  std::string_view rest = text;
  const auto plain = [](Root root, std::size_t index = 0, std::string_view key = {}) {
    return Reference{root, index, std::string(key), {}, 1};
  };
  if (text == "pattern.name") return plain(Root::kPatternName);
  if (text == "pattern.revision") return plain(Root::kPatternRevision);
  if (text == "pod.namespace") return plain(Root::kPodNamespace);
  if (text == "pod.serviceAccountName") return plain(Root::kPodServiceAccountName);
  if (text == "target.name") return plain(Root::kTargetName);
  if (text == "target.image") return plain(Root::kTargetImage);
  if (text == "metrics.port") {
    if (!pattern_.spec.metrics) return Bad(text, "this pattern has no metrics");
    return plain(Root::kMetricsPort);
  }
  if (TakePrefix(rest, "params.")) {
    if (const auto index = IndexOf(pattern_.spec.parameters, rest)) {
      return plain(Root::kParameter, *index);
    }
    return Bad(text, "no such parameter" + Nearest(pattern_.spec.parameters, rest));
  }
  if (TakePrefix(rest, "target.ports.")) {
    if (rest.empty()) return Bad(text, "expected the name of a port");
    return plain(Root::kTargetPort, 0, rest);
  }
  if (TakePrefix(rest, "pod.labels['") && rest.ends_with("']") && rest.size() > 2) {
    return plain(Root::kPodLabel, 0, rest.substr(0, rest.size() - 2));
  }
  if (TakePrefix(rest, "share.") && rest.ends_with(".path")) {
    const std::string_view name = rest.substr(0, rest.size() - std::string_view(".path").size());
    if (const auto index = IndexOf(pattern_.spec.share, name)) {
      return plain(Root::kSharePath, *index);
    }
    return Bad(text, "no such share" + Nearest(pattern_.spec.share, name));
  }
  rest = text;
  if (TakePrefix(rest, "endpoints.")) return ReadEndpoint(text, rest);
  return Bad(text,
             "unknown reference; expected params.x, pattern.name, pattern.revision, pod.namespace, "
             "pod.serviceAccountName, pod.labels['k'], target.name, target.image, target.ports.x, "
             "endpoints.x.host, endpoints.x.port, endpoints.x.address, endpoints.x.upstream, "
             "metrics.port or "
             "share.x.path");
}

Result<Reference> ReferenceTable::ReadEndpoint(std::string_view text, std::string_view rest) const {
  const std::size_t dot = rest.rfind('.');
  const std::string_view name = rest.substr(0, dot);
  const auto index = IndexOf(pattern_.spec.endpoints, name);
  if (!index) return Bad(text, "no such endpoint" + Nearest(pattern_.spec.endpoints, name));
  const std::string_view what = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  const bool is_socket = pattern_.spec.endpoints[*index].protocol == api::EndpointProtocol::kUnix;
  if (is_socket && (what == "port" || what == "host")) {
    return Bad(text, "a Unix endpoint has no " + std::string(what) + "; its socket is .address");
  }
  if (what == "port") return Reference{Root::kEndpointPort, *index, {}, {}};
  if (what == "host") return Reference{Root::kEndpointHost, *index, {}, {}};
  if (what == "address") return Reference{Root::kEndpointAddress, *index, {}, {}};
  if (what == "upstream") {
    if (pattern_.spec.endpoints[*index].upstream.empty()) {
      return Bad(text, "this endpoint has no upstream");
    }
    return Reference{Root::kEndpointUpstream, *index, {}, {}};
  }
  return Bad(text, "expected .host, .port, .address or .upstream of the endpoint");
}

// Cuts strings into pieces; literals that follow each other become one.
class Template::Compiler {
 public:
  Compiler(ReferenceTable& table, Stage latest) : table_(table), latest_(latest) {}

  Result<void> Text(std::string_view text, Style style) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '$') {
        Literal(text.substr(i, 1), style);
        ++i;
        continue;
      }
      const bool escaped = text.substr(i, 3).starts_with("$$(");
      const std::size_t open = i + (escaped ? 3 : 2);
      const std::size_t close = text.find(')', i);
      const bool ours = close != std::string_view::npos &&
                        text.substr(i).starts_with(escaped ? "$$(" : "$(") &&
                        ReferenceTable::IsOurs(text.substr(open, close - open));
      if (!ours) {
        // `$$` is Kubernetes' own escape; both characters pass together.
        const std::size_t length = text.substr(i, 2) == "$$" && !escaped ? 2 : escaped ? 3 : 1;
        Literal(text.substr(i, length), style);
        i += length;
      } else if (escaped) {
        Literal(text.substr(i + 1, close - i), style);
        i = close + 1;
      } else {
        auto reference = table_.Add(text.substr(open, close - open), latest_);
        if (!reference.ok()) return reference.error();
        if (++count > kMostReferencesPerString) {
          return Error(ErrorCode::kInvalid, "more than 64 references in one string");
        }
        AddSlot(style, *reference);
        i = close + 1;
      }
    }
    return {};
  }

  Result<void> Json(const nlohmann::json& value, const std::string& path, int depth) {
    if (depth > kDeepestNesting)
      return Error(ErrorCode::kInvalid, path + ": nested deeper than 16");
    if (value.is_string()) return JsonString(value.get_ref<const std::string&>(), path);
    if (value.is_array()) {
      Raw("[");
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) Raw(",");
        if (auto done = Json(value[i], path + "[" + std::to_string(i) + "]", depth + 1); !done.ok())
          return done;
      }
      Raw("]");
      return {};
    }
    if (value.is_object()) {
      Raw("{");
      if (auto done = Members(value, path, depth, {}); !done.ok()) return done;
      Raw("}");
      return {};
    }
    Raw(value.dump());
    return {};
  }

  Result<void> Members(const nlohmann::json& object, const std::string& path, int depth,
                       const std::vector<std::string_view>& left_out) {
    bool first = true;
    for (const auto& item : object.items()) {
      if (std::find(left_out.begin(), left_out.end(), item.key()) != left_out.end()) continue;
      if (!first) Raw(",");
      first = false;
      Raw(nlohmann::json(item.key()).dump() + ":");
      if (auto done = Json(item.value(), path + "." + item.key(), depth + 1); !done.ok())
        return done;
    }
    return {};
  }

  Template Finish() {
    // A template is kept as long as its pattern: without what it grew by.
    result_.literals_.shrink_to_fit();
    result_.slots_.shrink_to_fit();
    return std::move(result_);
  }

 private:
  Result<void> JsonString(const std::string& text, const std::string& path) {
    const auto alone = WholeReference(text);
    if (alone && IsTypedField(path)) {
      auto reference = table_.Add(*alone, latest_);
      if (!reference.ok()) return reference.error().WithContext(path);
      AddSlot(Style::kTyped, *reference);
      return {};
    }
    Raw("\"");
    auto done = Text(text, IsExpanded(path) ? Style::kInExpandedString : Style::kInString);
    if (!done.ok()) return done.error().WithContext(path);
    Raw("\"");
    return {};
  }

  static std::optional<std::string_view> WholeReference(std::string_view text) {
    if (!text.starts_with("$(") || text.find(')') != text.size() - 1) return std::nullopt;
    const std::string_view inside = text.substr(2, text.size() - 3);
    if (!ReferenceTable::IsOurs(inside)) return std::nullopt;
    return inside;
  }

  void Literal(std::string_view text, Style style) {
    if (style == Style::kPlain) return Raw(text);
    std::pmr::string escaped;
    AppendEscaped(text, escaped);
    Raw(escaped);
  }

  void Raw(std::string_view text) { result_.literals_ += text; }

  void AddSlot(Style style, std::size_t reference) {
    result_.slots_.push_back({static_cast<std::uint32_t>(result_.literals_.size()),
                              static_cast<std::uint32_t>(reference), style});
  }

  ReferenceTable& table_;
  Stage latest_;
  Template result_;
};

Result<Template> Template::FromText(std::string_view text, ReferenceTable& table, Stage latest) {
  Compiler compiler(table, latest);
  if (auto done = compiler.Text(text, Style::kPlain); !done.ok()) return done.error();
  return compiler.Finish();
}

Result<Template> Template::FromJson(const nlohmann::json& value, ReferenceTable& table,
                                    std::string_view where) {
  Compiler compiler(table, Stage::kAll);
  if (auto done = compiler.Json(value, std::string(where), 0); !done.ok()) return done.error();
  return compiler.Finish();
}

Result<Template> Template::FromMembers(const nlohmann::json& object, ReferenceTable& table,
                                       std::string_view where,
                                       const std::vector<std::string_view>& left_out) {
  Compiler compiler(table, Stage::kAll);
  auto done = compiler.Members(object, std::string(where), 0, left_out);
  if (!done.ok()) return done.error();
  return compiler.Finish();
}

void Template::AppendTo(std::span<const Value> values, std::pmr::string& out) const {
  std::size_t done = 0;
  for (const Slot& slot : slots_) {
    out.append(literals_, done, slot.position - done);
    done = slot.position;
    AppendValue(slot.style, values[slot.reference], out);
  }
  out.append(literals_, done);
}

void Template::AppendValue(Style style, const Value& value, std::pmr::string& out) {
  switch (style) {
    case Style::kPlain: out += value.text; break;
    case Style::kTyped:
      if (value.is_literal) {
        out += value.text;
      } else {
        AppendQuoted(value.text, out);
      }
      break;
    case Style::kInString: AppendEscaped(value.text, out); break;
    case Style::kInExpandedString:
      for (std::string_view rest = value.text; !rest.empty();) {
        const std::size_t dollar = rest.find('$');
        AppendEscaped(rest.substr(0, dollar), out);
        if (dollar == std::string_view::npos) break;
        out += "$$";
        rest.remove_prefix(dollar + 1);
      }
      break;
  }
}

}  // namespace remora::injection
