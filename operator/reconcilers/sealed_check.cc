#include "operator/reconcilers/sealed_check.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "operator/injection/sample_pod.h"

namespace remora::reconcilers {

namespace {

using State = SealedVerdict::State;

constexpr std::chrono::seconds kDeadline{4};

bool Says(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

SealedVerdict Judge(const Error& error, bool has_made_up_words) {
  // Admission after validation: quota ("exceeded quota: …", "status unknown for quota: …"), Pod Security.
  if (error.code() == ErrorCode::kPermissionDenied &&
      (Says(error, " quota: ") || Says(error, "violates PodSecurity"))) {
    return {State::kValid, ""};
  }
  const bool is_complaint =
      error.code() == ErrorCode::kInvalid && !Says(error, "denied the request");
  if (!is_complaint) {
    return {State::kUnknown, "the API server did not come to judge it: " + error.message()};
  }
  if (has_made_up_words) return {State::kValid, ""};
  return {State::kRejected, error.message()};
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
