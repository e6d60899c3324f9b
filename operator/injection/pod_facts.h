// PodFacts: what the engine knows of a Pod, read in one forward pass.
//
// Contract
//   - Any JSON value can be read; what has a wrong type counts as absent. The API server has checked
//     the Pod before it asks us.
//   - Absent fields read as Kubernetes' defaults.
// Thread-safety: owner thread only.
// Lifetime: views into the document and the arena.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/injection/json_document.h"

namespace remora::injection {

struct ContainerFacts {
  std::string_view name;
  std::string_view image;
  bool init = false;
  bool foreign = false;     // another injector's, or ours from an earlier call
  std::uint32_t index = 0;  // in its list
  JsonValue env;
  JsonValue volume_mounts;
  JsonValue volume_devices;
  JsonValue ports;
  JsonValue liveness_probe;
  JsonValue readiness_probe;
  JsonValue startup_probe;
  JsonValue lifecycle;
  JsonValue resources;
  bool always_pulls = false;
};

struct StringPair {
  std::string_view key;
  std::string_view value;
};

struct Annotation {
  std::string_view key;
  JsonValue raw;  // unescaped when somebody asks for it: most of them nobody does
};

struct PodFacts {
  explicit PodFacts(Arena& memory)
      : arena(memory),
        annotations(&memory),
        labels(&memory),
        init_containers(&memory),
        containers(&memory),
        ephemeral_containers(&memory),
        volumes(&memory) {}

  Arena& arena;
  std::pmr::vector<Annotation> annotations;
  std::pmr::vector<StringPair> labels;
  bool has_annotations = false;
  bool has_labels = false;

  std::pmr::vector<ContainerFacts> init_containers;
  std::pmr::vector<ContainerFacts> containers;
  std::pmr::vector<std::string_view> ephemeral_containers;  // names
  std::pmr::vector<std::string_view> volumes;               // names
  bool has_init_containers = false;
  bool has_volumes = false;
  JsonValue host_aliases;
  JsonValue pull_secrets;
  JsonValue security_context;

  std::string_view restart_policy = "Always";
  std::string_view service_account_name = "default";
  std::int64_t grace_seconds = 30;
  bool host_network = false;
  bool host_users = true;
  bool has_resources = false;  // spec.resources: of the Pod as a whole
  bool has_deadline = false;   // activeDeadlineSeconds
  bool windows = false;
  bool automount_token = true;

  std::string_view ValueOf(const Annotation& annotation) const;
  const std::string_view* FindAnnotation(std::string_view key) const;
  std::size_t AnnotationBytes() const;  // keys and values
  const std::string_view* FindLabel(std::string_view key) const;
  // The token volume that the ServiceAccount plugin has added; empty without one.
  std::string_view TokenVolume() const;
};

void ReadPodFacts(JsonValue pod, Arena& arena, PodFacts& facts);
// The claims that a StatefulSet makes for each of its Pods; each is a volume there.
void ReadVolumeClaims(JsonValue claims, Arena& arena, PodFacts& facts);

// The number in a container's `ports[].containerPort`, or in a probe's port.
std::int64_t PortNumber(JsonValue value);

}  // namespace remora::injection
