// Stored patterns and Namespaces for the laws: by hand for the corners, at random over every field.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace remora::testing {

// Written by hand, so that every reason is met.
std::vector<nlohmann::json> PatternsByHand();

// The same kinds, namespaces and names, with specs of random fields.
std::vector<nlohmann::json> RandomPatterns(std::uint32_t seed);

// The Namespace shop: with or without automatic injection and defaults of parameters.
nlohmann::json RandomNamespace(std::uint32_t seed);

}  // namespace remora::testing
