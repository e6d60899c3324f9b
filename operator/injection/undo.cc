#include "operator/injection/undo.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/api/annotations.h"

namespace remora::injection {

namespace {

using nlohmann::json;
using Tokens = std::vector<std::string>;

constexpr int kVersion = 1;
constexpr const char* kGracePeriod = "/spec/terminationGracePeriodSeconds";
constexpr int kDefaultGraceSeconds = 30;

struct Path {
  std::string pointer;
  Tokens tokens;
  json before;  // of what was changed
};

struct Record {
  std::vector<Path> added;
  std::vector<Path> changed;
};

// What Remora touches: `*` is any name, `@` the name of a pattern of the record or one that begins
// with it and `--`; `a|b` is one of both.
constexpr std::array<std::string_view, 9> kAdditions = {
    "metadata/labels|annotations/*",
    "spec/volumes/@",
    "spec/initContainers/@",
    "spec/containers/@",
    "spec/containers|initContainers/*/env/*",
    "spec/containers|initContainers/*/volumeMounts/*",
    "spec/imagePullSecrets/*",
    "spec/hostAliases/*",
    "spec/hostAliases/*/hostnames/*",
};
constexpr std::array<std::string_view, 7> kChanges = {
    "metadata/labels|annotations/*",
    "spec/terminationGracePeriodSeconds",
    "spec/containers|initContainers/*/env/*/value|valueFrom",
    "spec/containers|initContainers/*/ports/*/name",
    "spec/containers|initContainers/*/livenessProbe|readinessProbe|startupProbe/"
    "httpGet|tcpSocket|grpc/port",
    "spec/containers|initContainers/*/lifecycle/postStart|preStop/httpGet|tcpSocket/port",
    "spec/containers|initContainers/*/ports/*/protocol",
};

Error Unreadable(const std::string& what) {
  return Error(ErrorCode::kInvalid,
               "the record in annotation " + std::string(api::kStatusKey) + " " + what);
}

std::optional<Tokens> SplitPointer(std::string_view pointer) {
  try {
    json::json_pointer parsed{std::string(pointer)};
    Tokens tokens;
    for (; !parsed.empty(); parsed.pop_back()) tokens.insert(tokens.begin(), parsed.back());
    return tokens;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

bool FitsToken(std::string_view allowed, const std::string& token, const Tokens& patterns) {
  if (allowed == "*") return true;
  if (allowed == "@") {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& name) {
      return token == name || token.starts_with(name + "--");
    });
  }
  for (std::size_t at = 0; at <= allowed.size();) {
    const std::size_t end = std::min(allowed.find('|', at), allowed.size());
    if (allowed.substr(at, end - at) == token) return true;
    at = end + 1;
  }
  return false;
}

bool Fits(std::string_view allowed, const Tokens& tokens, const Tokens& patterns) {
  for (const std::string& token : tokens) {
    const std::size_t end = std::min(allowed.find('/'), allowed.size());
    if (allowed.empty() || !FitsToken(allowed.substr(0, end), token, patterns)) return false;
    allowed.remove_prefix(std::min(end + 1, allowed.size()));
  }
  return allowed.empty() && !tokens.empty();
}

Result<std::vector<Path>> ReadPaths(const json& record, const char* list, const Tokens& patterns,
                                    std::span<const std::string_view> allowed) {
  std::vector<Path> paths;
  const auto found = record.find(list);
  if (found == record.end()) return paths;
  const bool changed = std::string_view(list) == "changed";
  const std::string broken = std::string("cannot be read: its list \"") + list + "\" is broken";
  if (!found->is_array()) return Unreadable(broken);
  for (const json& entry : *found) {
    const bool sound = entry.is_array() && entry.size() == (changed ? 3U : 2U) &&
                       entry[0].is_number_unsigned() && entry[1].is_string() &&
                       entry[0].get<std::uint64_t>() < patterns.size();
    if (!sound) return Unreadable(broken);
    Path path{entry[1].get<std::string>(), {}, changed ? entry[2] : json()};
    auto tokens = SplitPointer(path.pointer);
    if (!tokens) return Unreadable(broken);
    path.tokens = *std::move(tokens);
    const bool fits = std::any_of(allowed.begin(), allowed.end(), [&](std::string_view one) {
      return Fits(one, path.tokens, patterns);
    });
    if (!fits) {
      return Unreadable("is not ours: it says that " + path.pointer + " was " + list +
                        ", which Remora never does; nothing is undone");
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

Result<Record> ReadRecordText(const json& text) {
  if (!text.is_string()) return Unreadable("cannot be read: expected a string");
  const json record = json::parse(text.get_ref<const std::string&>(), nullptr, false);
  if (record.is_discarded() || !record.is_object()) {
    return Unreadable("cannot be read: it is no JSON object");
  }
  const json version = record.value("version", json());
  if (version != kVersion) {
    return Unreadable("cannot be read: its version is " + version.dump() +
                      "; expected 1, or a newer remora");
  }
  Tokens patterns;
  const json list = record.value("patterns", json());
  for (const json& pattern : list.is_array() ? list : json::array()) {
    const auto name = pattern.is_object() ? pattern.find("name") : pattern.end();
    if (!pattern.is_object() || name == pattern.end() || !name->is_string() ||
        !api::IsPatternName(name->get_ref<const std::string&>())) {
      return Unreadable("cannot be read: its list \"patterns\" is broken");
    }
    patterns.push_back(name->get<std::string>());
  }
  auto added = ReadPaths(record, "added", patterns, kAdditions);
  if (!added.ok()) return added.error();
  auto changed = ReadPaths(record, "changed", patterns, kChanges);
  if (!changed.ok()) return changed.error();
  return Record{*std::move(added), *std::move(changed)};
}

// What members of that list are called by.
std::string MergeKey(const json& member, const std::string& list) {
  if (member.is_string()) return member.get<std::string>();
  if (!member.is_object()) return {};
  const auto text = [&](const char* key) {
    const auto found = member.find(key);
    if (found == member.end()) return std::string();
    return found->is_string() ? found->get<std::string>() : found->dump();
  };
  if (list == "volumeMounts") return text("mountPath");
  if (list == "hostAliases") return text("ip");
  if (list != "ports") return text("name");
  const std::string protocol = text("protocol");
  return text("containerPort") + "/" + (protocol.empty() ? "TCP" : protocol);
}

std::optional<std::size_t> IndexOf(const json& array, const std::string& list,
                                   const std::string& token) {
  for (std::size_t i = array.size(); i > 0; --i) {  // a key that occurs twice: the last
    if (MergeKey(array[i - 1], list) == token) return i - 1;
  }
  return std::nullopt;
}

// What holds the value at the path, if that is there.
json* ParentOf(json& pod, const Tokens& tokens) {
  json* at = &pod;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (at->is_object()) {
      const auto found = at->find(tokens[i]);
      if (found == at->end()) return nullptr;
      at = &*found;
    } else if (at->is_array() && i > 0) {
      const auto index = IndexOf(*at, tokens[i - 1], tokens[i]);
      if (!index) return nullptr;
      at = &(*at)[*index];
    } else {
      return nullptr;
    }
  }
  return at;
}

void Remove(json& pod, const Tokens& tokens) {
  json* parent = ParentOf(pod, tokens);
  if (parent == nullptr) return;
  if (parent->is_object()) {
    parent->erase(tokens.back());
  } else if (parent->is_array()) {
    const auto index = IndexOf(*parent, tokens[tokens.size() - 2], tokens.back());
    if (index) parent->erase(*index);
  }
}

void PutBack(json& pod, const Path& path) {
  json* parent = ParentOf(pod, path.tokens);
  if (parent == nullptr || !parent->is_object()) return;
  const bool api_server_was_there = parent->contains("dnsPolicy");
  const bool is_default = path.pointer == kGracePeriod && path.before == kDefaultGraceSeconds;
  if (path.before.is_null() || (is_default && !api_server_was_there)) {
    parent->erase(path.tokens.back());
  } else {
    (*parent)[path.tokens.back()] = path.before;
  }
}

bool HasContainers(const json& pod) {
  const json::json_pointer containers("/spec/containers");
  return pod.contains(containers) && !pod.at(containers).empty();
}

}  // namespace

Result<bool> UndoInjection(json& pod) {
  const json::json_pointer annotations("/metadata/annotations");
  if (!pod.is_object() || !pod.contains(annotations) || !pod.at(annotations).is_object()) {
    return false;
  }
  const auto text = pod.at(annotations).find(api::kStatusKey);
  if (text == pod.at(annotations).end()) return false;
  auto record = ReadRecordText(*text);
  if (!record.ok()) return record.error();
  json undone = pod;
  undone.at(annotations).erase(std::string(api::kStatusKey));
  // clang 14 rejects range views.
  // NOLINTNEXTLINE(modernize-loop-convert)
  for (auto path = record->added.rbegin(); path != record->added.rend(); ++path) {
    Remove(undone, path->tokens);
  }
  // NOLINTNEXTLINE(modernize-loop-convert)
  for (auto path = record->changed.rbegin(); path != record->changed.rend(); ++path) {
    PutBack(undone, *path);
  }
  if (HasContainers(pod) && !HasContainers(undone)) {
    return Unreadable("is not ours: it says that every container was added; nothing is undone");
  }
  pod = std::move(undone);
  return true;
}

}  // namespace remora::injection
