#include "operator/reconcilers/pattern_status.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/condition.h"
#include "operator/base/timestamp.h"
#include "operator/base/utf8.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

constexpr std::size_t kMostWorkloads = 10;
constexpr std::size_t kLongestMessage = 1024;  // as the CRDs bound it

enum class Truth { kTrue, kFalse, kUnknown };

struct Condition {
  std::string type;
  Truth truth = Truth::kUnknown;
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

Condition Accepted(const Acceptance& acceptance) {
  const auto say = [&](Truth truth, const char* reason, const std::string& before) {
    return Condition{"Accepted", truth, reason, before + acceptance.message};
  };
  switch (acceptance.state) {
    case Acceptance::State::kAccepted:
      return say(Truth::kTrue, "Valid",
                 acceptance.message.empty() ? "The pattern can be added to Pods."
                                            : "Accepted unchecked: ");
    case Acceptance::State::kInvalid: return say(Truth::kFalse, "InvalidSpec", "");
    case Acceptance::State::kRejected:
      return say(Truth::kFalse, "RejectedByApiServer", "The API server refuses a Pod with it: ");
    case Acceptance::State::kPending: break;
  }
  return say(Truth::kUnknown, "CheckPending", "");
}

Condition Progressing(std::int64_t outdated) {
  if (outdated == 0) {
    return {"Progressing", Truth::kFalse, "Complete", "No Pod has another revision."};
  }
  return {"Progressing", Truth::kFalse, "NeedsRecreate",
          Pods(outdated) + " with another revision: the current one comes with the next creation."};
}

Condition Degraded(const Census& census) {
  if (census.missing == 0) {
    return {"Degraded", Truth::kFalse, "AsExpected", "Every Pod that asks was answered."};
  }
  return {"Degraded", Truth::kTrue, "PodsMissing",
          Pods(census.missing) + " asked for it and came without, such as " +
              census.missing_pod.ToString() +
              ": the webhook did not see them. They get it when they are created anew."};
}

Condition Ready(const Condition& accepted, const Condition& progressing,
                const Condition& degraded) {
  const auto spoilt_by = [](const Condition& condition) {
    return Condition{"Ready", Truth::kFalse, condition.reason, condition.message};
  };
  if (accepted.truth != Truth::kTrue) return spoilt_by(accepted);
  if (progressing.truth == Truth::kTrue) return spoilt_by(progressing);
  if (degraded.truth == Truth::kTrue) return spoilt_by(degraded);
  return {"Ready", Truth::kTrue, "Ready", "The pattern is in service."};
}

const char* StatusOf(const Condition& condition) {
  switch (condition.truth) {
    case Truth::kTrue: return "True";
    case Truth::kFalse: return "False";
    case Truth::kUnknown: break;
  }
  return "Unknown";
}

// Since when the condition is what it is.
std::string Since(const Condition& condition, const StatusInputs& inputs) {
  const auto before = api::FindCondition(inputs.pattern.status, condition.type);
  const bool is_same = before && before->status == StatusOf(condition) && !before->since.empty();
  return is_same ? before->since : FormatTime(inputs.now);
}

json ToJson(const Condition& condition, const StatusInputs& inputs) {
  return {{"type", condition.type},
          {"status", StatusOf(condition)},
          {"reason", condition.reason},
          {"message", Clipped(condition.message)},
          {"observedGeneration", inputs.pattern.generation()},
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
  const Acceptance& acceptance = inputs.acceptance;
  // What new Pods get.
  const std::string& served =
      pattern.live->is_pinned ? pattern.live->wanted : acceptance.current_revision;
  const auto current = census.revisions.find(served);
  const std::int64_t updated = current == census.revisions.end() ? 0 : current->second;
  const std::int64_t outdated = census.injected - updated;
  const Condition accepted = Accepted(acceptance);
  const Condition progressing = Progressing(outdated);
  const Condition degraded = Degraded(census);
  json conditions = json::array();
  for (const Condition& condition :
       {Ready(accepted, progressing, degraded), accepted, progressing, degraded}) {
    conditions.push_back(ToJson(condition, inputs));
  }
  json status = {{"observedGeneration", pattern.generation()},
                 {"conditions", std::move(conditions)},
                 {"pods",
                  {{"matched", census.injected + census.missing + census.refused},
                   {"injected", census.injected},
                   {"missing", census.missing},
                   {"refused", census.refused},
                   {"updated", updated},
                   {"outdated", outdated}}},
                 {"workloads", WorkloadsOf(census)}};
  if (!acceptance.current_revision.empty()) {
    status["currentRevision"] = acceptance.current_revision;
  }
  return status;
}

}  // namespace remora::reconcilers
