// RevisionKeeper: the ControllerRevisions of patterns: made, renumbered, and the old ones deleted.
//
// Contract
//   - A revision that is kept was accepted: IsKept() after a restart saves asking the API server again,
//     unless IsUnchecked(): it was accepted without that.
//   - What bears the name of a revision and is not it (forged, or of a pattern that had the name
//     before) is replaced, with a log line.
//   - Trim() keeps the revisions in use, and the newest `revisionHistoryLimit` of the others. It deletes
//     none while a pattern is being edited, so that an edit costs nothing for those before it: all at once
//     when none was kept for kQuiet, or when there are kMostExcess too many. Before it deletes it reads
//     the pattern again: it may have been pinned a moment ago.
// Thread-safety: any thread, for different patterns.
// Errors: those of the Client.
// Lifetime: what the constructor's arguments refer to outlives it.
//
// Example
//   RevisionKeeper history(client, clock, revisions.lister());
//   if (!history.IsLatest(pattern)) auto kept = history.Keep(pattern, "", stop);
#pragma once

#include <chrono>
#include <cstddef>
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
#include "operator/runtime/controller.h"
#include "operator/runtime/store.h"

namespace remora::reconcilers {

// Decoder for the Store behind the Lister.
Result<std::shared_ptr<const api::KeptRevision>> DecodeRevision(const nlohmann::json& object);

// The pattern that a ControllerRevision of that name would be of.
std::optional<PatternKey> PatternOfRevision(const kube::ObjectKey& key);

class RevisionKeeper {
 public:
  using Revisions = runtime::Lister<api::KeptRevision>;
  static constexpr std::chrono::minutes kQuiet{1};
  static constexpr std::size_t kMostExcess = 20;

  RevisionKeeper(kube::Client& client, Clock& clock, Revisions revisions)
      : client_(client), clock_(clock), revisions_(std::move(revisions)) {}

  // Whether that revision of the pattern is there.
  bool IsKept(const PatternObject& pattern, const std::string& revision) const;
  // Whether the revision of the spec is there, and the newest.
  bool IsLatest(const PatternObject& pattern) const;
  // Whether the revision of the spec is there, and was never judged.
  bool IsUnchecked(const PatternObject& pattern) const;
  // The names of all that are there, the newest last.
  std::vector<std::string> Known(const PatternObject& pattern) const;

  // Makes the revision of the spec the newest. `unchecked`: why it was not judged; empty: it was.
  Result<void> Keep(const PatternObject& pattern, const std::string& unchecked,
                    const std::stop_token& stop);
  // That of the spec was judged after all.
  Result<void> MarkChecked(const PatternObject& pattern, const std::stop_token& stop);
  // Says when to come again, if some are to be deleted later.
  Result<runtime::Requeue> Trim(const PatternObject& pattern, const std::set<std::string>& in_use,
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

  // Those beyond the limit, the oldest first.
  std::vector<Kept> Excess(const PatternObject& pattern, const std::set<std::string>& in_use) const;
  // How long it is until nothing was kept for kQuiet.
  Clock::Duration UntilQuiet(const PatternKey& key) const;
  // By number; with what was written and has not come back yet.
  std::vector<Kept> Of(const PatternObject& pattern) const;
  void AddWritten(const PatternObject& pattern, std::vector<Kept>& all) const;
  Result<void> Renumber(const PatternObject& pattern, const std::string& revision,
                        std::int64_t number, const std::stop_token& stop);
  // Makes room for it where there is none.
  Result<std::int64_t> NextNumber(const PatternObject& pattern, const std::stop_token& stop);
  // `object` is in the place of what is there, whatever that is.
  Result<void> Replace(const PatternObject& pattern, const nlohmann::json& object,
                       const std::stop_token& stop);

  kube::Client& client_;
  Clock& clock_;
  const Revisions revisions_;
  mutable Mutex mutex_;
  mutable std::map<PatternKey, Written> written_ GUARDED_BY(mutex_);
  std::map<PatternKey, Clock::TimePoint> kept_at_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
