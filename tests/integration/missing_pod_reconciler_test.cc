// The healer of missing Pods in front of a fake API server, and with a clock that can be moved.

#include "operator/reconcilers/missing_pod_reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/base/timestamp.h"
#include "operator/runtime/store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::reconcilers {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using remora::testing::FakeClock;
using runtime::kWholeList;

const PatternKey kSaver{api::PatternKind::kSidecar, "shop", "saver"};

class MissingPodsTest : public kube::KubeClientTest {
 protected:
  MissingPodsTest() {
    ambassadors_.TakePage({}, kWholeList);
    adapters_.TakePage({}, kWholeList);
    namespaces_.TakePage({{{"metadata", {{"name", "shop"}}}}}, kWholeList);
    SetPattern(1);
    server_.Put("/apis/discovery.k8s.io/v1/endpointslices",
                {{"metadata",
                  {{"namespace", "remora-system"},
                   {"name", "remora-webhook"},
                   {"labels", {{"kubernetes.io/service-name", "remora-webhook"}}}}},
                 {"endpoints", {{{"conditions", {{"ready", true}}}}}}});
  }

  void SetPattern(int generation, const json& more = json::object()) {
    json object = {
        {"apiVersion", "patterns.remora.dev/v1alpha1"},
        {"kind", "Sidecar"},
        {"metadata",
         {{"namespace", "shop"},
          {"name", "saver"},
          {"uid", "u"},
          {"generation", generation},
          {"resourceVersion", std::to_string(generation)},
          {"creationTimestamp", "2025-12-31T23:00:00Z"}}},
        {"spec", {{"container", {{"image", "saver:1"}}}, {"update", {{"replaceMissing", true}}}}},
        {"status",
         {{"conditions",
           {{{"type", "Accepted"}, {"status", "True"}, {"observedGeneration", generation}}}}}}};
    object["spec"].update(more);
    sidecars_.TakePage({object}, kWholeList);
    table_.SetPatterns(MakeMatchInputs(listers_).index);
  }

  // Of Deployment web; asks for the pattern and has no record.
  void AddPod(const std::string& name) {
    const json pod = {{"apiVersion", "v1"},
                      {"kind", "Pod"},
                      {"metadata",
                       {{"namespace", "shop"},
                        {"name", name},
                        {"uid", "uid-" + name},
                        {"creationTimestamp", FormatTime(clock_.WallNow())},
                        {"labels", {{"pod-template-hash", "abc"}}},
                        {"annotations", {{"patterns.remora.dev/sidecar", "saver"}}},
                        {"ownerReferences",
                         {{{"apiVersion", "apps/v1"},
                           {"kind", "ReplicaSet"},
                           {"name", "web-abc"},
                           {"uid", "owner"},
                           {"controller", true}}}}}},
                      {"spec", {{"containers", {{{"name", "web"}, {"image", "web"}}}}}}};
    server_.Put("/api/v1/pods", pod);
    table_.Apply({kube::WatchEventType::kAdded, pod});
  }

  // Whether a Pod was evicted.
  bool Evicts() {
    const int before = server_.Count("create");
    server_.FailNext("create", {.status = 201, .raw = "{}"});
    const auto requeue = reconciler_.Reconcile(kSaver, {});
    EXPECT_TRUE(requeue.ok()) << requeue.error().message();
    if (requeue.ok()) requeue_ = *requeue;
    return server_.Count("create") > before;
  }

  FakeClock clock_;
  runtime::Store<PatternObject> ambassadors_{&PatternObject::FromObject};
  runtime::Store<PatternObject> sidecars_{&PatternObject::FromObject};
  runtime::Store<PatternObject> adapters_{&PatternObject::FromObject};
  runtime::Store<injection::NamespaceFacts> namespaces_{DecodeNamespace};
  const PatternListers listers_{ambassadors_.lister(), sidecars_.lister(), adapters_.lister(),
                                namespaces_.lister()};
  const injection::Environment environment_;
  PodTable table_{{.environment = environment_}};
  std::vector<runtime::Event> events_;
  MissingPodReconciler reconciler_{
      {.client = *client_,
       .clock = clock_,
       .patterns = listers_,
       .pods = table_,
       .environment = environment_,
       .webhook = {"remora-system", "remora-webhook"},
       .record_event = [this](runtime::Event event) { events_.push_back(std::move(event)); }}};
  runtime::Requeue requeue_;
};

TEST_F(MissingPodsTest, OneOfAWorkloadIsEvictedAnHour) {
  AddPod("web-1");
  AddPod("web-2");
  EXPECT_TRUE(Evicts());
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(1h));
  clock_.Advance(59min);
  EXPECT_FALSE(Evicts());
  clock_.Advance(1min);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, AnEvictionIsPreciseAndTold) {
  AddPod("web-1");
  ASSERT_TRUE(Evicts());
  const auto recorded = server_.recorded();
  const auto eviction = std::find_if(recorded.begin(), recorded.end(),
                                     [](const auto& one) { return one.verb == "create"; });
  ASSERT_NE(eviction, recorded.end());
  EXPECT_THAT(eviction->request.path,
              ::testing::StartsWith("/api/v1/namespaces/shop/pods/web-1/eviction"));
  EXPECT_EQ(json::parse(eviction->request.body)["deleteOptions"]["preconditions"]["uid"],
            "uid-web-1");
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[0].reason, "PodsMissing");
  EXPECT_EQ(events_[0].regarding.uid, "owner");
  EXPECT_EQ(events_[1].reason, "PodReplaced");
  EXPECT_EQ(events_[1].regarding.name, "saver");
}

TEST_F(MissingPodsTest, AWorkloadWhoseNewPodIsMissingTooIsLeftAlone) {
  AddPod("web-1");
  AddPod("web-2");
  EXPECT_TRUE(Evicts());
  clock_.Advance(1min);
  AddPod("web-3");
  clock_.Advance(2h);
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue()) << "until something changes";
  SetPattern(2);
  EXPECT_FALSE(Evicts());
  clock_.Advance(1h);
  EXPECT_TRUE(Evicts()) << "the edit may have mended it";
}

TEST_F(MissingPodsTest, NobodyIsEvictedWhoWouldBeDenied) {
  AddPod("web-1");
  SetPattern(2, {{"parameters", {{{"name", "bucket"}, {"type", "string"}, {"required", true}}}}});
  EXPECT_FALSE(Evicts());
  SetPattern(3);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, NobodyIsEvictedForASpecThatIsNotAccepted) {
  AddPod("web-1");
  SetPattern(2, {{"pinnedRevision", "bbbbbbbbbb"}});
  json object = {
      {"kind", "Sidecar"},
      {"apiVersion", "patterns.remora.dev/v1alpha1"},
      {"metadata", {{"namespace", "shop"}, {"name", "saver"}, {"uid", "u"}, {"generation", 3}}},
      {"spec", {{"container", {{"image", "x"}}}, {"update", {{"replaceMissing", true}}}}},
      {"status",
       {{"conditions", {{{"type", "Accepted"}, {"status", "False"}, {"observedGeneration", 3}}}}}}};
  sidecars_.TakePage({object}, kWholeList);
  EXPECT_FALSE(Evicts());
  EXPECT_NE(requeue_, runtime::Requeue());
}

TEST_F(MissingPodsTest, AnotherLeaderReadsTheHourFromEvents) {
  AddPod("web-1");
  server_.Put("/apis/events.k8s.io/v1/events",
              {{"metadata",
                {{"namespace", "shop"},
                 {"name", "saver.1"},
                 {"annotations", {{"patterns.remora.dev/workload", "shop/Deployment/web"}}}}},
               {"reason", "PodReplaced"},
               {"eventTime", FormatMicroTime(clock_.WallNow())}});
  EXPECT_FALSE(Evicts());
  clock_.Advance(1h);
  EXPECT_TRUE(Evicts());
}

}  // namespace
}  // namespace remora::reconcilers
