// The field table: every field of a pattern once, by name, with its rules. The decoder visits it,
// and so does the test that compares it with the CRDs. A new field of a pattern is one row here.
//
// A visitor is called as visit("name", member, rules) for each field; rules may be left out.
#pragma once

#include <array>

#include "operator/api/field_rules.h"
#include "operator/api/pattern.h"

namespace remora::api {

inline constexpr std::int64_t kLastPort = 65535;

// The first level of what is core/v1 with references in it. Below it everything is kept as written,
// so these structs only say what may stand there.
struct OpenObject {};
struct AnyValue {};

struct LifecycleFields {
  OpenObject post_start, pre_stop;
};

struct ContainerFields {
  std::string image, working_dir, termination_message_path, termination_message_policy;
  std::string image_pull_policy;
  std::vector<std::string> command, args;
  std::vector<OpenObject> ports, env, env_from, resize_policy, volume_mounts, volume_devices;
  OpenObject resources, liveness_probe, readiness_probe, startup_probe, security_context;
  LifecycleFields lifecycle;
  AnyValue stdin_open, stdin_once, tty;
};

struct InitContainerFields {
  std::string name;
  ContainerFields container;
};

struct VolumeFields {
  std::string name;
  OpenObject source;  // of each kind
};

// What a volume can be made of; it has exactly one.
inline constexpr std::array<std::string_view, 13> kVolumeSources = {"configMap",
                                                                    "csi",
                                                                    "downwardAPI",
                                                                    "emptyDir",
                                                                    "ephemeral",
                                                                    "fc",
                                                                    "hostPath",
                                                                    "image",
                                                                    "iscsi",
                                                                    "nfs",
                                                                    "persistentVolumeClaim",
                                                                    "projected",
                                                                    "secret"};

template <typename Visitor>
void VisitFields(Visitor& visit, Parameter& parameter) {
  visit("name", parameter.name,
        {.required = true, .max_length = 22, .format = &formats::kParameterName});
  visit("type", parameter.type, {.required = true});
  visit("default", parameter.default_value, {.max_length = 512});
  visit("required", parameter.required);
  visit("enum", parameter.enumeration, {.max_length = 256, .max_items = 32});
  visit("pattern", parameter.pattern, {.min_length = 1, .max_length = 256});
  visit("minimum", parameter.minimum, {.max_length = 32, .format = &formats::kLimitText});
  visit("maximum", parameter.maximum, {.max_length = 32, .format = &formats::kLimitText});
  visit("description", parameter.description, {.max_length = 512});
  visit("example", parameter.example, {.max_length = 512});
}

template <typename Visitor>
void VisitFields(Visitor& visit, Target& target) {
  visit("containers", target.containers);
  visit("names", target.names,
        {.max_length = 63,
         .format = &formats::kContainerName,
         .min_items = 1,
         .max_items = 32,
         .unique_by = FieldRules::kWholeItem});
  visit("port", target.port,
        {.max_length = 15, .format = &formats::kTargetPort, .minimum = 1, .maximum = kLastPort});
  visit("initContainers", target.init_containers);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Share& share) {
  visit("name", share.name, {.required = true, .max_length = 21, .format = &formats::kVolumeName});
  visit("path", share.path, {.required = true, .max_length = 1024, .format = &formats::kMountPath});
  visit("targetPath", share.target_path,
        {.required = true, .max_length = 1024, .format = &formats::kMountPath});
  visit("access", share.access);
  visit("medium", share.medium, {.max_length = 253, .format = &formats::kMedium});
  visit("sizeLimit", share.size_limit,
        {.max_length = 253, .format = &formats::kSizeLimit, .minimum = 1});
  visit("subPath", share.sub_path,
        {.min_length = 1, .max_length = 1024, .format = &formats::kSubPath});
  visit("volumeName", share.volume_name, {.max_length = 253, .format = &formats::kPodVolumeName});
}

template <typename Visitor>
void VisitFields(Visitor& visit, File& file) {
  visit("path", file.path, {.required = true, .max_length = 1024, .format = &formats::kFilePath});
  visit("content", file.content, {.required = true, .max_length = 65536});
  visit("mode", file.mode, {.minimum = 0, .maximum = 0777});
}

template <typename Visitor>
void VisitFields(Visitor& visit, EnvironmentVariable& variable) {
  visit("name", variable.name,
        {.required = true, .max_length = 253, .format = &formats::kVariableName});
  visit("value", variable.value, {.max_length = 8192});
  visit("valueFrom", variable.value_from);
  visit("operation", variable.operation);
  visit("separator", variable.separator, {.max_length = 16});
  visit("onConflict", variable.on_conflict);
}

template <typename Visitor>
void VisitFields(Visitor& visit, EndpointUrl& url) {
  visit("name", url.name, {.required = true, .max_length = 253, .format = &formats::kVariableName});
  visit("value", url.value, {.required = true, .max_length = 2048});
}

template <typename Visitor>
void VisitFields(Visitor& visit, EndpointEnvironment& env) {
  visit("host", env.host, {.max_length = 253, .format = &formats::kVariableName});
  visit("port", env.port, {.max_length = 253, .format = &formats::kVariableName});
  visit("url", env.url);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Endpoint& endpoint) {
  visit("name", endpoint.name,
        {.required = true, .max_length = 15, .format = &formats::kEndpointName});
  visit("protocol", endpoint.protocol);
  visit("port", endpoint.port,
        {.max_length = 253, .format = &formats::kPort, .minimum = 1, .maximum = kLastPort});
  visit("socketPath", endpoint.socket_path, {.max_length = 107, .format = &formats::kSocketPath});
  visit("upstream", endpoint.upstream, {.max_length = 512, .format = &formats::kUpstream});
  visit("hostnames", endpoint.hostnames,
        {.max_length = 253,
         .format = &formats::kHostname,
         .max_items = 16,
         .unique_by = FieldRules::kWholeItem});
  visit("env", endpoint.env);
}

template <typename Visitor>
void VisitFields(Visitor& visit, TakeOver& take_over) {
  visit("portName", take_over.port_name,
        {.required = true, .max_length = 15, .format = &formats::kTakenPortName});
  visit("endpoint", take_over.endpoint,
        {.required = true, .max_length = 15, .format = &formats::kEndpointName});
}

template <typename Visitor>
void VisitFields(Visitor& visit, Placement& placement) {
  const FieldRules names = {.max_length = 63,
                            .format = &formats::kContainerName,
                            .max_items = 16,
                            .unique_by = FieldRules::kWholeItem};
  visit("mode", placement.mode);
  visit("position", placement.position);
  visit("before", placement.before, names);
  visit("after", placement.after, names);
}

template <typename Visitor>
void VisitFields(Visitor& visit, PullSecret& secret) {
  visit("name", secret.name,
        {.required = true, .max_length = 253, .format = &formats::kSecretName});
}

template <typename Visitor>
void VisitFields(Visitor& visit, TestWant& want) {
  visit("reason", want.reason, {.format = &formats::kReasonName});
  visit("pod", want.pod);
}

template <typename Visitor>
void VisitFields(Visitor& visit, PatternTest& test) {
  visit("name", test.name, {.required = true, .min_length = 1, .max_length = 128});
  visit("pod", test.pod, {.required = true});
  visit("want", test.want, {.required = true});
}

template <typename Visitor>
void VisitFields(Visitor& visit, Metrics& metrics) {
  visit("port", metrics.port,
        {.max_length = 253, .format = &formats::kPort, .minimum = 1, .maximum = kLastPort});
  visit("path", metrics.path, {.max_length = 1024, .format = &formats::kMetricsPath});
  visit("portName", metrics.port_name, {.max_length = 253, .format = &formats::kPortName});
  visit("annotate", metrics.annotate);
}

template <typename Visitor>
void VisitFields(Visitor& visit, LabelRequirement& requirement) {
  visit("key", requirement.key, {.required = true, .min_length = 1, .max_length = 317});
  visit("operator", requirement.op, {.required = true});
  visit("values", requirement.values, {.max_length = 63, .max_items = 32});
}

template <typename Visitor>
void VisitFields(Visitor& visit, LabelSelector& selector) {
  visit("matchLabels", selector.match_labels, {.max_length = 63, .max_items = 16});
  visit("matchExpressions", selector.match_expressions, {.max_items = 16});
}

template <typename Visitor>
void VisitFields(Visitor& visit, AllowedNamespaces& allowed) {
  visit("from", allowed.from);
  visit("selector", allowed.selector);
}

template <typename Visitor>
void VisitFields(Visitor& visit, Update& update) {
  visit("replaceMissing", update.replace_missing);
}

template <typename Visitor>
void VisitFields(Visitor& visit, LifecycleFields& lifecycle) {
  visit("postStart", lifecycle.post_start);
  visit("preStop", lifecycle.pre_stop);
}

template <typename Visitor>
void VisitFields(Visitor& visit, ContainerFields& container) {
  visit("image", container.image,
        {.required = true, .min_length = 1, .max_length = 1024, .format = &formats::kImage});
  visit("command", container.command, {.max_length = 65536, .max_items = 256});
  visit("args", container.args, {.max_length = 65536, .max_items = 256});
  visit("workingDir", container.working_dir, {.max_length = 1024});
  visit("ports", container.ports, {.max_items = 64});
  visit("env", container.env, {.max_items = 256});
  visit("envFrom", container.env_from, {.max_items = 64});
  visit("resources", container.resources);
  visit("resizePolicy", container.resize_policy, {.max_items = 8});
  visit("volumeMounts", container.volume_mounts, {.max_items = 64});
  visit("volumeDevices", container.volume_devices, {.max_items = 16});
  visit("livenessProbe", container.liveness_probe);
  visit("readinessProbe", container.readiness_probe);
  visit("startupProbe", container.startup_probe);
  visit("lifecycle", container.lifecycle, {.open = true});
  visit("terminationMessagePath", container.termination_message_path, {.max_length = 1024});
  visit("terminationMessagePolicy", container.termination_message_policy,
        {.max_length = 253, .format = &formats::kTerminationMessagePolicy});
  visit("imagePullPolicy", container.image_pull_policy,
        {.max_length = 253, .format = &formats::kImagePullPolicy});
  visit("securityContext", container.security_context);
  visit("stdin", container.stdin_open);
  visit("stdinOnce", container.stdin_once);
  visit("tty", container.tty);
}

// Without what only a running companion has.
template <typename Visitor>
void VisitFields(Visitor& visit, InitContainerFields& init) {
  ContainerFields& container = init.container;
  visit("name", init.name, {.required = true, .max_length = 21, .format = &formats::kVolumeName});
  visit("image", container.image,
        {.required = true, .min_length = 1, .max_length = 1024, .format = &formats::kImage});
  visit("command", container.command, {.max_length = 65536, .max_items = 256});
  visit("args", container.args, {.max_length = 65536, .max_items = 256});
  visit("workingDir", container.working_dir, {.max_length = 1024});
  visit("env", container.env, {.max_items = 256});
  visit("envFrom", container.env_from, {.max_items = 64});
  visit("resources", container.resources);
  visit("volumeMounts", container.volume_mounts, {.max_items = 64});
  visit("volumeDevices", container.volume_devices, {.max_items = 16});
  visit("terminationMessagePath", container.termination_message_path, {.max_length = 1024});
  visit("terminationMessagePolicy", container.termination_message_policy,
        {.max_length = 253, .format = &formats::kTerminationMessagePolicy});
  visit("imagePullPolicy", container.image_pull_policy,
        {.max_length = 253, .format = &formats::kImagePullPolicy});
  visit("securityContext", container.security_context);
}

template <typename Visitor>
void VisitFields(Visitor& visit, VolumeFields& volume) {
  visit("name", volume.name, {.required = true, .max_length = 21, .format = &formats::kVolumeName});
  for (const std::string_view source : kVolumeSources) visit(source, volume.source);
}

template <typename Visitor>
void VisitFields(Visitor& visit, PatternSpec& spec, PatternKind kind) {
  visit("description", spec.description, {.max_length = 512});
  visit("parameters", spec.parameters, {.max_items = 64, .unique_by = "name"});
  visit("target", spec.target);
  visit("container", spec.container);
  visit("initContainers", spec.init_containers, {.max_items = 8, .unique_by = "name"});
  visit("volumes", spec.volumes, {.max_items = 32, .unique_by = "name"});
  visit("imagePullSecrets", spec.image_pull_secrets, {.max_items = 8, .unique_by = "name"});
  visit("share", spec.share, {.max_items = 16, .unique_by = "name"});
  visit("files", spec.files, {.max_items = 16, .unique_by = "path"});
  visit("env", spec.env, {.max_items = 64, .unique_by = "name"});
  visit("placement", spec.placement);
  visit("drainSeconds", spec.drain_seconds, {.minimum = 0, .maximum = 3600});
  visit("resourcesPercent", spec.resources_percent, {.minimum = 1, .maximum = 100});
  visit("serviceAccountToken", spec.service_account_token);
  visit("podLabels", spec.pod_labels, {.max_length = 512, .max_items = 16});
  visit("podAnnotations", spec.pod_annotations, {.max_length = 4096, .max_items = 16});
  visit("selector", spec.selector);
  visit("allowedNamespaces", spec.allowed_namespaces);
  visit("onError", spec.on_error);
  visit("update", spec.update);
  visit("pinnedRevision", spec.pinned_revision, {.max_length = 10, .format = &formats::kRevision});
  visit("revisionHistoryLimit", spec.revision_history_limit, {.minimum = 0, .maximum = 100});
  visit("tests", spec.tests, {.max_items = 16, .unique_by = "name"});
  if (kind == PatternKind::kSidecar) visit("role", spec.role);
  if (kind == PatternKind::kAmbassador) {
    visit("direction", spec.direction);
    visit("waitSeconds", spec.wait_seconds, {.minimum = 0, .maximum = 600});
    visit("takeOver", spec.take_over);
  }
  if (kind != PatternKind::kSidecar) {
    visit("endpoints", spec.endpoints, {.max_items = 16, .unique_by = "name"});
  }
  if (kind == PatternKind::kAdapter) visit("metrics", spec.metrics);
}

}  // namespace remora::api

// Longer than the house style because the table is one: a row for each field of the CRDs.
