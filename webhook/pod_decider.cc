#include "webhook/pod_decider.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "operator/injection/plan.h"

namespace remora::webhook {

using injection::Decision;

std::optional<PodDecider::Decided> PodDecider::Decide(const injection::Request& pod,
                                                      IndexPointer patterns,
                                                      const RequestView& request,
                                                      Response& response) {
  Decided decided{std::move(patterns), {}};
  decided.outcome = Inject(pod, *decided.patterns, environment_, workspace_);
  const auto missing = Missing(pod, decided);
  if (missing.empty()) return decided;
  std::vector<LiveLookup::Pattern> found;
  const auto age = request.resumed ? LiveLookup::Age::kAny : LiveLookup::Age::kFresh;
  if (!lookup_->Read(missing, age, found) && !request.resumed) {
    response.wait = [lookup = lookup_, missing](std::function<void()> resume) {
      lookup->Ask(missing, std::move(resume));
    };
    return std::nullopt;
  }
  if (found.empty()) return decided;
  injection::PatternIndex::Builder builder(*decided.patterns);
  for (LiveLookup::Pattern& pattern : found) builder.Add(std::move(pattern));
  decided.patterns = std::move(builder).Build();
  decided.outcome = Inject(pod, *decided.patterns, environment_, workspace_);
  return decided;
}

std::vector<PatternKey> PodDecider::Missing(const injection::Request& pod,
                                            const Decided& decided) const {
  std::vector<PatternKey> missing;
  if (lookup_ == nullptr || decided.outcome.plan == nullptr) return missing;
  for (const Decision& decision : decided.outcome.plan->decisions) {
    if (decision.reason != api::Reason::kPatternNotFound) continue;
    const auto add = [&](std::string_view namespace_name) {
      // One that is there and does not admit this namespace is none, and known.
      if (decided.patterns->Find(decision.kind, namespace_name, decision.name) != nullptr) return;
      missing.push_back({decision.kind, std::string(namespace_name), std::string(decision.name)});
    };
    if (!decision.namespace_name.empty()) {
      add(decision.namespace_name);
      continue;
    }
    add(pod.namespace_name);
    if (pod.namespace_name != environment_.catalog_namespace) add(environment_.catalog_namespace);
  }
  return missing;
}

}  // namespace remora::webhook
