#include <set>
#include <string>

#include "tests/property/pod_generator.h"

namespace remora::testing {

namespace {

using nlohmann::json;

using Names = std::set<std::string>;

std::string LookAtPorts(const json& container) {
  Names names;
  for (const json& port : container.value("ports", json::array())) {
    if (!port.contains("containerPort") || !port["containerPort"].is_number_integer()) {
      return "a port is no number";
    }
    if (port.contains("name") && !names.insert(port["name"]).second) return "port name twice";
  }
  return {};
}

std::string LookAtMounts(const json& container, const Names& volumes) {
  Names paths;
  for (const json& mount : container.value("volumeMounts", json::array())) {
    if (!volumes.contains(mount.value("name", ""))) return "mount of no volume";
    if (mount.value("mountPath", "").empty()) return "mount without a path";
    if (!paths.insert(mount["mountPath"]).second) return "mount path twice";
    if (mount.contains("subPath") && mount.contains("subPathExpr")) return "two sub-paths";
  }
  return {};
}

std::string LookAtEnvironment(const json& container) {
  for (const json& variable : container.value("env", json::array())) {
    if (variable.value("name", "").empty()) return "variable without a name";
    if (!variable.contains("valueFrom")) continue;
    if (!variable.value("value", "").empty()) return "value and valueFrom";
    if (variable["valueFrom"].size() != 1) return "valueFrom of nothing";
  }
  return {};
}

std::string LookAtHandlers(const json& container) {
  json handlers = container.value("lifecycle", json::object());
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    if (container.contains(probe)) handlers[probe] = container[probe];
  }
  for (const json& handler : handlers) {
    if (handler.empty()) return "a probe or hook without an action";
    for (const char* action : {"httpGet", "tcpSocket", "grpc"}) {
      if (handler.contains(action) && !handler[action].contains("port")) return "no port to probe";
    }
  }
  return {};
}

}  // namespace

std::string LookAt(const json& pod) {
  if (!pod.contains("metadata") || !pod.contains("spec")) return "no Pod";
  const json& spec = pod["spec"];
  if (spec.value("containers", json::array()).empty()) return "no containers";
  Names volumes;
  for (const json& volume : spec.value("volumes", json::array())) {
    if (volume.value("name", "").empty() || volume.size() != 2) return "volume without a source";
    if (!volumes.insert(volume["name"]).second) return "volume twice";
  }
  for (const json& alias : spec.value("hostAliases", json::array())) {
    if (alias.value("ip", "").empty()) return "alias without an address";
  }
  Names names;
  for (const char* list : {"containers", "initContainers"}) {
    for (const json& container : spec.value(list, json::array())) {
      if (container.value("name", "").empty()) return "container without a name";
      if (container.value("image", "").empty()) return "container without an image";
      if (!names.insert(container["name"]).second) return "container twice";
      for (std::string found : {LookAtPorts(container), LookAtMounts(container, volumes),
                                LookAtEnvironment(container), LookAtHandlers(container)}) {
        if (!found.empty()) return found;
      }
    }
  }
  return {};
}

}  // namespace remora::testing
