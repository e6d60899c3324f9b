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
  if (auto kept = KeepIt(pattern, result.message, stop); !kept.ok()) {
    if (IsOfTheMoment(kept.error())) return kept.error();
    result.message = "its revision cannot be kept: " + kept.error().message();
    result.again = kUnknownFor;
    return result;
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

Result<void> PatternAcceptance::KeepIt(const PatternObject& pattern, const std::string& unchecked,
                                       const std::stop_token& stop) {
  RevisionKeeper& history = options_.history;
  if (!history.IsLatest(pattern)) {
    if (auto kept = history.Keep(pattern, unchecked, stop); !kept.ok()) return kept;
  }
  if (unchecked.empty() && history.IsUnchecked(pattern)) return history.MarkChecked(pattern, stop);
  return {};
}

bool PatternAcceptance::IsHeldUp(const PatternObject& pattern, const std::stop_token& stop,
                                 Acceptance& result) {
  const bool is_kept = options_.history.IsKept(pattern, pattern.revision());
  if (is_kept && !options_.history.IsUnchecked(pattern)) return false;
  const Asked asked = Ask(pattern, is_kept, stop);
  const SealedVerdict::State state = asked.verdict.state;
  if (state == SealedVerdict::State::kValid) return false;
  result.again = asked.until - options_.clock.Now();
  result.message = asked.verdict.message;
  if (state == SealedVerdict::State::kRejected) {
    result.state = State::kRejected;
    return true;
  }
  const bool is_stopped = state == SealedVerdict::State::kStopped;
  if (is_stopped) result.message = "the API server did not come to judge it: " + result.message;
  if (is_kept) return false;
  if (!is_stopped || options_.clock.Now() < asked.since + kStoppedFor) {
    result.state = State::kPending;
    return true;
  }
  result.again = kRejectedFor;
  return false;
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

PatternAcceptance::Asked PatternAcceptance::Ask(const PatternObject& pattern, bool is_kept,
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
  const bool is_urgent = is_undecided && !is_kept;
  asked.until = now + (is_urgent ? Clock::Duration(kUnknownFor) : Clock::Duration(kRejectedFor));
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
