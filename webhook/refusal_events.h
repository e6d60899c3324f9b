// Refusal events: what a controller's Pod was refused, told about the controller, since nobody reads
// the answer to a controller.
//
// Contract
//   - Denied: one Event for each pattern that denies, or one for the annotation that cannot be read.
//     Admitted: one for each pattern that the Pod goes without.
//   - None for a Pod without a controller, whose maker reads the answer, and none on a dry run.
//   - `note` is the sentence of the answer, without the reason, which is a field of its own.
// Thread-safety: pure functions.
// Errors: none.
//
// Example
//   for (runtime::Event& event : RefusalEvents(review, outcome, arena)) record(std::move(event));
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/injection/injector.h"
#include "operator/runtime/event.h"
#include "webhook/review.h"

namespace remora::webhook {

// Takes an Event and returns at once; called by any worker.
using RecordEvent = std::function<void(runtime::Event)>;

// Of what the engine has decided.
std::vector<runtime::Event> RefusalEvents(const Review& review, const injection::Outcome& outcome,
                                          Arena& arena);

// Of a Pod about which Remora could not decide: `sentence` is that of the answer.
std::vector<runtime::Event> UndecidedEvents(const Review& review, std::string_view sentence,
                                            bool admitted, Arena& arena);

}  // namespace remora::webhook
