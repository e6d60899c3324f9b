#include "operator/reconcilers/pattern_acceptance.h"

#include <chrono>
#include <utility>
#include <vector>

#include "operator/base/log.h"

namespace remora::reconcilers {

namespace {

using State = Acceptance::State;

constexpr std::chrono::minutes kRejectedFor{10};
constexpr std::chrono::seconds kUnknownFor{10};
// How long other admission may keep the check from its end.
constexpr std::chrono::minutes kStoppedFor{1};

// Whether trying again at once may mend it: it is the queue's business then.
bool IsOfTheMoment(const Error& error) {
  return error.code() == ErrorCode::kConflict || error.code() == ErrorCode::kAlreadyExists ||
         error.code() == ErrorCode::kCancelled;
}

}  // namespace

Result<Acceptance> PatternAcceptance::Accept(const PatternObject& pattern,
                                             const std::stop_token& stop) {
  RevisionKeeper& history = options_.history;
  Acceptance result;
  result.current_revision = pattern.current_revision();
  if (!pattern.live->stored->compiled) {
    result.state = State::kInvalid;
    result.message = pattern.live->stored->complaint;
    return result;
  }
  if (IsHeldUp(pattern, stop, result)) return result;
  if (!history.IsLatest(pattern)) {
    if (auto kept = history.Keep(pattern, stop); !kept.ok()) {
      if (IsOfTheMoment(kept.error())) return kept.error();
      result.message = "its revision cannot be kept: " + kept.error().message();
      result.again = kUnknownFor;
      return result;
    }
  }
  result.state = State::kAccepted;
  result.current_revision = pattern.revision();
  const injection::LivePattern& live = *pattern.live;
  if (live.is_pinned && !history.IsKept(pattern, live.wanted)) {
    result.state = State::kInvalid;
    result.message = "spec.pinnedRevision: revision " + live.wanted + " is not kept; " +
                     api::WhichAreKept(history.Known(pattern));
  }
  return result;
}

bool PatternAcceptance::IsHeldUp(const PatternObject& pattern, const std::stop_token& stop,
                                 Acceptance& result) {
  const bool is_kept = options_.history.IsKept(pattern, pattern.revision());
  // Of one that is kept, only whether it was accepted unchecked is of interest.
  const auto asked = is_kept ? FindAsked(pattern) : Ask(pattern, stop);
  if (!asked || asked->verdict.state == SealedVerdict::State::kValid) return false;
  if (asked->verdict.state == SealedVerdict::State::kStopped) {
    result.message = "the API server did not come to judge it: " + asked->verdict.message;
    if (is_kept || options_.clock.Now() >= asked->since + kStoppedFor) return false;
  } else {
    if (is_kept) return false;
    result.message = asked->verdict.message;
  }
  const bool is_rejected = asked->verdict.state == SealedVerdict::State::kRejected;
  result.state = is_rejected ? State::kRejected : State::kPending;
  result.again = asked->until - options_.clock.Now();
  return true;
}

std::optional<PatternAcceptance::Asked> PatternAcceptance::FindAsked(const PatternObject& pattern) {
  MutexLock lock(mutex_);
  const auto at = asked_.find(pattern.key);
  if (at == asked_.end() || at->second.identity != pattern.identity() ||
      at->second.revision != pattern.revision()) {
    return std::nullopt;
  }
  return at->second;
}

PatternAcceptance::Asked PatternAcceptance::Ask(const PatternObject& pattern,
                                                const std::stop_token& stop) {
  const auto before = FindAsked(pattern);
  if (before && options_.clock.Now() < before->until) return *before;
  Asked asked{.identity = pattern.identity(),
              .revision = pattern.revision(),
              .verdict = options_.check.Ask(pattern.live->stored, stop)};
  const auto state = asked.verdict.state;
  const bool is_undecided =
      state == SealedVerdict::State::kUnknown || state == SealedVerdict::State::kStopped;
  if (is_undecided) {
    Log(LogLevel::kWarning, "the API server did not say whether it takes a pattern; trying again",
        {{"pattern", pattern.key.ToString()}, {"reason", asked.verdict.message}});
  }
  const Clock::TimePoint now = options_.clock.Now();
  asked.since = before && before->verdict.state == state ? before->since : now;
  asked.until = now + (is_undecided ? Clock::Duration(kUnknownFor) : Clock::Duration(kRejectedFor));
  MutexLock lock(mutex_);
  asked_[pattern.key] = asked;
  return asked;
}

void PatternAcceptance::Forget(const PatternKey& key) {
  options_.history.Forget(key);
  MutexLock lock(mutex_);
  asked_.erase(key);
}

}  // namespace remora::reconcilers
