// Explanation: a plan as text for people and as JSON for tools.
//
// Made only when asked for, from the same Plan that the patch was written from.
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "operator/injection/injector.h"

namespace remora::injection {

// Every candidate with its reason, effective values, ports and what it adds; ends in a newline.
std::string ExplainAsText(const Outcome& outcome);
// {"verdict", "patterns": [{kind, namespace, name, reason, message, targets, ports, parameters, adds}]}
std::string ExplainAsJson(const Outcome& outcome);

}  // namespace remora::injection
