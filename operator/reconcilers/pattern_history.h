// PatternHistory: the ControllerRevisions of patterns: made, renumbered, and the old ones deleted.
//
// Contract
//   - A revision that is kept was accepted: IsKept() after a restart saves asking the API server again.
//   - What bears the name of a revision and is not it (forged, or of a pattern that had the name
//     before) is replaced, with a log line.
//   - Trim() keeps the revisions in use, and the newest `revisionHistoryLimit` of the others.
// Thread-safety: any thread, for different patterns.
// Errors: those of the Client.
// Lifetime: what the constructor's arguments refer to outlives it.
//
// Example
//   PatternHistory history(client, revisions.lister());
//   if (!history.IsLatest(pattern)) auto kept = history.Keep(pattern, stop);
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/kept_revision.h"
#include "operator/base/mutex.h"
#include "operator/kube/client.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/runtime/store.h"

namespace remora::reconcilers {

// Decoder for the Store behind the Lister.
Result<std::shared_ptr<const api::KeptRevision>> DecodeRevision(const nlohmann::json& object);

// The pattern that a ControllerRevision of that name would be of.
std::optional<PatternKey> PatternOfRevision(const kube::ObjectKey& key);

class PatternHistory {
 public:
  using Revisions = runtime::Lister<api::KeptRevision>;

  PatternHistory(kube::Client& client, Revisions revisions)
      : client_(client), revisions_(std::move(revisions)) {}

  // Whether that revision of the pattern is there.
  bool IsKept(const PatternObject& pattern, const std::string& revision) const;
  // Whether the revision of the spec is there, and the newest.
  bool IsLatest(const PatternObject& pattern) const;
  // The names of all that are there, the newest last.
  std::vector<std::string> Known(const PatternObject& pattern) const;

  // Makes the revision of the spec the newest.
  Result<void> Keep(const PatternObject& pattern, const std::stop_token& stop);
  Result<void> Trim(const PatternObject& pattern, const std::set<std::string>& in_use,
                    const std::stop_token& stop);
  // Forgets what was written lately: the pattern is gone.
  void Forget(const PatternKey& key);

 private:
  using Kept = std::shared_ptr<const api::KeptRevision>;

  // By number; with what was written and has not come back yet.
  std::vector<Kept> Of(const PatternObject& pattern) const;
  void AddWritten(const PatternObject& pattern, std::vector<Kept>& all) const;
  Result<void> Replace(const PatternObject& pattern, const nlohmann::json& object,
                       const std::stop_token& stop);

  kube::Client& client_;
  const Revisions revisions_;
  mutable Mutex mutex_;
  mutable std::map<PatternKey, Kept> written_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
