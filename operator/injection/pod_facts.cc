#include "operator/injection/pod_facts.h"

namespace remora::injection {

namespace {

std::string_view Text(JsonValue value, Arena& arena, std::string_view otherwise = {}) {
  return value.String(arena).value_or(otherwise);
}

void ReadPairs(JsonValue map, Arena& arena, std::pmr::vector<StringPair>& pairs) {
  for (const JsonValue::Member member : map.members()) {
    const auto key = member.Key(arena);
    const auto value = member.value().String(arena);
    if (key && value) pairs.push_back({*key, *value});
  }
}

ContainerFacts ReadContainer(JsonValue container, Arena& arena) {
  ContainerFacts facts;
  for (const JsonValue::Member member : container.members()) {
    const std::string_view key = member.RawKey();
    const JsonValue value = member.value();
    if (key == "name")
      facts.name = Text(value, arena);
    else if (key == "image")
      facts.image = Text(value, arena);
    else if (key == "env")
      facts.env = value;
    else if (key == "volumeMounts")
      facts.volume_mounts = value;
    else if (key == "volumeDevices")
      facts.volume_devices = value;
    else if (key == "ports")
      facts.ports = value;
    else if (key == "livenessProbe")
      facts.liveness_probe = value;
    else if (key == "readinessProbe")
      facts.readiness_probe = value;
    else if (key == "startupProbe")
      facts.startup_probe = value;
    else if (key == "lifecycle")
      facts.lifecycle = value;
    else if (key == "resources")
      facts.resources = value;
    else if (key == "imagePullPolicy")
      facts.always_pulls = value.RawString() == "Always";
  }
  return facts;
}

// A list that stands there twice: the last one counts, here and below.
void ReadContainers(JsonValue list, bool init, Arena& arena,
                    std::pmr::vector<ContainerFacts>& containers) {
  containers.clear();
  for (const JsonValue element : list.elements()) {
    ContainerFacts facts = ReadContainer(element, arena);
    facts.init = init;
    facts.index = static_cast<std::uint32_t>(containers.size());
    containers.push_back(facts);
  }
}

void ReadNames(JsonValue list, Arena& arena, std::pmr::vector<std::string_view>& names) {
  names.clear();
  for (const JsonValue element : list.elements()) names.push_back(Text(element["name"], arena));
}

void ReadMetadata(JsonValue metadata, Arena& arena, PodFacts& facts) {
  const JsonValue annotations = metadata["annotations"];
  const JsonValue labels = metadata["labels"];
  facts.has_annotations = annotations.is_object();
  facts.has_labels = labels.is_object();
  for (const JsonValue::Member member : annotations.members()) {
    const auto key = member.Key(arena);
    if (key && member.value().is_string()) facts.annotations.push_back({*key, member.value()});
  }
  ReadPairs(labels, arena, facts.labels);
}

void ReadSpec(JsonValue spec, Arena& arena, PodFacts& facts) {
  for (const JsonValue::Member member : spec.members()) {
    const std::string_view key = member.RawKey();
    const JsonValue value = member.value();
    if (key == "containers") {
      ReadContainers(value, false, arena, facts.containers);
    } else if (key == "initContainers") {
      facts.has_init_containers = value.is_array();
      ReadContainers(value, true, arena, facts.init_containers);
    } else if (key == "ephemeralContainers") {
      ReadNames(value, arena, facts.ephemeral_containers);
    } else if (key == "volumes") {
      facts.has_volumes = value.is_array();
      ReadNames(value, arena, facts.volumes);
    } else if (key == "hostAliases") {
      facts.host_aliases = value;
    } else if (key == "imagePullSecrets") {
      facts.pull_secrets = value;
    } else if (key == "restartPolicy") {
      facts.restart_policy = Text(value, arena, "Always");
    } else if (key == "serviceAccountName") {
      const std::string_view name = Text(value, arena);
      if (!name.empty()) facts.service_account_name = name;
    } else if (key == "terminationGracePeriodSeconds") {
      facts.grace_seconds = value.Integer().value_or(facts.grace_seconds);
    } else if (key == "hostNetwork") {
      facts.host_network = value.Boolean().value_or(false);
    } else if (key == "automountServiceAccountToken") {
      facts.automount_token = value.Boolean().value_or(true);
    } else if (key == "securityContext") {
      facts.security_context = value;
    } else if (key == "resources") {
      facts.has_resources = value["requests"].size() + value["limits"].size() > 0;
    } else if (key == "hostUsers") {
      facts.host_users = value.Boolean().value_or(true);
    } else if (key == "activeDeadlineSeconds") {
      facts.has_deadline = value.Integer().has_value();
    } else if (key == "os") {
      facts.windows = value["name"].RawString() == "windows";
    }
  }
}

const std::string_view* Find(const std::pmr::vector<StringPair>& pairs, std::string_view key) {
  const std::string_view* found = nullptr;
  for (const StringPair& pair : pairs) {
    if (pair.key == key) found = &pair.value;
  }
  return found;
}

}  // namespace

const std::string_view* PodFacts::FindAnnotation(std::string_view key) const {
  const Annotation* found = nullptr;
  for (const Annotation& annotation : annotations) {
    if (annotation.key == key) found = &annotation;
  }
  if (found == nullptr) return nullptr;
  const auto value = found->raw.String(arena);
  if (!value) return nullptr;
  return std::pmr::polymorphic_allocator<>(&arena).new_object<std::string_view>(*value);
}

std::string_view PodFacts::ValueOf(const Annotation& annotation) const {
  return annotation.raw.String(arena).value_or("");
}

std::size_t PodFacts::AnnotationBytes() const {
  std::size_t bytes = 0;
  for (const Annotation& annotation : annotations) {
    bytes += annotation.key.size() + ValueOf(annotation).size();
  }
  return bytes;
}

const std::string_view* PodFacts::FindLabel(std::string_view key) const {
  return Find(labels, key);
}

std::string_view PodFacts::TokenVolume() const {
  if (!automount_token) return {};
  for (const std::string_view volume : volumes) {
    if (volume.starts_with("kube-api-access-")) return volume;
  }
  return {};
}

void ReadPodFacts(JsonValue pod, Arena& arena, PodFacts& facts) {
  ReadMetadata(pod["metadata"], arena, facts);
  ReadSpec(pod["spec"], arena, facts);
}

void ReadVolumeClaims(JsonValue claims, Arena& arena, PodFacts& facts) {
  for (const JsonValue claim : claims.elements()) {
    facts.volumes.push_back(Text(claim["metadata"]["name"], arena));
  }
}

std::int64_t PortNumber(JsonValue value) { return value.Integer().value_or(0); }

}  // namespace remora::injection
