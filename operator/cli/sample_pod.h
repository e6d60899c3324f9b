// SamplePod: a Pod that asks for a pattern and has what the pattern refers to, so that a pattern
// can be rendered without a Pod of its user.
//
// Contract
//   - A parameter has its default, else the first of its enum, else its example, else a value that
//     its type and limits admit.
//   - Targets, their ports, labels and volumes that the pattern names are there.
// Thread-safety: pure function. Errors: none.
//
// Example
//   auto outcome = Inject(SamplePod(*stored->compiled), ...);
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/injection/compiled_pattern.h"

namespace remora::cli {

// `word` is the value of a parameter of type string that says nothing else about itself.
nlohmann::json SamplePod(const injection::CompiledPattern& pattern, const std::string& word);

}  // namespace remora::cli
