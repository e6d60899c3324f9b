// Every request of a healing meets every trouble: in the end one Pod was evicted, and told of once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <tuple>

#include "tests/fakes/troubles.h"
#include "tests/integration/missing_pods_fixture.h"

namespace remora::reconcilers {
namespace {

using nlohmann::json;
using remora::testing::AllTroubles;
using remora::testing::Trouble;
using namespace std::chrono_literals;

// One request of a turn that heals.
struct Step {
  std::string name;
  std::string verb;
  std::string collection;
  int before = 0;  // so many of the same verb and collection
};

std::ostream& operator<<(std::ostream& out, const Step& step) { return out << step.name; }

const Step kSteps[] = {
    {"ThePodToTellOf", "get", kPodsPath},
    {"EarlierEvictions", "list", kEventsPath},
    {"TheWebhooksEndpoints", "list", kSlicesPath},
    {"ThePodToEvict", "get", kPodsPath, 1},
    {"LimitRanges", "list", "/api/v1/limitranges"},
    {"ResourceQuotas", "list", "/api/v1/resourcequotas"},
    {"WhetherItMayBeEvicted", "create", kPodsPath},
    {"TheEvent", "create", kEventsPath},
    {"TheEviction", "create", kPodsPath, 1},
};

class MissingPodFaultsTest : public MissingPodsTest,
                             public ::testing::WithParamInterface<std::tuple<Step, Trouble>> {
 protected:
  bool IsThere(const std::string& name) const {
    for (const json& pod : server_.All(kPodsPath)) {
      if (pod["metadata"]["name"] == name) return true;
    }
    return false;
  }
  // As the operator's controller would call it, until what comes next is no second attempt.
  void Heal(const std::string& pod) {
    constexpr int kMostTurns = 8;
    constexpr auto kLongestPause = 10min;
    bool was_there = true;
    for (int turn = 0; turn < kMostTurns; ++turn) {
      const auto requeue = reconciler_->Reconcile(kSaver, {});
      if (was_there && !IsThere(pod)) {
        was_there = false;
        table_.Apply({kube::WatchEventType::kDeleted,
                      {{"metadata", {{"namespace", "shop"}, {"name", pod}}}}});
      }
      if (requeue.ok() && (!*requeue || **requeue > kLongestPause)) return;
      clock_.Advance(requeue.ok() ? **requeue : Clock::Duration(10s));
    }
  }
  int EventsOfEvictions() const {
    int count = 0;
    for (const json& event : server_.All(kEventsPath)) {
      const json annotations = event["metadata"].value("annotations", json::object());
      if (annotations.contains("patterns.remora.dev/workload")) ++count;
    }
    return count;
  }
};

TEST_P(MissingPodFaultsTest, OnePodIsReplacedOnce) {
  const auto& [step, trouble] = GetParam();
  reconciler_ = MakeReconciler(trouble.fault.silent ? 200ms : 4000ms);
  AddPod("web-1");
  clock_.Advance(1s);
  AddPod("web-2");  // the newest: it is the first
  for (int i = 0; i < step.before; ++i)
    server_.FailNext(step.verb, {.collection = step.collection});
  server_.FailNext(step.verb, trouble.At(step.collection));
  Heal("web-2");
  EXPECT_FALSE(IsThere("web-2"));
  EXPECT_TRUE(IsThere("web-1"));
  EXPECT_EQ(EventsOfEvictions(), 1);
  EXPECT_EQ(events_.size(), 1U) << "one Event of a workload whose Pods are missing";
  AddInjectedPod("web-3");
  reconciler_ = MakeReconciler();  // another leader
  Heal("web-1");
  EXPECT_TRUE(IsThere("web-1")) << "not within the hour";
  clock_.Advance(1h);
  Heal("web-1");
  EXPECT_FALSE(IsThere("web-1"));
}

INSTANTIATE_TEST_SUITE_P(Each, MissingPodFaultsTest,
                         ::testing::Combine(::testing::ValuesIn(kSteps),
                                            ::testing::ValuesIn(AllTroubles())),
                         [](const auto& tested) {
                           return std::get<0>(tested.param).name + "Meets" +
                                  std::get<1>(tested.param).name;
                         });

}  // namespace
}  // namespace remora::reconcilers
