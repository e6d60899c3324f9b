// What can be said of a Pod before and after, from the contract alone: what may have been touched,
// and what stands before what.
//
// Thread-safety: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/property/law.h"

namespace remora::testing {

// What of the user's is gone, replaced or in another order, or was added where nothing may be added
// (api.md 5.5). Empty: nothing.
std::string TouchedInVain(const nlohmann::json& before, const nlohmann::json& after);

// Which container of a pattern stands on the wrong side of another: its own chain, and what it says
// in `before` and `after`. Empty: none.
std::string OutOfOrder(const nlohmann::json& pod, const World& world);

// The chains alone.
std::string ChainOutOfOrder(const nlohmann::json& pod);

}  // namespace remora::testing
