#include "tests/fuzz/typed_pod.h"

#include <algorithm>
#include <set>
#include <string>

#include "operator/api/annotations.h"

namespace remora::testing {

namespace {

using nlohmann::json;

using Check = bool (*)(const json&);

bool IsText(const json& value) { return value.is_string(); }
bool IsFlag(const json& value) { return value.is_boolean(); }
bool IsObject(const json& value) { return value.is_object(); }
bool IsInteger(const json& value) {
  return value.is_number_integer() && value.dump().size() <= 10;  // an int32 or so
}
bool IsPort(const json& value) { return IsText(value) || IsInteger(value); }

// Absent or so. The API server leaves out what is null, but for `containers`.
bool Has(const json& object, const char* key, Check check) {
  const auto found = object.find(key);
  return found == object.end() || check(*found);
}

bool IsTextMap(const json& value) {
  return value.is_object() && std::all_of(value.begin(), value.end(), IsText);
}

bool IsTextList(const json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), IsText);
}

template <Check check>
bool IsListOf(const json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), check);
}

bool IsNamed(const json& value) { return value.is_object() && Has(value, "name", IsText); }

bool IsVariable(const json& value) {
  return IsNamed(value) && Has(value, "value", IsText) && Has(value, "valueFrom", IsObject);
}

bool IsMount(const json& value) {
  return IsNamed(value) && Has(value, "mountPath", IsText) && Has(value, "subPath", IsText) &&
         Has(value, "subPathExpr", IsText) && Has(value, "readOnly", IsFlag);
}

bool IsContainerPort(const json& value) {
  return IsNamed(value) && Has(value, "containerPort", IsInteger) &&
         Has(value, "protocol", IsText) && Has(value, "hostPort", IsInteger);
}

bool IsAction(const json& value) {
  if (!value.is_object()) return false;
  return std::all_of(value.begin(), value.end(), [](const json& action) {
    return !action.is_object() || Has(action, "port", IsPort);
  });
}

bool IsContainer(const json& value) {
  return IsNamed(value) && Has(value, "image", IsText) && Has(value, "env", IsListOf<IsVariable>) &&
         Has(value, "volumeMounts", IsListOf<IsMount>) &&
         Has(value, "ports", IsListOf<IsContainerPort>) && Has(value, "livenessProbe", IsAction) &&
         Has(value, "readinessProbe", IsAction) && Has(value, "startupProbe", IsAction) &&
         Has(value, "lifecycle", [](const json& hooks) {
           return hooks.is_object() && std::all_of(hooks.begin(), hooks.end(), IsAction);
         });
}

bool IsHostAlias(const json& value) {
  return value.is_object() && Has(value, "ip", IsText) && Has(value, "hostnames", IsTextList);
}

bool IsMetadata(const json& value) {
  return value.is_object() && Has(value, "name", IsText) && Has(value, "generateName", IsText) &&
         Has(value, "labels", IsTextMap) && Has(value, "annotations", IsTextMap);
}

bool IsSpec(const json& value) {
  return value.is_object() && Has(value, "containers", IsListOf<IsContainer>) &&
         Has(value, "initContainers", IsListOf<IsContainer>) &&
         Has(value, "ephemeralContainers", IsListOf<IsContainer>) &&
         Has(value, "volumes", IsListOf<IsNamed>) &&
         Has(value, "hostAliases", IsListOf<IsHostAlias>) &&
         Has(value, "imagePullSecrets", IsListOf<IsNamed>) && Has(value, "hostNetwork", IsFlag) &&
         Has(value, "automountServiceAccountToken", IsFlag) &&
         Has(value, "terminationGracePeriodSeconds", IsInteger) &&
         Has(value, "restartPolicy", IsText) && Has(value, "serviceAccountName", IsText) &&
         Has(value, "os", IsNamed);
}

// Names of a list, none empty, none twice.
bool AreUnique(const json& list, const char* key, std::set<std::string>& seen) {
  return std::all_of(list.begin(), list.end(), [&](const json& item) {
    const std::string name = item.value(key, "");
    return !name.empty() && seen.insert(name).second;
  });
}

bool AreUnique(const json& object, const char* list, const char* key) {
  std::set<std::string> seen;
  return AreUnique(object.value(list, json::array()), key, seen);
}

}  // namespace

bool IsTypedPod(const json& pod) {
  return pod.is_object() && pod.contains("metadata") && pod.contains("spec") &&
         Has(pod, "metadata", IsMetadata) && Has(pod, "spec", IsSpec);
}

bool IsValidPod(const json& pod) {
  if (!IsTypedPod(pod)) return false;
  const json& spec = pod["spec"];
  std::set<std::string> containers;
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"}) {
    const json& items = spec.value(list, json::array());
    if (!AreUnique(items, "name", containers)) return false;
    for (const json& container : items) {
      if (!api::IsDnsLabel(container.value("name", ""))) return false;
      if (!AreUnique(container, "env", "name")) return false;
      if (!AreUnique(container, "volumeMounts", "mountPath")) return false;
    }
  }
  const json labels = pod["metadata"].value("labels", json::object());
  return AreUnique(spec, "volumes", "name") && AreUnique(spec, "hostAliases", "ip") &&
         AreUnique(spec, "imagePullSecrets", "name") &&
         std::all_of(labels.begin(), labels.end(), [](const json& value) {
           return api::IsLabelValue(value.get_ref<const std::string&>());
         });
}

}  // namespace remora::testing
