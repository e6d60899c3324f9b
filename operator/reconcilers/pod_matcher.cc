#include "operator/reconcilers/pod_matcher.h"

#include <utility>

namespace remora::reconcilers {

void PodMatcher::Run(const std::stop_token& stop) {
  while (const auto key = queue_.Get(stop)) {
    MatchNow();
    queue_.Done(*key);
  }
}

bool PodMatcher::HasMatched(const PatternObject& pattern) const {
  MutexLock lock(mutex_);
  return matched_.contains(MatchVersion(pattern));
}

void PodMatcher::MatchNow() {
  if (!options_.patterns.HaveSynced()) return;  // the list that is missing will say that it is due
  MatchInputs inputs = MakeMatchInputs(options_.patterns);
  if (!current_ || inputs.version != version_) {
    version_ = std::move(inputs.version);
    options_.pods.SetPatterns(std::move(inputs.index));
    MutexLock lock(mutex_);
    matched_ = std::move(inputs.patterns);
  }
  current_ = true;
}

}  // namespace remora::reconcilers
