#include "operator/reconcilers/sealed_check.h"

#include <chrono>
#include <utility>

#include "operator/injection/sample_pod.h"
#include "operator/kube/dry_run_answer.h"

namespace remora::reconcilers {

namespace {

using State = SealedVerdict::State;

constexpr std::chrono::seconds kDeadline{4};

SealedVerdict Judge(const Error& error, bool has_made_up_words) {
  switch (kube::WhyRefused(error)) {
    case kube::Refusal::kPolicy:
    case kube::Refusal::kPodSecurity:
    case kube::Refusal::kQuota: return {State::kValid, ""};
    case kube::Refusal::kValidation:
      if (has_made_up_words) return {State::kValid, ""};
      return {State::kRejected, error.message()};
    case kube::Refusal::kWebhook:
    case kube::Refusal::kPlugin: return {State::kStopped, error.message()};
    case kube::Refusal::kNotAllowed:
    case kube::Refusal::kNoAnswer: break;
  }
  return {State::kUnknown, "the API server did not come to judge it: " + error.message()};
}

}  // namespace

SealedVerdict SealedCheck::Ask(const std::shared_ptr<const injection::StoredPattern>& pattern,
                               const std::stop_token& stop) const {
  if (options_.namespace_name.empty()) return {State::kValid, ""};
  auto sample = injection::InjectSample(pattern, options_.environment);
  // What the patterns' webhook has let pass can be rendered, or its parameters fit no sample.
  if (!sample) return {State::kValid, ""};
  injection::StopAsking(sample->pod, "remora-check-");
  sample->pod["metadata"]["namespace"] = options_.namespace_name;
  const auto answer =
      options_.client.Create({"", "v1", "pods"}, sample->pod, {.stop = stop, .deadline = kDeadline},
                             {.dry_run = true, .strict = true});
  // Created: the quota is not counted yet.
  if (answer.ok()) return {State::kValid, ""};
  return Judge(answer.error(), sample->has_made_up_words);
}

}  // namespace remora::reconcilers
