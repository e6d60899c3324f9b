#include "operator/injection/pattern_tests.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/reason.h"
#include "operator/injection/plan.h"

namespace remora::injection {

namespace {

using nlohmann::json;

// A value in a sentence of one line.
std::string Shown(const json& value) {
  constexpr std::size_t kLongest = 120;
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

std::string TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What a member of that list is called by; empty: the list is compared whole.
std::string MergeKey(std::string_view list, const json& member) {
  static constexpr std::string_view kByName[] = {
      "containers", "initContainers", "ephemeralContainers", "volumes", "env", "imagePullSecrets"};
  if (!member.is_object()) return {};
  if (std::find(std::begin(kByName), std::end(kByName), list) != std::end(kByName)) {
    return TextAt(member, "name");
  }
  if (list == "volumeMounts") return TextAt(member, "mountPath");
  if (list == "volumeDevices") return TextAt(member, "devicePath");
  if (list == "hostAliases") return TextAt(member, "ip");
  if (list != "ports" || !member.contains("containerPort")) return {};
  const std::string protocol = TextAt(member, "protocol");
  return member["containerPort"].dump() + "/" + (protocol.empty() ? "TCP" : protocol);
}

class Comparison {
 public:
  std::optional<std::string> Find(const json& whole, const json& part) {
    Compare(whole, part, "");
    return std::move(found_);
  }

 private:
  void Compare(const json& whole, const json& part, std::string_view list) {
    if (found_) return;
    if (part.is_object() && whole.is_object()) {
      for (const auto& [key, value] : part.items()) CompareMember(whole, key, value);
    } else if (part.is_array() && whole.is_array() && IsKeyed(part, list)) {
      for (const json& member : part) CompareElement(whole, member, list);
    } else if (whole != part) {
      Found("got " + Shown(whole) + "; want " + Shown(part));
    }
  }

  void CompareMember(const json& whole, const std::string& key, const json& part) {
    const std::size_t length = path_.size();
    path_ += (path_.empty() ? "" : ".") + key;
    const auto member = whole.find(key);
    if (member != whole.end()) {
      Compare(*member, part, key);
    } else if (!part.is_null()) {
      Found("got nothing; want " + Shown(part));
    }
    path_.resize(length);
  }

  void CompareElement(const json& whole, const json& part, std::string_view list) {
    const std::string key = MergeKey(list, part);
    const std::size_t length = path_.size();
    path_ += '[' + key + ']';
    const auto element = std::find_if(whole.begin(), whole.end(), [&](const json& member) {
      return MergeKey(list, member) == key;
    });
    if (element != whole.end()) {
      Compare(*element, part, {});
    } else {
      Found("got nothing; want " + Shown(part));
    }
    path_.resize(length);
  }

  static bool IsKeyed(const json& part, std::string_view list) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [&](const json& member) {
      return !MergeKey(list, member).empty();
    });
  }

  void Found(const std::string& sentence) {
    if (!found_) found_ = (path_.empty() ? std::string("the Pod") : path_) + ": " + sentence;
  }

  std::string path_;
  std::optional<std::string> found_;
};

Error Bad(std::size_t index, const std::string& sentence) {
  return Error(ErrorCode::kInvalid, "spec.tests[" + std::to_string(index) + "]" + sentence);
}

Result<PatternTest> ReadTest(const json& object, std::size_t index) {
  PatternTest test;
  if (!object.is_object()) return Bad(index, ": expected an object");
  for (const auto& [key, value] : object.items()) {
    if (key != "name" && key != "pod" && key != "want")
      return Bad(index, "." + key + ": unknown field");
  }
  test.name = TextAt(object, "name");
  if (test.name.empty()) return Bad(index, ".name: missing; expected a string");
  test.pod = object.value("pod", json());
  if (!test.pod.is_object()) return Bad(index, ".pod: expected a Pod");
  const json want = object.value("want", json());
  if (!want.is_object()) return Bad(index, ".want: expected an object with reason, pod or both");
  for (const auto& [key, value] : want.items()) {
    if (key != "reason" && key != "pod") return Bad(index, ".want." + key + ": unknown field");
  }
  if (want.contains("reason")) test.want_reason = TextAt(want, "reason");
  if (!api::ParseReason(test.want_reason)) {
    return Bad(index, ".want.reason: expected a reason such as Injected or PortTaken");
  }
  test.want_pod = want.value("pod", json());
  if (!test.want_pod.is_null() && !test.want_pod.is_object()) {
    return Bad(index, ".want.pod: expected a part of a Pod");
  }
  return test;
}

// Whether an item of the list is that pattern.
bool Names(std::string_view list, std::string_view pattern) {
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.substr(item.find('/') + 1) == pattern) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// The test's Pod; where its lists do not name the pattern, it asks for it all the same.
json Asking(const PatternTest& test) {
  json pod = test.pod;
  json& metadata = pod["metadata"];
  if (metadata.is_null()) metadata = json::object();
  json& annotations = metadata.is_object() ? metadata["annotations"] : metadata;
  if (annotations.is_null()) annotations = json::object();
  if (!annotations.is_object()) return test.pod;
  const std::string key(api::ListKey(test.kind));
  const auto list = annotations.find(key);
  if (list == annotations.end()) {
    annotations[key] = test.pattern;
  } else if (list->is_string() && !Names(list->get<std::string>(), test.pattern)) {
    *list = list->get<std::string>() + ", " + test.pattern;
  }
  return pod;
}

struct Got {
  std::string reason;
  std::string message;
};

Got ReasonOf(const PatternTest& test, const Outcome& outcome) {
  const Plan& plan = *outcome.plan;
  if (!plan.refusal.empty()) {
    return {std::string(api::ReasonName(plan.refusal_reason)), std::string(plan.refusal)};
  }
  if (plan.skipped) return {std::string(api::ReasonName(*plan.skipped)), ""};
  for (const Decision& decision : plan.decisions) {
    if (decision.kind != test.kind || decision.name != test.pattern) continue;
    return {std::string(api::ReasonName(decision.reason)), std::string(decision.message)};
  }
  return {"nothing", "the Pod does not ask for " + test.pattern};
}

}  // namespace

Result<std::vector<PatternTest>> ReadPatternTests(const json& pattern) {
  std::vector<PatternTest> tests;
  const json::json_pointer path("/spec/tests");
  if (!pattern.contains(path) || pattern.at(path).is_null()) return tests;
  const json& list = pattern.at(path);
  if (!list.is_array()) return Error(ErrorCode::kInvalid, "spec.tests: expected a list");
  const json metadata = pattern.value("metadata", json::object());
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto test = ReadTest(list[i], i);
    if (!test.ok()) return test.error();
    test->kind = api::ParsePatternKind(TextAt(pattern, "kind")).value_or(test->kind);
    test->pattern = TextAt(metadata, "name");
    test->namespace_name = TextAt(metadata, "namespace");
    tests.push_back(*std::move(test));
  }
  return tests;
}

std::optional<std::string> RunPatternTest(const PatternTest& test, const PatternIndex& patterns,
                                          const Environment& environment) {
  JsonDocument document;
  const json asking = Asking(test);
  if (auto parsed = document.Parse(asking.dump()); !parsed.ok()) {
    return "its Pod cannot be read: " + parsed.error().message();
  }
  const json metadata = asking.value("metadata", json());
  std::string namespace_name = metadata.is_object() ? TextAt(metadata, "namespace") : std::string();
  if (namespace_name.empty()) namespace_name = test.namespace_name;
  Workspace workspace;
  const Request request{.pod = document.root(), .namespace_name = namespace_name};
  const Outcome outcome = Inject(request, patterns, environment, workspace);
  const Got got = ReasonOf(test, outcome);
  if (got.reason != test.want_reason) {
    return "got " + got.reason + (got.message.empty() ? "" : ": " + got.message) + "; want " +
           test.want_reason;
  }
  if (test.want_pod.is_null()) return std::nullopt;
  if (outcome.verdict == Verdict::kDenied) return "got a Pod that is denied; want one to compare";
  json pod = asking;
  if (outcome.verdict == Verdict::kPatched) {
    try {
      pod = pod.patch(json::parse(outcome.patch));
    } catch (const json::exception& e) {
      return std::string("our own patch does not apply: ") + e.what();
    }
  }
  return FindDifference(pod, test.want_pod);
}

std::optional<std::string> FindDifference(const json& whole, const json& part) {
  return Comparison().Find(whole, part);
}

}  // namespace remora::injection
