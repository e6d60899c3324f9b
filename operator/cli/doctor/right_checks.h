// JudgeRights: whether the ServiceAccounts of webhook and operator may do what their programs need.
//
// A program whose ServiceAccount does not exist runs elsewhere, with whoever's rights.
// Thread-safety: pure functions. Errors: none; what is not known is a Finding.
//
// Example
//   for (const AccessQuestion& question : QuestionsOf(WebhookRights(), facts)) Ask(question);
//   const Findings findings = JudgeRights(facts);
#pragma once

#include <string>
#include <vector>

#include "operator/cli/doctor/facts.h"
#include "operator/cli/doctor/needed_rights.h"

namespace remora::cli::doctor {

// One SubjectAccessReview.
struct AccessQuestion {
  std::string sentence;       // "patch sidecars/status.patterns.remora.dev"
  nlohmann::json attributes;  // spec.resourceAttributes
};

std::vector<AccessQuestion> QuestionsOf(const std::vector<NeededRight>& rights, const Facts& facts);

// The operator's rights on Secrets, which depend on who makes the certificates. They refer to `facts`.
std::vector<NeededRight> SecretRights(const Facts& facts);

Findings JudgeRights(const Facts& facts);

}  // namespace remora::cli::doctor
