// KeptRevision: what a pattern put into Pods at some time, kept by a ControllerRevision.
//
// Contract
//   - A ControllerRevision is named <kind in lower case>-<pattern>-<revision>, lies in the pattern's
//     namespace, is owned by the pattern, and holds {"spec": …}, the members of the spec that
//     RevisionOf() reads.
//   - ReadKeptRevision() believes none whose data does not hash to its name.
// Thread-safety: pure functions.
// Errors: Invalid: not one of ours, or forged; the sentence says what is wrong.
//
// Example
//   json object = MakeControllerRevision({kind, "shop", "saver", uid}, spec, 3);
//   auto kept = ReadKeptRevision(object);
//   if (kept.ok() && kept->owner.uid == uid) Use(json::parse(kept->spec));
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/result.h"

namespace remora::api {

// The largest number that is believed: every reader of JSON can tell it from the next.
inline constexpr std::int64_t kLastRevisionNumber = std::int64_t{1} << 53;

// The annotation of one that was accepted without the API server's judgement, with the reason.
inline constexpr std::string_view kUncheckedKey = "patterns.remora.dev/unchecked";

// The pattern that a revision is of.
struct RevisionOwner {
  PatternKind kind = PatternKind::kSidecar;
  std::string namespace_name;
  std::string name;
  std::string uid;
  bool operator==(const RevisionOwner&) const = default;
};

struct KeptRevision {
  RevisionOwner owner;
  std::string revision;
  std::int64_t number = 0;  // the larger, the later it was the last accepted one
  std::string created;      // RFC 3339
  std::string spec;         // JSON, as text: many are kept, and few are read
  bool unchecked = false;   // accepted without the API server's judgement
};

// "sidecar-log-saver-b4x6c2f9kd"
std::string ControllerRevisionName(PatternKind kind, std::string_view pattern,
                                   std::string_view revision);

// `unchecked`: why it was accepted without the API server's judgement; empty: it was judged.
nlohmann::json MakeControllerRevision(const RevisionOwner& owner, const nlohmann::json& spec,
                                      std::int64_t number, const std::string& unchecked = "");

// "none is", "b4x6c2f9kd is", or "b4x6c2f9kd, hs9lpnd556 are": the end of a sentence.
std::string WhichAreKept(const std::vector<std::string>& revisions);

Result<KeptRevision> ReadKeptRevision(const nlohmann::json& object);

}  // namespace remora::api
