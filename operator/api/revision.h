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
#include <string_view>

namespace remora::api {

std::string RevisionOf(const nlohmann::json& spec);

// Whether a text looks like one.
bool IsRevision(std::string_view text);

// The members of the spec that RevisionOf() reads.
nlohmann::json RevisionedSpec(const nlohmann::json& spec);
// `revisioned` with the members of `spec` that RevisionOf() does not read: `spec`, gone back to that
// revision.
nlohmann::json WithRevisionedSpec(const nlohmann::json& spec, const nlohmann::json& revisioned);

// RFC 8785. A number is written as the ECMAScript number nearest to it.
std::string CanonicalJson(const nlohmann::json& value);

}  // namespace remora::api
