// PatternHandler: POST /v1/patterns: whether a Sidecar, Ambassador or Adapter may be stored.
//
// Contract
//   - CREATE and UPDATE are judged as the caches judge what they read: decoded, validated, compiled.
//     Then the pattern's own tests run, among the patterns and Namespaces of this moment. A refusal
//     is 422 with one sentence that names the object and the field, or the test.
//   - A spec that is stored already passes, however bad: labels of a pattern that an earlier version
//     accepted can be edited, and its finalizers removed.
//   - Whatever else it is asked about (a deletion, a subresource, another kind) is allowed.
//   - A bug (an exception) denies with 500: nothing that was not judged is stored.
// Thread-safety: owner thread only.
// Lifetime: what PatternHandlerOptions refers to outlives it.
//
// Example
//   PatternHandler handler({patterns, environment, metrics});
//   handler.Handle(request, response);
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "operator/injection/injector.h"
#include "webhook/pattern_source.h"
#include "webhook/review_handler.h"

namespace remora::webhook {

struct PatternHandlerOptions {
  const PatternSource& patterns;
  const injection::Environment& environment;
  Metrics& metrics;
};

class PatternHandler final : public ReviewHandler {
 public:
  explicit PatternHandler(PatternHandlerOptions options)
      : ReviewHandler(Entry::kPatterns, options.metrics), options_(options) {}

 protected:
  std::optional<AdmissionVerdict> Answer(const Review& review, const RequestView& request,
                                         Response& response) override;
  void AnswerInternalError(const Review& review, std::string_view what,
                           Response& response) override;

 private:
  // What is wrong with it; empty: nothing.
  std::string Complaint(const nlohmann::json& object) const;

  const PatternHandlerOptions options_;
};

}  // namespace remora::webhook
