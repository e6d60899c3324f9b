// PrintFindings: what the doctor found, for people and for tools.
//
// Thread-safety: pure functions on their stream. Errors: none.
//
// Example
//   PrintFindings(findings, std::cout);
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "operator/cli/doctor/finding.h"

namespace remora::cli::doctor {

// A line each, the remedy below it, and how many there are of what.
void PrintFindings(const Findings& findings, std::ostream& out);
nlohmann::json AsJson(const Findings& findings);
bool HasProblem(const Findings& findings);

}  // namespace remora::cli::doctor
