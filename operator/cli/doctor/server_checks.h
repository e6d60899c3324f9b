// JudgeServer, JudgeKinds: whether the API server answers and is new enough, and whether it serves the
// three kinds as this program knows them.
//
// Contract
//   - The kinds are compared field by field with the table that this program decodes patterns by:
//     one that it knows and the cluster does not means that the CRDs are older, the reverse that this
//     program is.
// Thread-safety: pure functions. Errors: none; what is not known is a Finding.
//
// Example
//   const Findings findings = JudgeServer(facts);
#pragma once

#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

Findings JudgeServer(const Facts& facts);
// Whether it can be asked more.
bool IsServerReachable(const Facts& facts);

Findings JudgeKinds(const Facts& facts);

}  // namespace remora::cli::doctor
