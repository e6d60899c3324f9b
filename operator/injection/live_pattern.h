// LivePattern: a pattern as the API server holds it, and which of its revisions new Pods get.
//
// Contract
//   - New Pods get `pinnedRevision`; else the last revision that was accepted (status.currentRevision);
//     with no such status yet, the spec as it is. A pattern of which no revision was ever accepted
//     (condition Accepted is False) is refused.
//   - Of an earlier revision only what reaches Pods is taken; whom the pattern admits, its selector and
//     onError are those of the spec as it is.
//   - FromObject() gives `before` back where nothing that counts here has changed, so that a status
//     that is written costs nothing.
// Thread-safety: immutable once made; pure functions.
// Errors: Invalid: not an object of the three kinds.
//
// Example
//   auto live = LivePattern::FromObject(object, before);
//   if (!live.ok()) return live.error();
//   auto served = ServePattern(**live, kept_revision, names_of_kept);
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/api/kept_revision.h"
#include "operator/api/pattern.h"
#include "operator/base/result.h"
#include "operator/injection/pattern_index.h"

namespace remora::injection {

struct LivePattern {
  api::RevisionOwner identity;
  std::int64_t generation = 0;
  std::string revision;                         // of the spec as it is
  std::shared_ptr<const StoredPattern> stored;  // of the spec as it is
  bool is_pinned = false;
  std::string wanted;                            // the revision that new Pods get; empty: none
  std::string rejection;                         // why none
  std::shared_ptr<const nlohmann::json> spec;    // null where `wanted` is `revision`
  std::shared_ptr<const StoredPattern> earlier;  // of `wanted`, if `before` had it

  static Result<std::shared_ptr<const LivePattern>> FromObject(
      const nlohmann::json& object, const std::shared_ptr<const LivePattern>& before = nullptr);

  bool NeedsKept() const { return !wanted.empty() && wanted != revision; }
  // The name of the ControllerRevision that it needs.
  std::string KeptName() const;
  // Whether it is the one that it needs.
  bool Takes(const api::KeptRevision& kept) const {
    return kept.owner == identity && kept.revision == wanted;
  }
};

// What new Pods get. `kept` is what Takes() takes, or null where it is not there; `known` are the
// revisions that are, for the sentence.
std::shared_ptr<const StoredPattern> ServePattern(const LivePattern& live,
                                                  const api::KeptRevision* kept,
                                                  const std::vector<std::string>& known);

}  // namespace remora::injection
