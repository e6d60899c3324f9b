// The laws of one call. A failure prints the smallest case that fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/property/law.h"
#include "tests/property/pod_generator.h"
#include "tests/property/traces.h"
#include "tests/property/undo.h"

namespace remora::testing {
namespace {

using nlohmann::json;

// Any part of a Pod, chosen at random.
json& AnyPart(json& value, Random& random) {
  if (!value.is_structured() || value.empty() || random.Chance(20)) return value;
  auto member = value.begin();
  std::advance(member, static_cast<std::ptrdiff_t>(random.Below(value.size())));
  return AnyPart(*member, random);
}

// Law 1, for what is no Pod: bytes of a Pod exchanged at random.
TEST(Laws, TotalOnMutilatedTexts) {
  std::uint32_t parsed = 0;
  for (std::uint32_t seed = 1; seed <= CaseCount(); ++seed) {
    const Case c = CaseOf(seed);
    std::string text = c.pod.dump();
    Random random(seed);
    for (std::size_t i = 0, count = 1 + random.Below(4); i < count; ++i) {
      constexpr std::string_view kBytes = "{}[]\",:0a\\ \xc3n";
      text[random.Below(text.size())] = random.OneOf(kBytes);
    }
    if (InjectText(text, *c.world)) ++parsed;
  }
  EXPECT_GT(parsed, CaseCount() / 50);
}

// Law 1: parts of a Pod that have another type.
TEST(Laws, TotalOnMutilatedPods) {
  EachCase([](const Case& c) -> std::string {
    const json strange = {nullptr, 1, -2.5, "x", json::array(), json::object(), {nullptr}, true};
    json pod = c.pod;
    Random random(c.seed);
    for (std::size_t i = 0, count = 1 + random.Below(3); i < count; ++i) {
      AnyPart(pod, random) = random.OneOf(strange);
    }
    return InjectText(pod.dump(), *c.world) ? "" : "it is not read, or the patch is no JSON";
  });
}

// Law 2
TEST(Laws, DeterministicOnEveryReplica) {
  constexpr std::uint32_t kFreshEvery = 50;  // a new process's memory: compiling costs milliseconds
  EachCase([&](const Case& c) {
    const Injected result = c.Inject(c.pod);
    if (c.seed % kFreshEvery == 0 && !(Inject(c.pod, c.world->Afresh()) == result)) {
      return "another process answers otherwise";
    }
    return c.Inject(c.pod) == result ? "" : "it answers otherwise at the second time";
  });
}

// Law 2: absent counts as Kubernetes' default.
TEST(Laws, AbsentCountsAsTheDefault) {
  EachCase([](const Case& c) {
    json full = c.pod;
    json& spec = full["spec"];
    spec.emplace("restartPolicy", "Always");
    spec.emplace("terminationGracePeriodSeconds", 30);
    spec.emplace("serviceAccountName", "default");
    for (const char* list : {"containers", "initContainers"}) {
      if (!spec.contains(list)) continue;
      for (json& container : spec[list]) {
        if (!container.contains("ports")) continue;
        for (json& port : container["ports"]) port.emplace("protocol", "TCP");
      }
    }
    return c.Inject(full) == c.Inject(c.pod) ? "" : "a Pod with its defaults comes out otherwise";
  });
}

// Law 4
TEST(Laws, OrderOfLoadingAndNamingChangesNothing) {
  std::map<const World*, World> reversed;
  for (const World& world : Worlds()) reversed.emplace(&world, world.Afresh());
  EachCase([&](const Case& c) -> std::string {
    const Injected result = c.Inject(c.pod);
    const auto known = reversed.find(c.world);
    const Injected other =
        Inject(c.pod, known == reversed.end() ? c.world->Afresh() : known->second);
    if (!(other == result)) return "patterns loaded in another order come out otherwise";
    if (result.reasons.empty()) return "";
    json turned = c.pod;
    for (auto& [key, value] : turned["metadata"]["annotations"].items()) {
      const std::string list = value;
      const std::size_t comma = list.find(',');
      if (!key.starts_with("patterns.remora.dev/") || comma == std::string::npos) continue;
      value = list.substr(comma + 1) + "," + list.substr(0, comma);
    }
    const Injected named = c.Inject(turned);
    return named.patch == result.patch && named.reasons == result.reasons
               ? ""
               : "patterns named in another order come out otherwise";
  });
}

// Law 4: what says where it stands does stand there.
TEST(Laws, OrderKeepsBeforeAndAfter) {
  EachCase([](const Case& c) { return OutOfOrder(c.Inject(c.pod).pod, *c.world); });
}

// Law 5
TEST(Laws, ConservativeWithWhatIsTheUsers) {
  EachCase([](const Case& c) { return TouchedInVain(c.pod, c.Inject(c.pod).pod); });
}

// Law 6, as far as a look at the Pod shows it; tests/e2e/valid_test.sh asks the real API server.
TEST(Laws, ValidWhereThePodWasValid) {
  std::uint32_t valid = 0;
  EachCase([&](const Case& c) -> std::string {
    if (!LookAt(c.pod).empty()) return "";
    ++valid;
    return LookAt(c.Inject(c.pod).pod);
  });
  EXPECT_GT(valid, CaseCount() / 2);
}

// Law 7
TEST(Laws, ReversibleFromTheRecord) {
  std::uint32_t undone = 0;
  EachCase([&](const Case& c) {
    const Injected result = c.Inject(c.pod);
    if (result.verdict != Verdict::kPatched) return "";
    ++undone;
    return WithoutDefaults(Undo(result.pod)) == WithoutDefaults(c.pod)
               ? ""
               : "undone, it is not the Pod as it came";
  });
  EXPECT_GT(undone, CaseCount() / 3);
}

}  // namespace
}  // namespace remora::testing
