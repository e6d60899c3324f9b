#include "operator/cli/companion_state.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "operator/cli/field_differences.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

struct ContainerList {
  const char* name;
  const char* statuses;
};

constexpr std::array<ContainerList, 2> kLists = {{
    {"initContainers", "initContainerStatuses"},
    {"containers", "containerStatuses"},
}};

// The object of that name in an array of the Pod; null where there is none.
const json* FindNamed(const json& pod, const Pointer& array, const std::string& name) {
  if (!pod.contains(array) || !pod.at(array).is_array()) return nullptr;
  const json& objects = pod.at(array);
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const json& object) {
    return StringAt(object, Pointer("/name")) == name;
  });
  return found == objects.end() ? nullptr : &*found;
}

// A path that the record says was added for the pattern, where it is that of a container of the
// list; else empty.
std::string AddedContainer(const json& entry, std::size_t pattern, const ContainerList& list) {
  const bool of_pattern = entry.is_array() && entry.size() > 1 && entry[0].is_number_unsigned() &&
                          entry[0].get<std::size_t>() == pattern && entry[1].is_string();
  if (!of_pattern) return {};
  const auto path = std::string_view(entry[1].get_ref<const std::string&>());
  const std::string prefix = std::string("/spec/") + list.name + '/';
  if (!path.starts_with(prefix)) return {};
  const std::string_view name = path.substr(prefix.size());
  return name.find('/') == std::string_view::npos ? std::string(name) : std::string();
}

// Empty where the pattern has none: a bypassed one.
std::string FindCompanion(const json& record, std::size_t pattern) {
  const std::string own = StringAt(record.at("patterns").at(pattern), Pointer("/name"));
  const auto added = record.find("added");
  if (added == record.end() || !added->is_array()) return {};
  std::string first;
  for (const ContainerList& list : kLists) {
    for (const json& entry : *added) {
      const std::string name = AddedContainer(entry, pattern, list);
      if (!name.empty() && name == own) return own;
      if (first.empty()) first = name;
    }
  }
  return first;
}

std::uint64_t CountAt(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<ContainerEnd> EndAt(const json& status, const Pointer& path) {
  if (!status.contains(path) || !status.at(path).is_object()) return std::nullopt;
  const json& terminated = status.at(path);
  ContainerEnd end{StringAt(terminated, Pointer("/reason")), std::nullopt};
  const auto code = terminated.find("exitCode");
  if (code != terminated.end() && code->is_number_integer()) {
    end.exit_code = code->get<std::int64_t>();
  }
  return end;
}

void ReadStatus(const json& status, CompanionState& companion) {
  const auto ready = status.find("ready");
  companion.ready = ready != status.end() && *ready == json(true);
  companion.restarts = CountAt(status, "restartCount");
  companion.state = "waiting";  // so Kubernetes means a state that says nothing
  for (const char* state : {"running", "waiting", "terminated"}) {
    const Pointer path = Pointer("/state") / state;
    if (status.contains(path) && status.at(path).is_object()) companion.state = state;
  }
  const Pointer detail = Pointer("/state") / companion.state;
  companion.reason = StringAt(status, detail / "reason");
  companion.message = StringAt(status, detail / "message");
  const auto end = EndAt(status, Pointer("/state/terminated"));
  if (end) companion.exit_code = end->exit_code;
  companion.last_end = EndAt(status, Pointer("/lastState/terminated"));
}

CompanionState StateOf(const json& pod, std::size_t pattern, const std::string& container) {
  CompanionState companion;
  companion.pattern = pattern;
  companion.container = container;
  for (const ContainerList& list : kLists) {
    if (FindNamed(pod, Pointer("/spec") / list.name, container) != nullptr) {
      companion.list = list.name;
    }
  }
  for (const ContainerList& list : kLists) {
    const json* status = FindNamed(pod, Pointer("/status") / list.statuses, container);
    if (status == nullptr) continue;
    ReadStatus(*status, companion);
    break;
  }
  const std::string phase = StringAt(pod, Pointer("/status/phase"));
  const bool has_ended = phase == "Succeeded" || phase == "Failed";
  companion.keeps_from_services = !companion.state.empty() && !companion.ready && !has_ended;
  return companion;
}

std::string EndAsText(const ContainerEnd& end) {
  std::string text = OneLine(end.reason);
  if (end.exit_code) {
    text += (text.empty() ? "exit code " : ", exit code ") + std::to_string(*end.exit_code);
  }
  return text.empty() ? "no reason is given" : text;
}

std::string StateAsText(const CompanionState& companion) {
  if (companion.state.empty()) return "no status yet";
  std::string text = companion.state;
  if (companion.state == "running") {
    text += companion.ready ? ", ready" : ", not ready";
  } else if (companion.state == "terminated") {
    text += ": " + EndAsText({companion.reason, companion.exit_code});
  } else if (!companion.reason.empty()) {
    text += ": " + OneLine(companion.reason);
  }
  if (!companion.message.empty()) text += " (" + OneLine(companion.message) + ')';
  if (companion.restarts == 0) return text;
  text += "; " + std::to_string(companion.restarts);
  text += companion.restarts == 1 ? " restart" : " restarts";
  if (companion.last_end) text += ", last ended: " + EndAsText(*companion.last_end);
  return text;
}

}  // namespace

std::vector<CompanionState> FindCompanions(const json& pod, const json& record) {
  std::vector<CompanionState> companions;
  if (!record.is_object() || !record.contains("patterns")) return companions;
  const json& patterns = record.at("patterns");
  if (!patterns.is_array()) return companions;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string container = FindCompanion(record, i);
    if (!container.empty()) companions.push_back(StateOf(pod, i, container));
  }
  return companions;
}

std::string CompanionAsText(const CompanionState& companion) {
  const std::string name = OneLine(companion.container);  // the record is no proof
  if (companion.list.empty()) return name + ": not in the Pod any more";
  return name + " (" + companion.list + "): " + StateAsText(companion);
}

json CompanionAsJson(const CompanionState& companion) {
  const auto or_null = [](const std::string& text) { return text.empty() ? json() : json(text); };
  json object = {{"container", companion.container}, {"list", or_null(companion.list)},
                 {"ready", companion.ready},         {"state", or_null(companion.state)},
                 {"reason", companion.reason},       {"message", companion.message},
                 {"restarts", companion.restarts}};
  if (companion.exit_code) object["exitCode"] = *companion.exit_code;
  if (companion.last_end) {
    object["lastEnd"] = {{"reason", companion.last_end->reason}};
    if (companion.last_end->exit_code) {
      object["lastEnd"]["exitCode"] = *companion.last_end->exit_code;
    }
  }
  return object;
}

}  // namespace remora::cli
