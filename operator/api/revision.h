// Revision: ten characters that name what a pattern puts into Pods.
//
// Contract
//   - RevisionOf() is the SHA-256 of the canonical JSON (RFC 8785) of the spec without the fields
//     that reach no Pod, written in an alphabet without vowels and look-alikes: character i is
//     byte i mod 27 of it.
// Thread-safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace remora::api {

std::string RevisionOf(const nlohmann::json& spec);

// RFC 8785. A number is written as the ECMAScript number nearest to it.
std::string CanonicalJson(const nlohmann::json& value);

}  // namespace remora::api
