// The Pod's annotations of ours → candidates, and what is said about them.
//
// Contract
//   - What cannot be read is Plan::refusal: the Pod is denied whatever onError says.
// Thread-safety: owner thread only.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/injection/match.h"

namespace remora::injection {

// The annotations that ask, in the order in which patterns are decided.
inline constexpr std::array<std::pair<std::string_view, api::PatternKind>, 3> kListKeys = {{
    {api::kAmbassadorKey, api::PatternKind::kAmbassador},
    {api::kSidecarKey, api::PatternKind::kSidecar},
    {api::kAdapterKey, api::PatternKind::kAdapter},
}};

// A candidate for each item of the three lists.
void ReadLists(Context& context);
// All other keys, once every candidate is known: they may only speak of these.
void CheckKeys(Context& context);

// The candidate of that name, or null: a Pod holds a pattern name once.
Candidate* FindCandidate(Context& context, std::string_view name);

}  // namespace remora::injection
