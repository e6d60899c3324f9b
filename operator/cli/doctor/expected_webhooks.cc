#include "operator/cli/doctor/expected_webhooks.h"

namespace remora::cli::doctor {

namespace {

constexpr ExpectedCondition kAsks = {
    "asks-for-patterns",
    "has(object.metadata.annotations) && object.metadata.annotations.exists(key, "
    "(key.startsWith('patterns.remora.dev/') && key != 'patterns.remora.dev/status') || "
    "key.startsWith('params.patterns.remora.dev/') || "
    "key.startsWith('target.patterns.remora.dev/'))"};
constexpr ExpectedCondition kAsksNot = {
    "asks-for-no-patterns",
    "!has(object.metadata.annotations) || !object.metadata.annotations.exists(key, "
    "(key.startsWith('patterns.remora.dev/') && key != 'patterns.remora.dev/status') || "
    "key.startsWith('params.patterns.remora.dev/') || "
    "key.startsWith('target.patterns.remora.dev/'))"};
constexpr ExpectedCondition kNotOptedOut = {
    "is-not-opted-out",
    "!has(object.metadata.annotations) || "
    "!('patterns.remora.dev/inject' in object.metadata.annotations) || "
    "object.metadata.annotations['patterns.remora.dev/inject'] != 'false'"};
constexpr ExpectedCondition kNoMirrorPod = {
    "is-no-mirror-pod",
    "!has(object.metadata.annotations) || "
    "!('kubernetes.io/config.mirror' in object.metadata.annotations)"};
constexpr ExpectedCondition kHasKey = {
    "has-a-key-of-ours",
    "[object.?metadata.?annotations, object.?spec.?template.?metadata.?annotations, "
    "object.?spec.?jobTemplate.?metadata.?annotations, "
    "object.?spec.?jobTemplate.?spec.?template.?metadata.?annotations].exists(annotations, "
    "annotations.orValue({}).exists(key, "
    "(key.startsWith('patterns.remora.dev/') && key != 'patterns.remora.dev/status') || "
    "key.startsWith('params.patterns.remora.dev/') || "
    "key.startsWith('target.patterns.remora.dev/')))"};
constexpr ExpectedCondition kHasNoKey = {
    "has-no-key-of-ours",
    "![object.?metadata.?annotations, object.?spec.?template.?metadata.?annotations, "
    "object.?spec.?jobTemplate.?metadata.?annotations, "
    "object.?spec.?jobTemplate.?spec.?template.?metadata.?annotations].exists(annotations, "
    "annotations.orValue({}).exists(key, "
    "(key.startsWith('patterns.remora.dev/') && key != 'patterns.remora.dev/status') || "
    "key.startsWith('params.patterns.remora.dev/') || "
    "key.startsWith('target.patterns.remora.dev/')))"};
constexpr ExpectedCondition kSomebodyReads = {
    "somebody-reads-it",
    "!(request.userInfo.?groups.orValue([]).exists(group, "
    "group == 'system:serviceaccounts:kube-system') || "
    "request.userInfo.username == 'system:kube-controller-manager')"};

std::vector<ExpectedEntry> MakeEntries() {
  const std::vector<ExpectedRule> pods = {{"", {"CREATE"}, {"pods"}}};
  const std::vector<ExpectedRule> patterns = {
      {"patterns.remora.dev", {"CREATE", "UPDATE"}, {"sidecars", "ambassadors", "adapters"}}};
  const std::vector<ExpectedRule> workloads = {
      {"apps", {"CREATE", "UPDATE"}, {"deployments", "statefulsets", "daemonsets"}},
      {"batch", {"CREATE", "UPDATE"}, {"jobs", "cronjobs"}}};
  return {
      {true, kNamedEntry, "/v1/pods/named", pods, {kAsks, kNotOptedOut, kNoMirrorPod}, true},
      {true,
       "automatic.patterns.remora.dev",
       "/v1/pods/automatic",
       pods,
       {kAsksNot, kNoMirrorPod},
       false},
      {false, "patterns.patterns.remora.dev", "/v1/patterns", patterns, {}, true},
      {false,
       "workloads.patterns.remora.dev",
       "/v1/workloads",
       workloads,
       {kHasKey, kSomebodyReads},
       false},
      {false,
       "automatic-workloads.patterns.remora.dev",
       "/v1/workloads",
       workloads,
       {kHasNoKey, kSomebodyReads},
       false},
  };
}

}  // namespace

const std::vector<ExpectedEntry>& ExpectedEntries() {
  static const std::vector<ExpectedEntry> kEntries = MakeEntries();
  return kEntries;
}

}  // namespace remora::cli::doctor
