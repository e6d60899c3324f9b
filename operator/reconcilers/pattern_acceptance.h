// PatternAcceptance: whether a pattern's spec is fit for service, and its revision kept once it is.
//
// Contract
//   - A spec that compiles is shown to the API server once (SealedCheck); if that lets it pass, its
//     revision is kept (RevisionKeeper), and only then is it the current one. One that is kept already
//     was accepted before and is not shown again.
//   - A spec that is refused leaves the last accepted revision the current one. It is shown again after
//     ten minutes, for the cluster may have changed; where there was no answer, after ten seconds.
//   - Where other admission (a webhook, also one that does not answer, a LimitRange) keeps stopping the
//     Pod for a minute, the spec is accepted unchecked: somebody else's policy does not freeze all
//     patterns. Its revision says so, to the next leader too, and it is shown again every ten minutes
//     until it was judged. One that is refused then stays in use, for it is the last accepted one.
//   - A revision that cannot be kept is pending, with the reason.
// Thread-safety: any thread, for different patterns.
// Errors: those of the Client that trying again at once may mend, of keeping a revision.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   PatternAcceptance acceptance({clock, check, history});
//   auto accepted = acceptance.Accept(pattern, stop);
//   if (!accepted.ok()) return accepted.error();
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/reconcilers/pattern_object.h"
#include "operator/reconcilers/revision_keeper.h"
#include "operator/reconcilers/sealed_check.h"

namespace remora::reconcilers {

struct Acceptance {
  enum class State { kAccepted, kInvalid, kRejected, kPending };
  State state = State::kPending;
  std::string message;           // where it is accepted: empty, or why it was not checked
  std::string current_revision;  // the last that was accepted; empty: none was
  // When to ask again.
  std::optional<Clock::Duration> again = std::nullopt;
};

class PatternAcceptance {
 public:
  struct Options {
    Clock& clock;
    const SealedCheck& check;
    RevisionKeeper& history;
  };

  explicit PatternAcceptance(Options options) : options_(options) {}

  Result<Acceptance> Accept(const PatternObject& pattern, const std::stop_token& stop);
  // The pattern is gone.
  void Forget(const PatternKey& key);

 private:
  struct Asked {
    api::RevisionOwner identity;
    std::string revision;
    SealedVerdict verdict;
    Clock::TimePoint since = {};  // the first of answers of the same state
    Clock::TimePoint until = {};
  };

  // `is_kept`: it is in use, and the answer can wait.
  Asked Ask(const PatternObject& pattern, bool is_kept, const std::stop_token& stop);
  std::optional<Asked> FindAsked(const PatternObject& pattern);
  // False: it is fit, or is accepted unchecked for the reason in `result`. True: `result` says why not.
  bool IsHeldUp(const PatternObject& pattern, const std::stop_token& stop, Acceptance& result);
  Result<void> KeepIt(const PatternObject& pattern, const std::string& unchecked,
                      const std::stop_token& stop);

  const Options options_;
  Mutex mutex_;
  std::map<PatternKey, Asked> asked_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
