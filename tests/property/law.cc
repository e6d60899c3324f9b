#include "tests/property/law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "operator/injection/live_pattern.h"
#include "operator/injection/plan.h"
#include "tests/property/pattern_generator.h"
#include "tests/property/pod_generator.h"

namespace remora::testing {

namespace {

using nlohmann::json;

constexpr std::uint32_t kWorlds = 80;
constexpr std::uint32_t kSmallestCaseTries = 20000;

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint32_t kCases = 1000;
#else
constexpr std::uint32_t kCases = 10000;
#endif

struct Memory {
  injection::JsonDocument document;
  injection::Workspace workspace;
};

Memory& SharedMemory() {
  static Memory memory;
  return memory;
}

std::string OperationName(const injection::Operation& operation) {
  // In the order of the enums.
  constexpr std::array<const char*, 11> kLists = {
      "Volumes",     "InitContainers", "Containers",  "Environment", "Mounts", "ContainerField",
      "HostAliases", "PullSecrets",    "Annotations", "Labels",      "PodSpec"};
  constexpr std::array<const char*, 3> kVerbs = {"Add", "Set", "Remove"};
  return std::string(kLists[static_cast<std::size_t>(operation.list)]) + "/" +
         kVerbs[static_cast<std::size_t>(operation.verb)];
}

Injected Described(const injection::Outcome& outcome) {
  Injected result;
  result.verdict = outcome.verdict;
  result.patch = outcome.patch;
  result.message = outcome.message;
  for (const auto warning : outcome.warnings) result.warnings.emplace_back(warning);
  const auto describe = [](const auto& decisions, std::vector<std::string>& out) {
    for (const auto& decision : decisions) {
      out.push_back(std::string(decision.name) + ": " +
                    std::string(api::ReasonName(decision.reason)));
    }
  };
  describe(outcome.plan->decisions, result.reasons);
  describe(outcome.plan->passed_over, result.passed_over);
  if (outcome.plan->skipped) result.skipped = api::ReasonName(*outcome.plan->skipped);
  for (const auto& operation : outcome.plan->operations) {
    result.operations.push_back(OperationName(operation));
  }
  return result;
}

// A case as one value, and back; the world of a value is built for it alone.
json AsValue(const Case& c) {
  return {{"pod", c.pod},
          {"patterns", c.world->patterns()},
          {"namespace", c.world->namespace_object()}};
}

bool IsCase(const json& value) {
  return value.contains("pod") && value.contains("patterns") && value.contains("namespace") &&
         value["namespace"].contains("metadata");
}

std::string ComplaintOf(const Law& law, const Case& c) {
  try {
    return law(c);
  } catch (const std::exception& error) {
    return std::string("thrown: ") + error.what();
  }
}

json SmallestCase(const Law& law, const Case& c) {
  const bool looks_valid = LookAt(c.pod).empty();
  std::uint32_t tries = 0;
  return Smallest(AsValue(c), [&](const json& value) {
    if (++tries > kSmallestCaseTries || !IsCase(value)) return false;
    if (looks_valid && !LookAt(value["pod"]).empty()) return false;
    const World world(value["patterns"], value["namespace"]);
    return !ComplaintOf(law, {c.seed, value["pod"], &world}).empty();
  });
}

// "a,b,c" without one of its items.
bool WithoutItem(json& text, std::size_t index) {
  std::string value = text;
  for (std::size_t begin = 0, item = 0;; ++item) {
    const std::size_t comma = value.find(',', begin);
    if (item == index) {
      if (begin == 0 && comma == std::string::npos) return false;
      if (comma == std::string::npos) {
        value.erase(begin - 1);
      } else {
        value.erase(begin, comma + 1 - begin);
      }
      text = value;
      return true;
    }
    if (comma == std::string::npos) return false;
    begin = comma + 1;
  }
}

using Fails = std::function<bool(const json&)>;

// Leaves out what can be left out of `root`, below `at`, which is a part of it; true if it did.
bool MakeSmaller(json& root, json& at, const Fails& fails) {
  bool smaller = false;
  if (at.is_string()) {
    for (std::size_t item = 0;; ++item) {
      const json before = at;
      if (!WithoutItem(at, item)) return smaller;
      if (fails(root)) {
        smaller = true;
        --item;
      } else {
        at = before;
      }
    }
  }
  if (at.is_array()) {
    for (std::size_t i = at.size(); i-- > 0;) {
      const json before = at;
      at.erase(i);
      if (fails(root)) {
        smaller = true;
        continue;
      }
      at = before;
      smaller = MakeSmaller(root, at[i], fails) || smaller;
    }
  } else if (at.is_object()) {
    std::vector<std::string> keys;
    for (const auto& member : at.items()) keys.push_back(member.key());
    for (const std::string& key : keys) {
      const json before = at;
      at.erase(key);
      if (fails(root)) {
        smaller = true;
        continue;
      }
      at = before;
      smaller = MakeSmaller(root, at[key], fails) || smaller;
    }
  }
  return smaller;
}

}  // namespace

std::uint32_t CaseCount() {
  const char* wanted = std::getenv("REMORA_LAW_CASES");
  return wanted == nullptr ? kCases : static_cast<std::uint32_t>(std::stoul(wanted));
}

bool Injected::operator==(const Injected& other) const {
  return verdict == other.verdict && patch == other.patch && message == other.message &&
         warnings == other.warnings && reasons == other.reasons;
}

World::World(std::vector<json> patterns, json namespace_object)
    : patterns_(std::move(patterns)), namespace_(std::move(namespace_object)) {
  for (const json& pattern : patterns_) {
    const auto live = injection::LivePattern::FromObject(pattern);
    stored_.push_back(live.ok() ? ServePattern(**live, nullptr, {}) : nullptr);
  }
  BuildIndex();
}

void World::BuildIndex() {
  injection::PatternIndex::Builder builder;
  for (const auto& stored : stored_) builder.Add(stored);
  builder.AddNamespace(injection::NamespaceFacts::FromObject(namespace_));
  index_ = std::move(builder).Build();
}

World World::Afresh() const {
  std::vector<json> reversed(patterns_.rbegin(), patterns_.rend());
  return {std::move(reversed), namespace_};
}

World World::Without(const std::vector<std::string>& names) const {
  World fewer = *this;
  for (auto& stored : fewer.stored_) {
    if (stored && std::find(names.begin(), names.end(), stored->name) != names.end()) {
      stored = nullptr;
    }
  }
  fewer.BuildIndex();
  return fewer;
}

Injected Inject(const json& pod, const World& world) {
  Memory& memory = SharedMemory();
  const auto parsed = memory.document.Parse(pod.dump());
  if (!parsed.ok()) throw std::invalid_argument("the Pod is not read");
  const injection::Request request = {
      .pod = memory.document.root(), .namespace_name = "shop", .explain = true};
  Injected result = Described(injection::Inject(request, world.index(), {}, memory.workspace));
  result.pod = result.verdict == Verdict::kPatched ? pod.patch(json::parse(result.patch)) : pod;
  return result;
}

bool InjectText(const std::string& text, const World& world) {
  Memory& memory = SharedMemory();
  if (!memory.document.Parse(text).ok()) return false;
  const auto outcome =
      injection::Inject({memory.document.root(), "shop"}, world.index(), {}, memory.workspace);
  // Whether a patch can be applied to what is no Pod is not said; that it is one, is.
  return outcome.verdict != Verdict::kPatched || json::accept(outcome.patch);
}

const std::vector<World>& Worlds() {
  static const std::vector<World>* const kAll = [] {
    auto* worlds = new std::vector<World>;
    for (std::uint32_t i = 0; i < kWorlds; ++i) {
      worlds->emplace_back(i % 2 == 0 ? PatternsByHand() : RandomPatterns(i), RandomNamespace(i));
    }
    return worlds;
  }();
  return *kAll;
}

Case CaseOf(std::uint32_t seed) {
  return {seed, PodGenerator(seed).Next(), &Worlds()[seed % kWorlds]};
}

void EachCase(const Law& law) {
  for (std::uint32_t seed = 1; seed <= CaseCount(); ++seed) {
    const Case c = CaseOf(seed);
    const std::string complaint = ComplaintOf(law, c);
    if (complaint.empty()) continue;
    const json smallest = SmallestCase(law, c);
    const World world(smallest["patterns"], smallest["namespace"]);
    const Case small = {seed, smallest["pod"], &world};
    ADD_FAILURE() << "seed " << seed << ": " << complaint
                  << "\nthe smallest case that fails: " << smallest.dump(1) << "\n"
                  << ComplaintOf(law, small);
    return;
  }
}

json Smallest(json value, const Fails& fails) {
  while (MakeSmaller(value, value, fails)) {
  }
  return value;
}

}  // namespace remora::testing
