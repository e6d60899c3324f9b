// JudgePrograms: whether webhook and operator run, which versions they are, and who leads.
//
// Thread-safety: pure function. Errors: none; what is not known is a Finding.
//
// Example
//   const Findings findings = JudgePrograms(facts);
#pragma once

#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

Findings JudgePrograms(const Facts& facts);

}  // namespace remora::cli::doctor
