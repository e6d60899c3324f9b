#include "operator/reconcilers/pattern_status.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/timestamp.h"
#include "operator/base/utf8.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

constexpr std::size_t kMostWorkloads = 10;
constexpr std::size_t kLongestMessage = 1024;  // as the CRDs bound it

struct Condition {
  std::string type;
  bool holds = false;
  std::string reason;
  std::string message;
};

std::string Clipped(const std::string& text) {
  return ReplaceInvalidUtf8(text.substr(0, kLongestMessage));
}

// "1 Pod", "3 Pods"
std::string Pods(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " Pod" : " Pods");
}

Condition Accepted(const PatternObject& pattern) {
  if (pattern.stored->compiled)
    return {"Accepted", true, "Valid", "The pattern can be added to Pods."};
  return {"Accepted", false, "InvalidSpec", pattern.stored->complaint};
}

Condition Progressing(std::int64_t outdated) {
  if (outdated == 0) return {"Progressing", false, "Complete", "No Pod has an older revision."};
  return {
      "Progressing", false, "NeedsRecreate",
      Pods(outdated) + " with an older revision: the current one comes with the next creation."};
}

Condition Degraded(const Census& census) {
  if (census.missing == 0)
    return {"Degraded", false, "AsExpected", "Every Pod that asks was answered."};
  return {"Degraded", true, "PodsMissing",
          Pods(census.missing) + " asked for it and came without, such as " +
              census.missing_pod.ToString() +
              ": the webhook did not see them. They get it when they are created anew."};
}

Condition Ready(const Condition& accepted, const Condition& progressing,
                const Condition& degraded) {
  if (!accepted.holds) return {"Ready", false, accepted.reason, accepted.message};
  if (progressing.holds) return {"Ready", false, progressing.reason, progressing.message};
  if (degraded.holds) return {"Ready", false, degraded.reason, degraded.message};
  return {"Ready", true, "Ready", "The pattern is in service."};
}

// Since when the condition is what it is.
std::string Since(const Condition& condition, const StatusInputs& inputs) {
  const json& status = inputs.pattern.status;
  if (status.is_object() && status.contains("conditions") && status["conditions"].is_array()) {
    for (const json& before : status["conditions"]) {
      if (!before.is_object() || before.value("type", "") != condition.type) continue;
      const bool held = before.value("status", "") == "True";
      const std::string since = before.value("lastTransitionTime", "");
      if (held == condition.holds && !since.empty()) return since;
    }
  }
  return FormatTime(inputs.now);
}

json ToJson(const Condition& condition, const StatusInputs& inputs) {
  return {{"type", condition.type},
          {"status", condition.holds ? "True" : "False"},
          {"reason", condition.reason},
          {"message", Clipped(condition.message)},
          {"observedGeneration", inputs.pattern.generation},
          {"lastTransitionTime", Since(condition, inputs)}};
}

bool NeedsAttention(const WorkloadOutcome& workload) {
  const auto reason = api::ParseReason(workload.reason);
  return !reason || api::ClassOf(*reason) != api::ReasonClass::kIn;
}

json WorkloadsOf(const Census& census) {
  std::vector<const WorkloadOutcome*> order;
  order.reserve(census.workloads.size());
  for (const WorkloadOutcome& workload : census.workloads) order.push_back(&workload);
  std::stable_partition(order.begin(), order.end(),
                        [](const WorkloadOutcome* workload) { return NeedsAttention(*workload); });
  if (order.size() > kMostWorkloads) order.resize(kMostWorkloads);
  json workloads = json::array();
  for (const WorkloadOutcome* workload : order) {
    json entry = {{"kind", workload->workload.kind.empty() ? "Pod" : workload->workload.kind},
                  {"namespace", workload->namespace_name},
                  {"name", workload->workload.name},
                  {"reason", workload->reason},
                  {"pods", workload->pods}};
    if (!workload->message.empty()) entry["message"] = Clipped(workload->message);
    workloads.push_back(std::move(entry));
  }
  return workloads;
}

}  // namespace

json BuildStatus(const StatusInputs& inputs) {
  const Census& census = inputs.census;
  const PatternObject& pattern = inputs.pattern;
  const auto current = census.revisions.find(pattern.revision);
  const std::int64_t updated = current == census.revisions.end() ? 0 : current->second;
  const std::int64_t outdated = census.injected - updated;
  const Condition accepted = Accepted(pattern);
  const Condition progressing = Progressing(outdated);
  const Condition degraded = Degraded(census);
  json conditions = json::array();
  for (const Condition& condition :
       {Ready(accepted, progressing, degraded), accepted, progressing, degraded}) {
    conditions.push_back(ToJson(condition, inputs));
  }
  return {{"observedGeneration", pattern.generation},
          {"conditions", std::move(conditions)},
          {"currentRevision", pattern.revision},
          {"pods",
           {{"matched", census.injected + census.missing + census.refused},
            {"injected", census.injected},
            {"missing", census.missing},
            {"refused", census.refused},
            {"updated", updated},
            {"outdated", outdated}}},
          {"workloads", WorkloadsOf(census)}};
}

}  // namespace remora::reconcilers
