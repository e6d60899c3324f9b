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

std::string NotKept(const std::string& revision, const std::vector<std::string>& known) {
  std::string sentence = "spec.pinnedRevision: revision " + revision + " is not kept; ";
  for (std::size_t i = 0; i < known.size(); ++i) sentence += (i == 0 ? "" : ", ") + known[i];
  return sentence + (known.size() == 1 ? " is" : " are");
}

}  // namespace

Result<Acceptance> PatternAcceptance::Accept(const PatternObject& pattern,
                                             const std::stop_token& stop) {
  PatternHistory& history = options_.history;
  Acceptance result;
  result.current_revision = pattern.current_revision();
  if (!pattern.live->stored->compiled) {
    result.state = State::kInvalid;
    result.message = pattern.live->stored->complaint;
    return result;
  }
  if (!history.IsKept(pattern, pattern.revision())) {
    const Asked asked = Ask(pattern, stop);
    if (asked.verdict.state != SealedVerdict::State::kValid) {
      const bool rejected = asked.verdict.state == SealedVerdict::State::kRejected;
      result.state = rejected ? State::kRejected : State::kPending;
      result.message = asked.verdict.message;
      result.again = asked.until - options_.clock.Now();
      return result;
    }
  }
  if (!history.IsLatest(pattern)) {
    if (auto kept = history.Keep(pattern, stop); !kept.ok()) return kept.error();
  }
  result.state = State::kAccepted;
  result.current_revision = pattern.revision();
  const injection::LivePattern& live = *pattern.live;
  if (live.is_pinned && !history.IsKept(pattern, live.wanted)) {
    result.state = State::kInvalid;
    result.message = NotKept(live.wanted, history.Known(pattern));
  }
  return result;
}

PatternAcceptance::Asked PatternAcceptance::Ask(const PatternObject& pattern,
                                                const std::stop_token& stop) {
  {
    MutexLock lock(mutex_);
    const auto at = asked_.find(pattern.key);
    if (at != asked_.end() && at->second.identity == pattern.identity() &&
        at->second.revision == pattern.revision() && options_.clock.Now() < at->second.until) {
      return at->second;
    }
  }
  Asked asked{.identity = pattern.identity(),
              .revision = pattern.revision(),
              .verdict = options_.check.Ask(pattern.live->stored, stop)};
  const bool unknown = asked.verdict.state == SealedVerdict::State::kUnknown;
  if (unknown) {
    Log(LogLevel::kWarning, "the API server did not say whether it takes a pattern; trying again",
        {{"pattern", pattern.key.ToString()}, {"reason", asked.verdict.message}});
  }
  asked.until = options_.clock.Now() +
                (unknown ? Clock::Duration(kUnknownFor) : Clock::Duration(kRejectedFor));
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
