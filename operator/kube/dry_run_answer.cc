#include "operator/kube/dry_run_answer.h"

#include <string_view>

#include "operator/api/annotations.h"

namespace remora::kube {

namespace {

// The name of a webhook that did not answer, or not as it should; empty: none is named.
std::string_view FailedWebhook(std::string_view message) {
  constexpr std::string_view kSays = "failed calling webhook \"";
  const std::size_t at = message.find(kSays);
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + kSays.size());
  return message.substr(0, message.find('"'));
}

}  // namespace

Refusal WhyRefused(const Error& error) {
  if (const auto webhook = FailedWebhook(error.message()); !webhook.empty()) {
    return webhook.ends_with(api::kGroup) ? Refusal::kNoAnswer : Refusal::kPlugin;
  }
  const bool is_denial = error.code() == ErrorCode::kPermissionDenied;
  if (!is_denial && error.code() != ErrorCode::kInvalid) return Refusal::kNoAnswer;
  const auto says = [&](std::string_view text) {
    return error.message().find(text) != std::string_view::npos;
  };
  // Whatever the status number: the author of a policy and a webhook choose it.
  if (says("admission webhook ") && says(" denied the request")) return Refusal::kWebhook;
  if (says("ValidatingAdmissionPolicy ") && says(" denied request")) return Refusal::kPolicy;
  if (!is_denial) return Refusal::kValidation;
  if (says(" cannot create resource ") || says("(401")) return Refusal::kNotAllowed;
  // "exceeded quota: …", "failed quota: …", "status unknown for quota: …"
  if (says(" quota: ")) return Refusal::kQuota;
  return says("violates PodSecurity") ? Refusal::kPodSecurity : Refusal::kPlugin;
}

}  // namespace remora::kube
