// JudgeCertificates: whether the API server will trust the webhook: the caBundle of each entry, and the
// certificate in the Secret that the webhook serves.
//
// Contract
//   - A certificate that is out of its time is reported with what the clock here says: of two clocks
//     that disagree, nobody else says which.
// Thread-safety: pure function. Errors: none; what is not known is a Finding.
//
// Example
//   const Findings findings = JudgeCertificates(facts);
#pragma once

#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

Findings JudgeCertificates(const Facts& facts);

}  // namespace remora::cli::doctor
