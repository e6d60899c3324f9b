// Plan: what is decided about a Pod, and the typed operations that carry it out, as plain values.
//
// Every operation is justified by one decision. Patch, record, messages and explanation are written
// from a Plan and from nothing else.
// Thread-safety: values; the views belong to the Workspace and to the Pod's document.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/api/reason.h"

namespace remora::injection {

struct PodFacts;

struct PortBinding {
  std::string_view name;  // of the endpoint, or "metrics"
  int port = 0;
};

enum class ParameterOrigin : std::uint8_t { kPod, kNamespace, kDefault };

struct EffectiveParameter {
  std::string_view name;
  std::string_view value;
  ParameterOrigin origin = ParameterOrigin::kDefault;
};

struct Decision {
  api::PatternKind kind = api::PatternKind::kSidecar;
  std::string_view namespace_name;  // of the pattern; empty where none was found
  std::string_view name;
  std::string_view revision;
  api::Reason reason = api::Reason::kInjected;
  std::string_view message;                   // one sentence; empty for what is in
  bool denies = false;                        // this refusal denies the Pod
  std::span<const std::string_view> targets;  // regular containers
  std::span<const PortBinding> ports;
  std::span<const EffectiveParameter> parameters;
};

// For warnings, whose 120 characters are few: without the annotation, where that is one of the three
// lists; which of them it is, is told by the kind.
inline std::string_view ShortMessage(const Decision& decision) {
  constexpr std::string_view kOwnList = "annotation patterns.remora.dev/";
  const std::string_view message = decision.message;
  return message.starts_with(kOwnList) ? message.substr(message.find(": ") + 2) : message;
}

enum class List : std::uint8_t {
  kVolumes,
  kInitContainers,
  kContainers,
  kEnvironment,  // of a container
  kMounts,       // of a container
  kContainerField,
  kHostAliases,  // host names of 127.0.0.1
  kPullSecrets,
  kAnnotations,
  kLabels,
  kPodSpec,  // a field of the spec itself
};

enum class Verb : std::uint8_t {
  kAdd,     // a new member of a list or map
  kSet,     // a field that had `before` (absent: its Kubernetes default, or null)
  kRemove,  // a field that had `before`
};

struct Operation {
  std::uint32_t decision = 0;
  Verb verb = Verb::kAdd;
  List list = List::kVolumes;
  bool init = false;            // kEnvironment, kMounts: of an init container
  bool makes_entry = false;     // kHostAliases: the first of 127.0.0.1
  bool makes_list = false;      // kHostAliases: the entry has no names yet
  bool recorded = true;         // false: the record of an earlier call says it already
  std::uint32_t container = 0;  // kEnvironment, kMounts: its place in the Pod as it came
  // kInitContainers: before which of the Pod's; kEnvironment: see ours; kHostAliases: of the entry.
  std::uint32_t position = 0;
  std::uint32_t rank = 0;  // kInitContainers: in the order of all that are added
  bool ours = false;       // kEnvironment, kSet: `position` counts what this plan added
  std::string_view container_name;
  // The merge key: name, mount path, annotation or label key, field; kContainerField: the pointer
  // below the container.
  std::string_view key;
  // kEnvironment with kSet or kRemove: value or valueFrom; kContainerField: the pointer with indices.
  std::string_view field;
  std::string_view json;    // the new value
  std::string_view before;  // kSet, kRemove: the old value
};

struct Plan {
  explicit Plan(std::pmr::memory_resource* memory)
      : decisions(memory), passed_over(memory), operations(memory) {}

  const PodFacts* pod = nullptr;
  std::optional<api::Reason> skipped;  // why the Pod was not looked at: OptedOut, MirrorPod ...
  std::string_view refusal;            // a key or a list that cannot be read: the Pod is denied
  api::Reason refusal_reason = api::Reason::kInvalidAnnotation;
  std::pmr::vector<Decision> decisions;    // in the order of kind, namespace, name
  std::pmr::vector<Decision> passed_over;  // not asked for; only where Request::explain
  std::pmr::vector<Operation> operations;
};

}  // namespace remora::injection
