// JudgePatterns: the catalog, the namespace in which patterns are tried, and the patterns themselves.
//
// Thread-safety: pure function. Errors: none; what is not known is a Finding.
//
// Example
//   const Findings findings = JudgePatterns(facts);
#pragma once

#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

Findings JudgePatterns(const Facts& facts);

}  // namespace remora::cli::doctor
