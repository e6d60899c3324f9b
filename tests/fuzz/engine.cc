#include "tests/fuzz/engine.h"

#include "tests/fuzz/invariants.h"
#include "tests/fuzz/typed_pod.h"
#include "tests/property/pattern_generator.h"

namespace remora::testing {

using injection::Outcome;
using injection::Verdict;
using nlohmann::json;

std::shared_ptr<const injection::PatternIndex> StoredIndex() {
  injection::PatternIndex::Builder builder;
  for (const json& pattern : PatternsByHand()) {
    builder.Add(injection::StoredPattern::FromObject(pattern));
  }
  return std::move(builder).Build();
}

Outcome Engine::Inject(const json& pod) {
  const std::string text = TextOf(pod);
  Demand(document_.Parse(text).ok(), "our own JSON is refused", text);
  return injection::Inject({document_.root(), "shop"}, *index_, environment_, workspace_);
}

json Engine::Ask(const json& pod) {
  const Outcome outcome = Inject(pod);
  Demand((outcome.verdict == Verdict::kPatched) == !outcome.patch.empty(),
         "a patch and another verdict, or the reverse", outcome.patch);
  Demand((outcome.verdict == Verdict::kDenied) == !outcome.message.empty(),
         "a message and another verdict, or the reverse", outcome.message);
  if (outcome.verdict != Verdict::kPatched) return pod;
  json result = Applied(pod, outcome.patch);
  if (!IsValidPod(pod)) return result.is_discarded() ? pod : result;
  const std::string first(outcome.patch);
  const Outcome again = Inject(result);
  Demand(again.verdict == Verdict::kUnchanged, "injecting the result changes it again",
         TextOf(pod) + "\nfirst: " + first + "\nthen: " + std::string(again.patch) +
             std::string(again.message));
  return result;
}

json Applied(const json& pod, std::string_view patch) {
  const json operations = json::parse(patch, nullptr, false);
  Demand(!operations.is_discarded() && operations.is_array(), "the patch is no JSON", patch);
  try {
    return pod.patch(operations);
  } catch (const json::exception& exception) {
    Demand(!IsTypedPod(pod), exception.what(), TextOf(pod) + "\n" + std::string(patch));
    return json(json::value_t::discarded);
  }
}

std::string TextOf(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace remora::testing
