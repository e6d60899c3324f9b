// SealedCheck: asks the API server whether it would take a Pod with a pattern's containers.
//
// Contract
//   - The rendered Pod is created as a dry run, strictly, in a namespace whose one ResourceQuota
//     admits no Pods. The API server validates an object before quota, Pod Security and policies: what
//     they stop is valid (kube/dry_run_answer.h). Nothing is ever stored.
//   - A complaint about a Pod with made-up words in it (injection/sample_pod.h) proves nothing, and
//     counts as valid.
//   - kStopped: other admission (a webhook, no ServiceAccount yet, a LimitRange) stopped the Pod, which
//     says nothing of it. kUnknown: there was no answer, or the namespace is missing.
// Thread-safety: any thread.
// Errors: none; an API server that cannot be asked is kUnknown.
// Lifetime: what the Options refer to outlives it.
//
// Example
//   SealedCheck check({client, environment, "remora-sealed"});
//   auto verdict = check.Ask(stored, stop);
//   if (verdict.state == SealedVerdict::kRejected) Say(verdict.message);
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"
#include "operator/kube/client.h"

namespace remora::reconcilers {

struct SealedVerdict {
  enum class State { kValid, kRejected, kStopped, kUnknown };
  State state = State::kUnknown;
  std::string message;  // empty where it is valid
};

class SealedCheck {
 public:
  struct Options {
    kube::Client& client;
    const injection::Environment& environment;
    std::string namespace_name;  // empty: the API server is not asked, and all is valid
  };

  explicit SealedCheck(Options options) : options_(std::move(options)) {}

  // `pattern` is compiled.
  SealedVerdict Ask(const std::shared_ptr<const injection::StoredPattern>& pattern,
                    const std::stop_token& stop) const;

 private:
  const Options options_;
};

}  // namespace remora::reconcilers
