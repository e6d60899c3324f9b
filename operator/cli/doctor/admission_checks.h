// JudgeProbe, JudgeTry: what the API server made of a Pod that was created as a dry run: whether it
// asks the webhook, and whether a pattern gets into a Pod.
//
// Contract
//   - The probe asks for a pattern that cannot be there, so that only the webhook can refuse it in the
//     words that are expected: that proves the whole way, certificates included.
//   - The tried Pod is one that every namespace admits, with one container.
// Thread-safety: pure functions. Errors: none; what is not known is a Finding.
//
// Example
//   facts.probe = {"shop", Create(ProbePod("shop"))};
//   findings.push_back(JudgeProbe(facts));
#pragma once

#include <string>

#include "operator/api/pattern.h"
#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

nlohmann::json ProbePod(const std::string& namespace_name);
Finding JudgeProbe(const Facts& facts);

struct TryRequest {
  api::PatternKind kind = api::PatternKind::kSidecar;
  std::string name;
};

nlohmann::json TryPod(const TryRequest& request, const std::string& namespace_name);
Finding JudgeTry(const Facts& facts, const TryRequest& request, const TriedPod& tried);

}  // namespace remora::cli::doctor
