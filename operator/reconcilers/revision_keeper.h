// RevisionKeeper: the ControllerRevisions of patterns: made, renumbered, and the old ones deleted.
//
// Contract
//   - A revision that is kept was accepted: IsKept() after a restart saves asking the API server again.
//   - What bears the name of a revision and is not it (forged, or of a pattern that had the name
//     before) is replaced, with a log line.
//   - Trim() keeps the revisions in use, and the newest `revisionHistoryLimit` of the others. Before it
//     deletes one it reads the pattern again: it may have been pinned a moment ago.
// Thread-safety: any thread, for different patterns.
// Errors: those of the Client.
// Lifetime: what the constructor's arguments refer to outlives it.
//
// Example
//   RevisionKeeper history(client, clock, revisions.lister());
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
#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/kube/client.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/runtime/store.h"

namespace remora::reconcilers {

// Decoder for the Store behind the Lister.
Result<std::shared_ptr<const api::KeptRevision>> DecodeRevision(const nlohmann::json& object);

// The pattern that a ControllerRevision of that name would be of.
std::optional<PatternKey> PatternOfRevision(const kube::ObjectKey& key);

class RevisionKeeper {
 public:
  using Revisions = runtime::Lister<api::KeptRevision>;

  RevisionKeeper(kube::Client& client, Clock& clock, Revisions revisions)
      : client_(client), clock_(clock), revisions_(std::move(revisions)) {}

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
  // What the watch has not brought yet. It counts for half a minute: it may have been deleted since.
  struct Written {
    Kept kept;
    Clock::TimePoint until = {};
  };

  // By number; with what was written and has not come back yet.
  std::vector<Kept> Of(const PatternObject& pattern) const;
  void AddWritten(const PatternObject& pattern, std::vector<Kept>& all) const;
  Result<void> Renumber(const PatternObject& pattern, std::int64_t number,
                        const std::stop_token& stop);
  // `object` is in the place of what is there, whatever that is.
  Result<void> Replace(const PatternObject& pattern, const nlohmann::json& object,
                       const std::stop_token& stop);

  kube::Client& client_;
  Clock& clock_;
  const Revisions revisions_;
  mutable Mutex mutex_;
  mutable std::map<PatternKey, Written> written_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
