// The laws of the engine, each on thousands of random Pods. A failure prints the seed and the Pod.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "operator/injection/injector.h"
#include "operator/injection/pattern_index.h"
#include "operator/injection/plan.h"
#include "tests/property/pod_generator.h"
#include "tests/property/undo.h"

namespace remora::testing {
namespace {

using injection::Verdict;
using nlohmann::json;

constexpr std::uint32_t kPods = 3000;

std::shared_ptr<const injection::PatternIndex> IndexOf(const std::vector<json>& patterns) {
  injection::PatternIndex::Builder builder;
  for (const json& pattern : patterns) builder.Add(injection::StoredPattern::FromObject(pattern));
  return std::move(builder).Build();
}

struct Injected {
  Verdict verdict;
  std::string patch;
  std::string message;
  std::vector<std::string> warnings;
  std::vector<std::string> reasons;
  json pod;  // as the API server has it afterwards

  bool operator==(const Injected& other) const {
    return verdict == other.verdict && patch == other.patch && message == other.message &&
           warnings == other.warnings && reasons == other.reasons;
  }
};

class Engine {
 public:
  explicit Engine(std::shared_ptr<const injection::PatternIndex> index)
      : index_(std::move(index)) {}

  Injected Run(const json& pod) { return RunText(pod.dump(), pod); }

  Injected RunText(const std::string& text, const json& pod) {
    REMORA_CHECK(document_.Parse(text).ok());
    const auto outcome = injection::Inject({document_.root(), "shop"}, *index_, {}, workspace_);
    Injected result;
    result.verdict = outcome.verdict;
    result.patch = outcome.patch;
    result.message = outcome.message;
    for (const auto warning : outcome.warnings) result.warnings.emplace_back(warning);
    for (const auto& decision : outcome.plan->decisions) {
      result.reasons.push_back(std::string(decision.name) + ": " +
                               std::string(api::ReasonName(decision.reason)));
    }
    result.pod = outcome.verdict == Verdict::kPatched ? pod.patch(json::parse(result.patch)) : pod;
    return result;
  }

  injection::JsonDocument& document() { return document_; }

 private:
  std::shared_ptr<const injection::PatternIndex> index_;
  injection::JsonDocument document_;
  injection::Workspace workspace_;
};

// Calls check(pod, result) for every Pod; stops at the first failure and says which it was.
template <typename Check>
void ForEachPod(Check check) {
  Engine engine(IndexOf(StoredPatterns()));
  for (std::uint32_t seed = 1; seed <= kPods && !::testing::Test::HasFailure(); ++seed) {
    const json pod = PodGenerator(seed).Next();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + pod.dump(1));
    check(pod, engine.Run(pod), seed);
  }
}

// Law 1, for what is no Pod: bytes of a Pod exchanged at random.
TEST(Laws, TotalOnMutilatedPods) {
  Engine engine(IndexOf(StoredPatterns()));
  int parsed = 0;
  for (std::uint32_t seed = 1; seed <= kPods; ++seed) {
    PodGenerator generator(seed);
    std::string text = generator.Next().dump();
    for (std::size_t i = 0, count = 1 + generator.Below(4); i < count; ++i) {
      constexpr std::string_view kBytes = "{}[]\",:0a\\ \xc3n";
      text[generator.Below(text.size())] = generator.OneOf(kBytes);
    }
    if (!engine.document().Parse(text).ok()) continue;
    ++parsed;
    const json pod = json::parse(text, nullptr, false);
    if (pod.is_discarded()) continue;  // an escape that JSON does not have
    engine.RunText(text, pod);
  }
  EXPECT_GT(parsed, 100);
}

// Law 2
TEST(Laws, DeterministicOnEveryReplica) {
  Engine other(IndexOf(StoredPatterns()));
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t seed) {
    EXPECT_EQ(other.Run(pod), result);
    constexpr std::uint32_t kFreshEvery = 20;  // a new process's memory: compiling costs 5 ms here
    if (seed % kFreshEvery == 0) {
      EXPECT_EQ(Engine(IndexOf(StoredPatterns())).Run(pod), result);
    }
  });
}

// Law 2: absent counts as Kubernetes' default.
TEST(Laws, AbsentCountsAsTheDefault) {
  Engine other(IndexOf(StoredPatterns()));
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t) {
    json full = pod;
    json& spec = full["spec"];
    if (!spec.contains("restartPolicy")) spec["restartPolicy"] = "Always";
    if (!spec.contains("terminationGracePeriodSeconds")) spec["terminationGracePeriodSeconds"] = 30;
    for (const char* list : {"containers", "initContainers"}) {
      if (!spec.contains(list)) continue;
      for (json& container : spec[list]) {
        if (!container.contains("ports")) continue;
        for (json& port : container["ports"]) port.emplace("protocol", "TCP");
      }
    }
    EXPECT_EQ(other.Run(full), result);
  });
}

// Law 3
TEST(Laws, IdempotentAlsoAfterPluginsAndWebhooks) {
  Engine other(IndexOf(StoredPatterns()));
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t) {
    if (result.verdict == Verdict::kDenied) return;
    EXPECT_EQ(other.Run(result.pod).verdict, Verdict::kUnchanged);
    json changed = result.pod;
    for (const char* list : {"containers", "initContainers"}) {
      if (!changed["spec"].contains(list)) continue;
      for (json& container : changed["spec"][list]) {
        if (pod["spec"].dump().find("\"" + container["name"].get<std::string>() + "\"") ==
            std::string::npos) {
          container["image"] = "mirror/x";
          container["resources"] = {{"limits", {{"cpu", "1"}}}};
        }
      }
    }
    EXPECT_EQ(other.Run(changed).verdict, Verdict::kUnchanged);
  });
}

// Law 4
TEST(Laws, OrderOfLoadingChangesNothing) {
  std::vector<json> reversed = StoredPatterns();
  std::reverse(reversed.begin(), reversed.end());
  Engine other(IndexOf(reversed));
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t) {
    EXPECT_EQ(other.Run(pod), result);
  });
}

// The user's containers, in their order, without what the contract lets us change in targets.
json OwnContainers(const json& pod, const char* list, const std::set<std::string>& names) {
  json own = json::array();
  for (json container : pod["spec"].value(list, json::array())) {
    if (!names.contains(container["name"])) continue;
    container.erase("env");
    container.erase("volumeMounts");
    own.push_back(container);
  }
  return own;
}

// Law 5
TEST(Laws, ConservativeWithWhatIsTheUsers) {
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t) {
    for (const char* list : {"containers", "initContainers"}) {
      std::set<std::string> names;
      for (const json& container : pod["spec"].value(list, json::array())) {
        names.insert(container["name"]);
      }
      EXPECT_EQ(OwnContainers(result.pod, list, names), OwnContainers(pod, list, names));
    }
    json before = pod;
    json after = result.pod;
    for (json* both : {&before, &after}) {
      for (const char* ours :
           {"containers", "initContainers", "volumes", "terminationGracePeriodSeconds"}) {
        (*both)["spec"].erase(ours);
      }
      (*both)["metadata"].erase("annotations");
      (*both)["metadata"].erase("labels");
    }
    EXPECT_EQ(after, before);
    const json annotations = pod["metadata"].value("annotations", json::object());
    for (const auto& item : annotations.items()) {
      EXPECT_EQ(result.pod["metadata"]["annotations"][item.key()], item.value());
    }
  });
}

// Law 6, as far as a look at the Pod shows it; tests/e2e asks the real API server.
TEST(Laws, ValidWhereThePodWasValid) {
  const auto complaints = [](const json& pod) {
    std::set<std::string> found;
    std::set<std::string> names;
    std::set<std::string> volumes;
    for (const json& volume : pod["spec"].value("volumes", json::array())) {
      if (!volumes.insert(volume["name"]).second) found.insert("volume twice");
    }
    for (const char* list : {"containers", "initContainers"}) {
      for (const json& container : pod["spec"].value(list, json::array())) {
        if (!names.insert(container["name"]).second) found.insert("container twice");
        std::set<std::string> paths;
        for (const json& mount : container.value("volumeMounts", json::array())) {
          if (!volumes.contains(mount["name"])) found.insert("mount of no volume");
          if (!paths.insert(mount["mountPath"]).second) found.insert("mount path twice");
        }
        for (const json& port : container.value("ports", json::array())) {
          if (!port["containerPort"].is_number_integer()) found.insert("port is no number");
        }
        for (const json& variable : container.value("env", json::array())) {
          if (variable.contains("valueFrom") && !variable.value("value", "").empty()) {
            found.insert("value and valueFrom");
          }
        }
      }
    }
    return found;
  };
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t) {
    if (!complaints(pod).empty()) return;
    EXPECT_THAT(complaints(result.pod), ::testing::IsEmpty());
  });
}

// Law 7
TEST(Laws, ReversibleFromTheRecord) {
  int undone = 0;
  ForEachPod([&](const json& pod, const Injected& result, std::uint32_t) {
    if (result.verdict != Verdict::kPatched) return;
    ++undone;
    EXPECT_EQ(WithoutDefaults(Undo(result.pod)), WithoutDefaults(pod));
  });
  EXPECT_GT(undone, static_cast<int>(kPods) / 3);
}

// Law 8
TEST(Laws, ExplainedByOneReasonEverywhere) {
  std::map<std::string, int> seen;
  ForEachPod([&](const json&, const Injected& result, std::uint32_t) {
    for (const std::string& reason : result.reasons) ++seen[reason.substr(reason.find(": ") + 2)];
    if (result.verdict == Verdict::kDenied) {
      EXPECT_FALSE(result.message.empty());
      return;
    }
    if (result.reasons.empty()) return;
    const json record = json::parse(
        result.pod["metadata"]["annotations"]["patterns.remora.dev/status"].get<std::string>());
    std::vector<std::string> recorded;
    std::size_t refused = 0;
    for (const json& pattern : record["patterns"]) {
      recorded.push_back(pattern["name"].get<std::string>() + ": " +
                         pattern["reason"].get<std::string>());
      if (pattern["reason"] != "Injected") ++refused;
    }
    EXPECT_EQ(recorded, result.reasons);
    EXPECT_EQ(result.warnings.size(), refused);
    for (const std::string& warning : result.warnings) EXPECT_LE(warning.size(), 120U);
  });
  // The Pods must reach the corners, or the laws say little.
  for (const char* reason :
       {"Injected", "PatternNotFound", "PatternNotAccepted", "InvalidParameter", "MissingParameter",
        "UnresolvedReference", "TargetNotFound", "TargetAmbiguous", "ContainerNameTaken",
        "VolumeNameTaken", "VolumeNotFound", "MountPathTaken", "PortTaken", "EnvConflict",
        "HostNetwork", "UnsupportedPod"}) {
    EXPECT_GT(seen[reason], 0) << reason << " was never reached";
  }
}

}  // namespace
}  // namespace remora::testing
