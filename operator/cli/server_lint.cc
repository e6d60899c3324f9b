#include "operator/cli/server_lint.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/cli/server_complaint.h"
#include "operator/injection/explanation.h"
#include "operator/injection/sample_pod.h"
#include "operator/kube/dry_run_answer.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

constexpr kube::WriteOptions kDryRun{.dry_run = true, .strict = true};

bool Says(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

// What every namespace admits of a container that is not the pattern's.
void MakeModest(json& container, bool has_quotas) {
  container["securityContext"] = {{"runAsNonRoot", true},
                                  {"allowPrivilegeEscalation", false},
                                  {"capabilities", {{"drop", json::array({"ALL"})}}},
                                  {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  if (!has_quotas) return;
  container["resources"] = {{"requests", {{"cpu", "50m"}, {"memory", "32Mi"}}},
                            {"limits", {{"cpu", "100m"}, {"memory", "64Mi"}}}};
}

// The sample Pod with its companion; null where no sample value fits, an Error where the pattern is
// refused here.
Result<json> InjectSample(const PatternObject& pattern, ClusterView& view) {
  const auto* limits = view.Index()->FindLimits(pattern.namespace_name);
  const bool has_quotas = limits != nullptr && !limits->quotas.empty();
  std::string refusal;
  for (const char* word : {"sample", "/sample", "sample:8080"}) {
    json pod = injection::SamplePod(*pattern.stored->compiled, word);
    for (json& container : pod["spec"]["containers"]) MakeModest(container, has_quotas);
    const auto workload = FindWorkload(pod, pattern.namespace_name);
    const auto injection = view.Inject(*workload, pod);
    if (!injection.ok()) return injection.error();
    if (!injection->HasRefusal()) return InjectedPod(*injection, pod);
    if (!refusal.empty() || injection->exclusion) continue;
    const json explained = json::parse(injection::ExplainAsJson(injection->outcome));
    for (const json& decision : explained["patterns"]) {
      if (decision.contains("message")) {
        refusal =
            decision["reason"].get<std::string>() + ": " + decision["message"].get<std::string>();
      }
    }
  }
  if (refusal.starts_with(ReasonName(api::Reason::kInvalidParameter))) return json();
  return Error(ErrorCode::kInvalid, refusal);
}

// The number of the element of that name; nothing where there is none.
std::optional<std::size_t> IndexOf(const json& list, std::string_view name) {
  for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) {
    if (StringAt(list[i], Pointer("/name")) == name) return i;
  }
  return std::nullopt;
}

// From a field of the Pod to the field of the pattern that it came of; empty where it is none's.
std::string FieldOfPattern(const std::string& field, const json& pod,
                           const PatternObject& pattern) {
  const std::size_t open = field.find('[');
  const std::size_t close = field.find(']');
  if (open == field.npos || close == field.npos) return {};
  const std::string list = field.substr(0, open);  // "spec.containers"
  const std::string rest = field.substr(close + 1);
  std::size_t index = 0;
  std::from_chars(field.data() + open + 1, field.data() + close, index);
  for (const char* known : {"containers", "initContainers", "volumes"}) {
    const Pointer path = Pointer("/spec") / known / index;
    if (list != std::string("spec.") + known || !pod.contains(path)) continue;
    const std::string name = StringAt(pod.at(path), Pointer("/name"));
    if (name == pattern.name && list != "spec.volumes") return "spec.container" + rest;
    const std::string prefix = pattern.name + "--";
    if (!name.starts_with(prefix)) return {};
    for (const char* own : {"initContainers", "volumes", "share"}) {
      const json items = pattern.object["spec"].value(own, json());
      const auto at = IndexOf(items, std::string_view(name).substr(prefix.size()));
      if (at) return "spec." + std::string(own) + "[" + std::to_string(*at) + "]" + rest;
    }
  }
  return {};
}

ServerFinding FindingOf(const Complaint& complaint, const json& pod, const PatternObject& pattern) {
  const std::string field = FieldOfPattern(complaint.field, pod, pattern);
  const std::string where = complaint.field.empty() || !field.empty() ? "" : complaint.field + ": ";
  return {field.empty() ? "spec" : field,
          "the API server refuses the Pod that comes of it: " + where + complaint.sentence};
}

}  // namespace

Result<ClusterView*> ServerLint::ViewOf(const std::string& namespace_name) {
  const auto [found, is_new] = views_.try_emplace(namespace_name);
  if (is_new) {
    found->second = std::make_unique<ClusterView>(environment_);
    auto told = cluster_.Tell({namespace_name, nullptr}, *found->second);
    if (!told.ok()) return told.error();
  }
  return found->second.get();
}

ServerLint::Findings ServerLint::Ask(const PatternObject& pattern) {
  const auto view = ViewOf(pattern.namespace_name);
  if (!view.ok()) return view.error();
  auto findings = AskOfPattern(pattern);
  if (!findings.ok() || !findings->empty()) return findings;
  (*view)->Add(pattern.object, {pattern.namespace_name, pattern.place.ToString()});
  return AskOfPod(pattern, **view);
}

ServerLint::Findings ServerLint::AskOfPattern(const PatternObject& pattern) {
  json object = pattern.object;
  object["metadata"].erase("managedFields");
  object.erase("status");
  const auto answer = cluster_.client().Patch(
      PatternResource(pattern.stored->kind), {pattern.namespace_name, pattern.name},
      {.type = kube::PatchType::kApply, .patch = object, .force = true, .write = kDryRun});
  if (answer.ok()) return std::vector<ServerFinding>();
  const Error& error = answer.error();
  // The last one is what an unknown field of the metadata is to an apply: 500.
  const bool is_denied = error.code() == ErrorCode::kInvalid || Says(error, "denied the request") ||
                         Says(error, "not declared in schema");
  if (!is_denied) return cluster_.Describe(error, "apply " + pattern.ToString() + " as a dry run");
  std::vector<ServerFinding> findings;
  for (const Complaint& complaint : ReadComplaints(error.message())) {
    findings.push_back({complaint.field, "the API server: " + complaint.sentence});
  }
  return findings;
}

ServerLint::Findings ServerLint::AskOfPod(const PatternObject& pattern, ClusterView& view) {
  using List = std::vector<ServerFinding>;
  auto pod = InjectSample(pattern, view);
  if (!pod.ok()) {
    return List{{"spec", "in namespace " + pattern.namespace_name + ": " + pod.error().message()}};
  }
  if (pod->is_null()) return List();
  injection::StopAsking(*pod, "remora-lint-");
  const auto answer = cluster_.client().Create({"", "v1", "pods"}, *pod, {}, kDryRun);
  if (answer.ok()) return List();
  const Error& error = answer.error();
  switch (kube::WhyRefused(error)) {
    case kube::Refusal::kQuota:
      if (!Says(error, "failed quota: ")) return List();
      [[fallthrough]];
    case kube::Refusal::kPlugin:
      return List{
          {"spec", "the API server did not come to judge the Pod: " + error.message(), true}};
    case kube::Refusal::kNotAllowed:
    case kube::Refusal::kNoAnswer: return cluster_.Describe(error, "create a Pod as a dry run");
    case kube::Refusal::kValidation:
    case kube::Refusal::kPolicy:
    case kube::Refusal::kPodSecurity:
    case kube::Refusal::kWebhook: break;
  }
  List findings;
  for (const Complaint& complaint : ReadComplaints(error.message())) {
    findings.push_back(FindingOf(complaint, *pod, pattern));
  }
  return findings;
}

}  // namespace remora::cli
