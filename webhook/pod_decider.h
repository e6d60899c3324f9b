// PodDecider: the engine on the Pod of a request, and a second look for names that the cache lacks.
//
// Contract
//   - A pattern that is not found is asked of the API server, once, while the request waits; with no
//     answer in time it is refused with DeadlineExceeded.
// Thread-safety: owner thread only.
// Lifetime: a Decided lives until the next Decide(), and no longer than the Pod's document.
//   Environment and LiveLookup outlive the PodDecider.
//
// Example
//   const auto decided = decider.Decide({.pod = pod, .namespace_name = "shop"}, index, request,
//                                       response);
//   if (!decided) return std::nullopt;  // response.wait is set: the request comes again
//   Write(decided->outcome);
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"
#include "webhook/handler.h"
#include "webhook/live_lookup.h"

namespace remora::webhook {

class PodDecider {
 public:
  using IndexPointer = std::shared_ptr<const injection::PatternIndex>;
  struct Decided {
    IndexPointer patterns;  // what the outcome was decided on, and points to
    injection::Outcome outcome;
  };

  // `lookup` null: the cache is all there is.
  PodDecider(const injection::Environment& environment, LiveLookup* lookup)
      : environment_(environment), lookup_(lookup) {}

  // Nothing: there is no answer yet, and Response::wait is set.
  std::optional<Decided> Decide(const injection::Request& pod, IndexPointer patterns,
                                const RequestView& request, Response& response);

 private:
  // The names that this outcome found nowhere.
  std::vector<PatternKey> Missing(const injection::Request& pod, const Decided& decided) const;

  const injection::Environment& environment_;
  LiveLookup* const lookup_;
  injection::Workspace workspace_;
};

}  // namespace remora::webhook
