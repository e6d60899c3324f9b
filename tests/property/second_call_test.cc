// The laws of a second call, and of a third: other webhooks and plugins have been there in between.
#include <gtest/gtest.h>

#include "tests/property/law.h"
#include "tests/property/pod_generator.h"
#include "tests/property/traces.h"
#include "tests/property/undo.h"

namespace remora::testing {
namespace {

using nlohmann::json;

bool IsAdded(const json& record, const std::string& pointer) {
  for (const json& path : record["added"]) {
    if (path[1] == pointer) return true;
  }
  return false;
}

// Calls visit(list, index) for every container of ours.
template <typename Visit>
void EachOfOurs(const json& pod, Visit visit) {
  const json record = RecordOf(pod);
  for (const char* list : {"containers", "initContainers"}) {
    if (!pod["spec"].contains(list)) continue;
    for (std::size_t i = pod["spec"][list].size(); i-- > 0;) {
      const std::string name = pod["spec"][list][i]["name"];
      if (IsAdded(record, std::string("/spec/") + list + "/" + name)) visit(list, i);
    }
  }
}

// The Pod without the reasons and sentences of refusals: a pattern that was refused is decided again,
// on the Pod as it is now, and may be refused for another reason.
json WithoutRefusals(json pod) {
  json record = RecordOf(pod);
  if (record["patterns"].empty()) return pod;
  for (json& pattern : record["patterns"]) {
    if (!pattern.contains("message")) continue;
    pattern.erase("reason");
    pattern.erase("message");
  }
  pod["metadata"]["annotations"]["patterns.remora.dev/status"] = record.dump();
  return pod;
}

// Whether a call has left the Pod as it was.
bool IsUnchanged(const json& before, const Injected& result) {
  return result.verdict == Verdict::kUnchanged ||
         (result.verdict == Verdict::kPatched &&
          WithoutRefusals(result.pod) == WithoutRefusals(before));
}

// Law 3
TEST(SecondCall, ChangesNothing) {
  EachCase([](const Case& c) -> std::string {
    const Injected first = c.Inject(c.pod);
    if (first.verdict == Verdict::kDenied) return "";
    const Injected second = c.Inject(first.pod);
    if (!IsUnchanged(first.pod, second)) return "changed: " + second.patch + second.message;
    json other = first.pod;
    EachOfOurs(first.pod, [&](const char* list, std::size_t i) {
      other["spec"][list][i]["image"] = "mirror/x";
      other["spec"][list][i]["resources"]["limits"]["cpu"] = "1";
      other["spec"][list][i]["env"].push_back({{"name", "ADDED"}, {"value", "x"}});
    });
    const Injected third = c.Inject(other);
    if (IsUnchanged(other, third)) return "";
    return "changed, with other images: " + third.patch + third.message;
  });
}

// Takes away some of what was added: containers, volumes, mounts, variables.
json WithLosses(json pod, Random& random) {
  const json ours = pod;
  EachOfOurs(ours, [&](const char* list, std::size_t i) {
    if (random.Chance(50)) pod["spec"][list].erase(i);
  });
  const json record = RecordOf(ours);
  if (random.Chance(50)) return pod;
  for (const char* list : {"containers", "initContainers"}) {
    if (!pod["spec"].contains(list)) continue;
    for (json& container : pod["spec"][list]) {
      const std::string path =
          std::string("/spec/") + list + "/" + container["name"].get<std::string>();
      for (std::size_t i = container.value("env", json::array()).size(); i-- > 0;) {
        const std::string name = container["env"][i]["name"];
        if (IsAdded(record, path + "/env/" + name) && random.Chance(30)) container["env"].erase(i);
      }
    }
  }
  return pod;
}

std::string Wrong(const Case& c, const Injected& result, const std::string& when) {
  if (result.verdict == Verdict::kDenied) return "";
  if (std::string order = ChainOutOfOrder(result.pod); !order.empty()) return when + order;
  if (WithoutDefaults(Undo(result.pod)) != WithoutDefaults(c.pod)) {
    return when + "undone, it is not the Pod as it came, but " + Undo(result.pod).dump();
  }
  if (LookAt(c.pod).empty() && !LookAt(result.pod).empty()) {
    return when + LookAt(result.pod) + " in " + result.pod.dump();
  }
  const Injected again = c.Inject(result.pod);
  return IsUnchanged(result.pod, again)
             ? ""
             : when + "once more, it changes: " + again.patch + again.message;
}

// Law 3: what was taken away comes back, and the record still leads to the Pod as it came.
TEST(SecondCall, BringsBackWhatWasTakenAway) {
  EachCase([](const Case& c) -> std::string {
    const Injected first = c.Inject(c.pod);
    if (first.verdict != Verdict::kPatched) return "";
    Random random(c.seed);
    const json lost = WithLosses(first.pod, random);
    const Injected second = c.Inject(lost);
    return Wrong(c, second, "after losses: ");
  });
}

// Law 3: in between, patterns were gone, so that their companions came back only later.
TEST(SecondCall, RemembersThroughARefusal) {
  EachCase([](const Case& c) -> std::string {
    const Injected first = c.Inject(c.pod);
    if (first.verdict != Verdict::kPatched) return "";
    // Of what nobody asks for any more, nothing is said.
    const std::string named = c.pod["metadata"].value("annotations", json::object()).dump();
    std::vector<std::string> gone;
    const json record = RecordOf(first.pod);
    for (const json& pattern : record["patterns"]) {
      const std::string name = pattern["name"];
      const bool is_named = named.find(name) != std::string::npos;
      if (is_named && (c.seed % 2 == 0 || gone.empty())) gone.push_back(name);
    }
    Random random(c.seed);
    const json lost = WithLosses(first.pod, random);
    const Injected second = Inject(lost, c.world->Without(gone));
    if (second.verdict == Verdict::kDenied) return "";
    if (WithoutDefaults(Undo(second.pod)) != WithoutDefaults(c.pod)) {
      return "after a refusal, undone, it is " + Undo(second.pod).dump();
    }
    return Wrong(c, c.Inject(second.pod), "after a refusal and back: ");
  });
}

// Law 3: another webhook has put its containers before ours.
TEST(SecondCall, LivesWithOtherInjectors) {
  EachCase([](const Case& c) -> std::string {
    const Injected first = c.Inject(c.pod);
    if (first.verdict == Verdict::kDenied) return "";
    const json init = {{"name", "linkerd-init"}, {"image", "l"}};
    const json proxy = {{"name", "linkerd-proxy"}, {"image", "l"}};
    const auto meshed = [&](json pod) {
      json& spec = pod["spec"];
      if (!spec.contains("initContainers")) spec["initContainers"] = json::array();
      spec["initContainers"].insert(spec["initContainers"].begin(), init);
      spec["containers"].push_back(proxy);
      return pod;
    };
    const Case other = {c.seed, meshed(c.pod), c.world};
    return Wrong(other, c.Inject(meshed(first.pod)), "after another webhook: ");
  });
}

}  // namespace
}  // namespace remora::testing
