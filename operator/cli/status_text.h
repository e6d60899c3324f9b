// StatusText: what the status of patterns says, for people and for tools.
//
// Contract
//   - A pattern that the operator has not looked at yet, or not since its last edit, is said to be so.
//   - The table has kubectl's form; a value that is not known is `-`.
// Thread-safety: pure functions. Errors: none; what is missing of an object is shown as not known.
//
// Example
//   PrintStatusTable(patterns, false, std::cout);
//   PrintStatus(pattern, clock.WallNow(), std::cout);
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "operator/base/clock.h"

namespace remora::cli {

void PrintStatusTable(const std::vector<nlohmann::json>& patterns, bool with_namespace,
                      std::ostream& out);
void PrintStatus(const nlohmann::json& pattern, Clock::WallTimePoint now, std::ostream& out);
nlohmann::json StatusAsJson(const nlohmann::json& pattern);

}  // namespace remora::cli
