#include "operator/injection/record.h"

#include <algorithm>
#include <utility>

#include "operator/injection/patch_writer.h"
#include "operator/injection/template.h"

namespace remora::injection {

namespace {

constexpr std::int64_t kVersion = 1;
// Far more than a Pod can ask for: who writes more into a record has forged it.
constexpr std::size_t kMostPatterns = 256;

template <typename Paths>
bool Contains(const Paths& paths, std::uint32_t pattern, std::string_view pointer) {
  return std::any_of(paths.begin(), paths.end(), [&](const RecordedPath& path) {
    return path.pattern == pattern && path.pointer == pointer;
  });
}

void ReadPaths(JsonValue list, std::size_t patterns, Arena& arena,
               std::pmr::vector<RecordedPath>& paths) {
  for (const JsonValue element : list.elements()) {
    RecordedPath path;
    int field = 0;
    bool valid = false;
    for (const JsonValue part : element.elements()) {
      if (field == 0) {
        const auto number = part.Integer();
        valid = number && *number >= 0 && static_cast<std::size_t>(*number) < patterns;
        if (valid) path.pattern = static_cast<std::uint32_t>(*number);
      } else if (field == 1) {
        const auto pointer = part.String(arena);
        valid = valid && pointer;
        path.pointer = pointer.value_or("");
      } else if (field == 2) {
        path.before = part;
      }
      ++field;
    }
    if (valid && field >= 2) paths.push_back(path);
  }
}

void AppendNumber(std::uint64_t number, std::pmr::string& out) {
  char digits[20];
  char* end = digits + sizeof digits;
  char* begin = end;
  do {
    *--begin = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  out.append(begin, static_cast<std::size_t>(end - begin));
}

// `key` has nothing to escape.
void AppendMember(std::string_view key, std::string_view value, std::pmr::string& out) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += key;
  out += "\":";
  AppendQuoted(value, out);
}

void AppendDecision(const Decision& decision, std::pmr::string& out) {
  out += '{';
  AppendMember("kind", api::PatternKindName(decision.kind), out);
  if (!decision.namespace_name.empty()) AppendMember("namespace", decision.namespace_name, out);
  AppendMember("name", decision.name, out);
  const bool in = api::ClassOf(decision.reason) == api::ReasonClass::kIn;
  if (in && !decision.revision.empty()) AppendMember("revision", decision.revision, out);
  // On a second call the answer's reason is AlreadyInjected; the record stays.
  const bool again = decision.reason == api::Reason::kAlreadyInjected;
  AppendMember("reason", again ? "Injected" : api::ReasonName(decision.reason), out);
  if (!in) {
    AppendMember("message", decision.message, out);
    out += '}';
    return;
  }
  out += ",\"targets\":[";
  for (const std::string_view target : decision.targets) {
    if (out.back() != '[') out += ',';
    AppendQuoted(target, out);
  }
  out += ']';
  if (!decision.ports.empty()) {
    out += ",\"ports\":{";
    for (const PortBinding& binding : decision.ports) {
      if (out.back() != '{') out += ',';
      AppendQuoted(binding.name, out);
      out += ':';
      AppendNumber(static_cast<std::uint64_t>(binding.port), out);
    }
    out += '}';
  }
  out += '}';
}

void AppendPath(std::size_t decision, std::string_view pointer, std::string_view before,
                std::pmr::string& out) {
  if (out.back() != '[') out += ',';
  out += '[';
  AppendNumber(decision, out);
  out += ',';
  AppendQuoted(pointer, out);
  if (!before.empty()) {
    out += ',';
    out += before;
  }
  out += ']';
}

// The paths of the previous record that belong to patterns of the new one.
void AppendCarried(const std::pmr::vector<RecordedPath>& paths,
                   const std::pmr::vector<int>& carried, std::pmr::string& out) {
  for (const RecordedPath& path : paths) {
    for (std::size_t i = 0; i < carried.size(); ++i) {
      if (carried[i] == static_cast<int>(path.pattern)) {
        AppendPath(i, path.pointer, path.before.raw(), out);
      }
    }
  }
}

}  // namespace

const std::pmr::vector<RecordedPath>& PreviousRecord::added() const {
  ReadPaths(std::exchange(added_json_, {}), patterns.size(), arena_, added_);
  return added_;
}

const std::pmr::vector<RecordedPath>& PreviousRecord::changed() const {
  ReadPaths(std::exchange(changed_json_, {}), patterns.size(), arena_, changed_);
  return changed_;
}

bool PreviousRecord::WasAdded(std::uint32_t pattern, std::string_view pointer) const {
  return Contains(added(), pattern, pointer);
}

const RecordedPath* PreviousRecord::FindChanged(std::uint32_t pattern,
                                                std::string_view pointer) const {
  const auto& all = changed();
  const auto found = std::find_if(all.begin(), all.end(), [&](const RecordedPath& path) {
    return path.pattern == pattern && path.pointer == pointer;
  });
  return found == all.end() ? nullptr : &*found;
}

void ReadRecord(std::string_view text, JsonDocument& document, Arena& arena,
                PreviousRecord& record) {
  if (!document.Parse(text).ok()) return;
  const JsonValue root = document.root();
  if (root["version"].Integer() != kVersion) return;
  for (const JsonValue element : root["patterns"].elements()) {
    RecordedPattern pattern;
    const auto kind = api::ParsePatternKind(element["kind"].String(arena).value_or(""));
    pattern.kind = kind.value_or(api::PatternKind::kSidecar);
    pattern.namespace_name = element["namespace"].String(arena).value_or("");
    pattern.name = element["name"].String(arena).value_or("");
    pattern.revision = element["revision"].String(arena).value_or("");
    pattern.injected = kind && element["reason"].RawString() == "Injected";
    pattern.bypassed = kind && element["reason"].RawString() == "Bypassed";
    pattern.targets = element["targets"];
    pattern.ports = element["ports"];
    record.patterns.push_back(pattern);
  }
  if (record.patterns.size() > kMostPatterns) return record.patterns.clear();
  record.added_json_ = root["added"];
  record.changed_json_ = root["changed"];
}

void AppendPointer(const Operation& operation, std::pmr::string& out) {
  switch (operation.list) {
    case List::kVolumes: out += "/spec/volumes/"; break;
    case List::kInitContainers: out += "/spec/initContainers/"; break;
    case List::kContainers: out += "/spec/containers/"; break;
    case List::kAnnotations: out += "/metadata/annotations/"; break;
    case List::kLabels: out += "/metadata/labels/"; break;
    case List::kPodSpec: out += "/spec/"; break;
    case List::kPullSecrets: out += "/spec/imagePullSecrets/"; break;
    case List::kHostAliases:
      out += "/spec/hostAliases/127.0.0.1";
      if (operation.makes_entry) return;
      out += "/hostnames/";
      break;
    case List::kContainerField:
      out += "/spec/containers/";
      AppendPointerToken(operation.container_name, out);
      out += '/';
      out += operation.key;
      return;
    case List::kEnvironment:
    case List::kMounts:
      out += operation.init ? "/spec/initContainers/" : "/spec/containers/";
      AppendPointerToken(operation.container_name, out);
      out += operation.list == List::kMounts ? "/volumeMounts/" : "/env/";
      break;
  }
  AppendPointerToken(operation.key, out);
  if (!operation.field.empty()) {
    out += '/';
    out += operation.field;
  }
}

void WriteRecord(const Plan& plan, const PreviousRecord& previous,
                 const std::pmr::vector<int>& carried, std::pmr::string& out) {
  // Usual ones; a string that grows is copied.
  constexpr std::size_t kDecisionBytes = 256;
  constexpr std::size_t kPathBytes = 64;
  out.reserve(plan.decisions.size() * kDecisionBytes + plan.operations.size() * kPathBytes);
  out += R"({"version":1,"patterns":[)";
  for (const Decision& decision : plan.decisions) {
    if (out.back() != '[') out += ',';
    AppendDecision(decision, out);
  }
  std::pmr::string pointer(out.get_allocator());
  const auto append_all = [&](bool added) {
    for (const Operation& operation : plan.operations) {
      if ((operation.verb == Verb::kAdd) != added || !operation.recorded) continue;
      pointer.clear();
      AppendPointer(operation, pointer);
      AppendPath(operation.decision, pointer, added ? "" : operation.before, out);
    }
  };
  out += "],\"added\":[";
  AppendCarried(previous.added(), carried, out);
  append_all(true);
  out += "],\"changed\":[";
  AppendCarried(previous.changed(), carried, out);
  append_all(false);
  out += "]}";
}

}  // namespace remora::injection
