// HistoryText: the revisions of a pattern and what they say differently, for people and for tools.
//
// Thread-safety: pure functions. Errors: none.
//
// Example
//   PrintHistory(history, clock.WallNow(), std::cout);
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "operator/base/clock.h"
#include "operator/cli/pattern_history.h"

namespace remora::cli {

// A table, the oldest first, and what new Pods get.
void PrintHistory(const PatternHistory& history, Clock::WallTimePoint now, std::ostream& out);
nlohmann::json HistoryAsJson(const PatternHistory& history);

// The spec as it is, as a revision: the kept one where there is one, else one without a number.
PastRevision SpecAsRevision(const PatternHistory& history);
// "b4x6c2f9kd (number 3)", "b4x6c2f9kd (the spec, not kept)"
std::string NameOf(const PastRevision& past);

}  // namespace remora::cli
