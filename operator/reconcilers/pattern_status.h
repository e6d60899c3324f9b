// BuildStatus: what the status of a pattern says, from what is known of its Pods.
//
// Contract
//   - Pure: the same inputs give the same document. A condition that stays as it was keeps its
//     lastTransitionTime.
//   - `workloads` are the last ten by their newest Pod, those that need attention first.
// Thread-safety: pure function. Errors: none.
//
// Example
//   json status = BuildStatus({pattern, census, acceptance, clock.WallNow()});
#pragma once

#include <nlohmann/json.hpp>

#include "operator/base/clock.h"
#include "operator/reconcilers/pattern_acceptance.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/reconcilers/pod_table.h"

namespace remora::reconcilers {

struct StatusInputs {
  const PatternObject& pattern;
  const Census& census;
  const Acceptance& acceptance;
  Clock::WallTimePoint now = {};
};

nlohmann::json BuildStatus(const StatusInputs& inputs);

}  // namespace remora::reconcilers
