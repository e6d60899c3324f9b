// Undo: takes back from a Pod what its record lists, written from the contract and not from the
// engine.
//
// Thread-safety: pure functions.
#pragma once

#include <nlohmann/json.hpp>

namespace remora::testing {

// Removes what was added, last first, then puts back what was changed; the record goes too. A path
// that is not there is passed over.
nlohmann::json Undo(nlohmann::json pod);

// Only puts back what was changed.
nlohmann::json WithoutChanges(nlohmann::json pod);

// The record of a Pod; an empty one where there is none.
nlohmann::json RecordOf(const nlohmann::json& pod);

// A Pod in which an empty list or map and Kubernetes' defaults are as if they were not there.
nlohmann::json WithoutDefaults(nlohmann::json pod);

}  // namespace remora::testing
