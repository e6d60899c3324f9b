#include "tests/property/undo.h"

#include <string>
#include <vector>

namespace remora::testing {

namespace {

using nlohmann::json;

constexpr const char* kStatus = "patterns.remora.dev/status";

std::vector<std::string> Tokens(const std::string& pointer) {
  std::vector<std::string> tokens;
  for (std::size_t i = 1; i <= pointer.size();) {
    std::size_t end = pointer.find('/', i);
    if (end == std::string::npos) end = pointer.size();
    std::string token;
    for (std::size_t k = i; k < end; ++k) {
      if (pointer[k] == '~') {
        token += pointer[++k] == '1' ? '/' : '~';
      } else {
        token += pointer[k];
      }
    }
    tokens.push_back(token);
    i = end + 1;
  }
  return tokens;
}

// The merge key of a list's member.
std::string KeyOf(const json& member, const std::string& list) {
  if (member.is_string()) return member;
  if (!member.is_object()) return {};
  if (list == "hostAliases") return member.value("ip", "");
  if (list == "volumeMounts") return member.value("mountPath", "");
  if (list == "ports") {
    return std::to_string(member.value("containerPort", 0)) + "/" + member.value("protocol", "TCP");
  }
  return member.value("name", "");
}

// The child of that token, or null.
json* Child(json& parent, const std::string& list, const std::string& token, std::size_t* index) {
  if (parent.is_object()) return parent.contains(token) ? &parent[token] : nullptr;
  json* found = nullptr;
  for (std::size_t i = 0; parent.is_array() && i < parent.size(); ++i) {
    if (KeyOf(parent[i], list) == token) {
      found = &parent[i];
      *index = i;
    }
  }
  return found;
}

// Calls visit(parent, last token, index in the parent) if the parent is there.
template <typename Visit>
void At(json& pod, const std::string& pointer, Visit visit) {
  const std::vector<std::string> tokens = Tokens(pointer);
  json* parent = &pod;
  std::string list;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::size_t index = 0;
    json* child = Child(*parent, list, tokens[i], &index);
    if (i + 1 == tokens.size()) return visit(*parent, tokens[i], index, child != nullptr);
    if (child == nullptr) return;
    list = tokens[i];
    parent = child;
  }
}

void EraseEmpty(json& value) {
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end();) {
      EraseEmpty(*member);
      const bool empty = (member->is_array() || member->is_object()) && member->empty();
      member = empty ? value.erase(member) : std::next(member);
    }
  } else if (value.is_array()) {
    for (json& element : value) EraseEmpty(element);
  }
}

}  // namespace

json RecordOf(const json& pod) {
  const json none = {
      {"patterns", json::array()}, {"added", json::array()}, {"changed", json::array()}};
  const json annotations = pod["metadata"].value("annotations", json::object());
  return annotations.contains(kStatus) ? json::parse(annotations[kStatus].get<std::string>())
                                       : none;
}

json Undo(json pod) {
  const json record = RecordOf(pod);
  const json& added = record["added"];
  for (auto path = added.rbegin(); path != added.rend(); ++path) {
    At(pod, (*path)[1], [](json& parent, const std::string& token, std::size_t index, bool there) {
      if (!there) return;
      if (parent.is_object()) {
        parent.erase(token);
      } else {
        parent.erase(index);
      }
    });
  }
  pod = WithoutChanges(std::move(pod));
  if (pod["metadata"].contains("annotations")) pod["metadata"]["annotations"].erase(kStatus);
  return pod;
}

json WithoutChanges(json pod) {
  const json record = RecordOf(pod);
  const json& changed = record["changed"];
  for (auto path = changed.rbegin(); path != changed.rend(); ++path) {
    const json before = (*path)[2];
    At(pod, (*path)[1], [&](json& parent, const std::string& token, std::size_t, bool) {
      if (!parent.is_object()) return;
      if (before.is_null()) {
        parent.erase(token);
      } else {
        parent[token] = before;
      }
    });
  }
  return pod;
}

json WithoutDefaults(json pod) {
  json& spec = pod["spec"];
  if (spec.value("terminationGracePeriodSeconds", 0) == 30)
    spec.erase("terminationGracePeriodSeconds");
  if (spec.value("restartPolicy", "") == "Always") spec.erase("restartPolicy");
  for (const char* list : {"containers", "initContainers"}) {
    if (!spec.contains(list)) continue;
    for (json& container : spec[list]) {
      for (json& variable : container["env"]) {
        if (variable.value("value", "x").empty()) variable.erase("value");
      }
      for (json& port : container["ports"]) {
        if (port.value("protocol", "") == "TCP") port.erase("protocol");
      }
      for (const char* empty : {"env", "ports"}) {
        if (container[empty].is_null()) container.erase(empty);
      }
    }
  }
  EraseEmpty(pod);
  return pod;
}

}  // namespace remora::testing
