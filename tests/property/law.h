// Law: what must hold of every case, tried on thousands of them; a case that fails is made as small
// as it still fails, and printed.
//
// Contract
//   - A case is a Pod with the patterns and the Namespace that the engine knows.
//   - REMORA_LAW_CASES is the number of cases: by default 10,000, and 1,000 in a build with
//     sanitizers.
// Thread-safety: owner thread only.
//
// Example
//   EachCase([](const Case& c) -> std::string {
//     return c.Inject(c.pod).verdict == Verdict::kDenied ? "" : "it is not denied";
//   });
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"

namespace remora::testing {

using injection::Verdict;

// The number of cases of each law.
std::uint32_t CaseCount();

struct Injected {
  Verdict verdict = Verdict::kUnchanged;
  std::string patch;
  std::string message;
  std::vector<std::string> warnings;
  std::vector<std::string> reasons;      // "redis: Injected", in the order of decision
  std::vector<std::string> passed_over;  // the same of what was not asked for
  std::string skipped;                   // the reason why the Pod was not looked at
  std::vector<std::string> operations;   // "Containers/Add"
  nlohmann::json pod;                    // as the API server has it afterwards

  bool operator==(const Injected& other) const;
};

// The patterns and the Namespace that the engine knows.
class World {
 public:
  World(std::vector<nlohmann::json> patterns, nlohmann::json namespace_object);

  // As if the process had just begun, with the patterns loaded in another order.
  World Afresh() const;
  // The same world without the patterns of those names.
  World Without(const std::vector<std::string>& names) const;

  const std::vector<nlohmann::json>& patterns() const { return patterns_; }
  const nlohmann::json& namespace_object() const { return namespace_; }
  const injection::PatternIndex& index() const { return *index_; }

 private:
  void BuildIndex();

  std::vector<nlohmann::json> patterns_;
  nlohmann::json namespace_;
  std::vector<std::shared_ptr<const injection::StoredPattern>> stored_;
  std::shared_ptr<const injection::PatternIndex> index_;
};

// What the engine does with a Pod; the patch is applied by nlohmann's JSON Patch. A patch that cannot
// be applied throws.
Injected Inject(const nlohmann::json& pod, const World& world);
// A text that is perhaps no Pod, or no JSON: whether it could be read, and the
// patch too.
bool InjectText(const std::string& text, const World& world);

struct Case {
  std::uint32_t seed = 0;
  nlohmann::json pod;
  const World* world = nullptr;

  Injected Inject(const nlohmann::json& other) const { return testing::Inject(other, *world); }
};

// The worlds of all cases: half of them with patterns by hand, half with random ones.
const std::vector<World>& Worlds();
Case CaseOf(std::uint32_t seed);

// What is wrong with the case; empty: nothing.
using Law = std::function<std::string(const Case&)>;

// Tries the law on every case, and stops at the first that fails.
void EachCase(const Law& law);

// The smallest part of the value that still fails. What is left out are members and elements, and
// items of lists in annotations.
nlohmann::json Smallest(nlohmann::json value,
                        const std::function<bool(const nlohmann::json&)>& fails);

}  // namespace remora::testing
