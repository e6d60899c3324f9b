// FindWarnings: what is allowed in a pattern and will probably not work when its Pod runs.
//
// Thread-safety: pure function. Errors: none.
//
// Example
//   for (const Warning& warning : FindWarnings(stored->compiled->pattern())) Print(warning);
#pragma once

#include <string>
#include <vector>

#include "operator/api/pattern.h"

namespace remora::cli {

struct Warning {
  std::string field;  // "spec.files[0].mode"
  std::string sentence;
};

std::vector<Warning> FindWarnings(const api::Pattern& pattern);

}  // namespace remora::cli
