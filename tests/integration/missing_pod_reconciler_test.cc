// When a missing Pod is told of, and when it is evicted.

#include "operator/reconcilers/missing_pod_reconciler.h"

#include "tests/integration/missing_pods_fixture.h"

namespace remora::reconcilers {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

TEST_F(MissingPodsTest, OneOfAWorkloadIsEvictedAnHour) {
  AddPod("web-1");
  AddPod("web-2");
  EXPECT_TRUE(Evicts());
  EXPECT_FALSE(Evicts());
  AddInjectedPod("web-3");
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(1h));
  clock_.Advance(59min);
  EXPECT_FALSE(Evicts());
  clock_.Advance(1min);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, NoSecondIsEvictedBeforeTheFirstHasASuccessor) {
  AddPod("web-1");
  AddPod("web-2");
  EXPECT_TRUE(Evicts());
  RemovePod("web-2");
  clock_.Advance(5h);
  EXPECT_FALSE(Evicts()) << "a replica may be lost";
  EXPECT_EQ(requeue_, runtime::Requeue()) << "until something changes";
  AddInjectedPod("web-3");
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, AWorkloadIsHealedAgainAfterEveryOutage) {
  AddPod("web-1");
  for (int outage = 0; outage < 3; ++outage) {
    const std::string number = std::to_string(outage);
    EXPECT_TRUE(Evicts()) << "outage " << number;
    RemovePod(outage == 0 ? "web-1" : "late-" + std::to_string(outage - 1));
    AddInjectedPod("healed-" + number);
    EXPECT_FALSE(Evicts());
    clock_.Advance(72h);
    RemovePod("healed-" + number);
    AddPod("late-" + number);
  }
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

TEST_F(MissingPodsTest, AWorkloadThatWasLeftAloneIsHealedOnceAPodComesWithThePattern) {
  AddPod("web-1");
  AddPod("web-2");
  EXPECT_TRUE(Evicts());
  clock_.Advance(1min);
  AddPod("web-3");
  clock_.Advance(2h);
  EXPECT_FALSE(Evicts());
  AddInjectedPod("web-4");
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, AnEvictionIsPreciseAndToldBefore) {
  AddPod("web-1");
  ASSERT_TRUE(Evicts());
  std::vector<std::string> created;
  for (const auto& one : server_.recorded()) {
    if (one.verb != "create") continue;
    created.push_back(one.request.path + (IsDryRun(one) ? "?dryRun" : ""));
    if (!IsEviction(one)) continue;
    EXPECT_EQ(json::parse(one.request.body)["deleteOptions"]["preconditions"]["uid"], "uid-web-1");
  }
  const std::string eviction = "/api/v1/namespaces/shop/pods/web-1/eviction";
  EXPECT_THAT(created,
              ::testing::ElementsAre(eviction + "?dryRun",
                                     "/apis/events.k8s.io/v1/namespaces/shop/events", eviction));
  const auto stored = server_.All(kEventsPath);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0]["reason"], "PodReplaced");
  EXPECT_EQ(stored[0]["regarding"]["name"], "saver");
  EXPECT_EQ(stored[0]["related"]["name"], "web-1");
  EXPECT_EQ(stored[0]["reportingController"], "patterns.remora.dev/operator");
  EXPECT_EQ(stored[0]["metadata"]["annotations"]["patterns.remora.dev/workload"],
            "shop/Deployment/web");
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].reason, "PodsMissing");
  EXPECT_EQ(events_[0].regarding.uid, "owner-web");
}

TEST_F(MissingPodsTest, WithoutTheEventNobodyIsEvicted) {
  AddPod("web-1");
  server_.FailNext("create", {.status = 403, .reason = "Forbidden", .collection = kEventsPath});
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(10s));
  clock_.Advance(10s);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, ACrashAfterTheEventCostsNoSecondPod) {
  AddPod("web-1");
  AddPod("web-2");
  EXPECT_TRUE(Evicts());
  reconciler_ = MakeReconciler();
  EXPECT_FALSE(Evicts());
  AddInjectedPod("web-3");
  EXPECT_FALSE(Evicts());
  clock_.Advance(1h);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, AnEvictionThatIsRefusedAfterAllIsNotCounted) {
  AddPod("web-1");
  AllowEviction();
  AnswerEviction({.status = 403, .reason = "Forbidden"});
  EXPECT_TRUE(Evicts()) << "asked for";
  ASSERT_EQ(server_.All(kEventsPath).size(), 1U);
  EXPECT_TRUE(server_.All(kEventsPath)[0]["metadata"]["annotations"].empty());
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(10s));
  reconciler_ = MakeReconciler();
  clock_.Advance(1s);
  EXPECT_TRUE(Evicts()) << "nor by another leader";
}

TEST_F(MissingPodsTest, AnEvictionWhoseAnswerIsLostCounts) {
  AddPod("web-1");
  AddPod("web-2");
  AllowEviction();
  AnswerEviction({.cut = true, .before = [this] { server_.Remove(kPodsPath, "shop", "web-2"); }});
  EXPECT_TRUE(Evicts());
  table_.Apply(
      {kube::WatchEventType::kDeleted, {{"metadata", {{"namespace", "shop"}, {"name", "web-2"}}}}});
  clock_.Advance(10min);
  EXPECT_FALSE(Evicts());
  AddInjectedPod("web-3");
  clock_.Advance(50min);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, WhetherAnEvictionHasHelpedIsSeenByTheClockOfTheApiServer) {
  AddPod("web-1");
  AddPod("web-2");
  const json made = {{"metadata", {{"creationTimestamp", FormatTime(clock_.WallNow() - 30s)}}}};
  server_.FailNext("create", {.status = 201, .raw = made.dump(), .collection = kEventsPath});
  EXPECT_TRUE(Evicts());
  AddInjectedPod("web-3", 31s);
  clock_.Advance(1h);
  EXPECT_FALSE(Evicts()) << "it is older";
  AddInjectedPod("web-4", 1h + 30s);  // as it was made at once
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, NobodyIsEvictedForASpecThatIsNotAccepted) {
  AddPod("web-1");
  json object = Pattern("saver", 3, json::object());
  object["status"]["conditions"][0]["status"] = "False";
  sidecars_.TakePage({object}, runtime::kWholeList);
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 0);
  EXPECT_EQ(requeue_, runtime::Requeue(10s));
}

TEST_F(MissingPodsTest, AnotherLeaderReadsTheHourFromEvents) {
  AddPod("web-1");
  server_.Put(kEventsPath,
              {{"metadata",
                {{"namespace", "shop"},
                 {"name", "saver.1"},
                 {"annotations", {{"patterns.remora.dev/workload", "shop/Deployment/web"}}}}},
               {"reason", "PodReplaced"},
               {"regarding", {{"kind", "Sidecar"}, {"namespace", "shop"}, {"name", "saver"}}},
               {"eventTime", FormatMicroTime(clock_.WallNow() + 24h)}});  // a clock that is ahead
  AddInjectedPod("web-2");
  EXPECT_FALSE(Evicts());
  clock_.Advance(1h);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, OneThatCannotBeEvictedDoesNotHoldUpTheOthers) {
  AddPod("web-1");
  clock_.Advance(1s);
  AddPod("cart-1", "cart");  // the newest is the first
  AnswerEviction({.status = 403, .reason = "Forbidden"});
  EXPECT_TRUE(Evicts());
  EXPECT_EQ(Requests("create", "/pods/web-1/eviction"), 2);
  EXPECT_EQ(Requests("create", "/pods/cart-1/eviction"), 1);
}

TEST_F(MissingPodsTest, OneThatCannotBeReadDoesNotHoldUpTheOthers) {
  AddPod("web-1");
  clock_.Advance(1s);
  AddPod("cart-1", "cart");
  AllowEviction();
  AllowEviction();
  server_.FailNext("get", {});  // told of
  server_.FailNext("get", {});
  server_.FailNext("get", {.status = 500, .collection = kPodsPath});
  EXPECT_EQ(reconciler_->Reconcile(kSaver, {}).error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Evicts());
  EXPECT_EQ(Requests("create", "/pods/web-1/eviction"), 2);
}

TEST_F(MissingPodsTest, WhoIsUnderABudgetIsAskedForEverMoreSeldom) {
  AddPod("web-1");
  int asked = 0;
  for (const std::chrono::seconds pause : {10s, 20s, 40s, 80s, 160s, 320s, 600s, 600s}) {
    AnswerEviction({.status = 429, .reason = "TooManyRequests"});
    EXPECT_FALSE(Turn());
    EXPECT_EQ(requeue_, runtime::Requeue(pause));
    clock_.Advance(pause - 1s);
    EXPECT_FALSE(Turn());
    EXPECT_EQ(requeue_, runtime::Requeue(1s));
    EXPECT_EQ(Evictions(/*dry_run=*/true), ++asked) << pause.count();
    clock_.Advance(1s);
  }
  EXPECT_TRUE(server_.All(kEventsPath).empty()) << "nothing is told of what is forbidden";
  AnswerEviction({.status = 429, .reason = "TooManyRequests"});
  EXPECT_FALSE(Turn());
  SetPattern(2);
  EXPECT_TRUE(Evicts()) << "an edit ends the pause";
}

TEST_F(MissingPodsTest, OneIsEvictedASecondOfAllPatterns) {
  AddPod("web-1");
  AddPod("log-1", PodOptions{.deployment = "log", .asks = "tailer"});
  EXPECT_TRUE(Evicts(kSaver));
  clock_.Advance(400ms);
  EXPECT_FALSE(Evicts(kTailer));
  EXPECT_EQ(requeue_, runtime::Requeue(600ms));
  EXPECT_EQ(Requests("list", "endpointslices"), 1);
  clock_.Advance(600ms);
  EXPECT_TRUE(Evicts(kTailer));
}

TEST_F(MissingPodsTest, TenAreLookedAtInOneCallAndTheWebhookOnce) {
  for (int i = 0; i < 12; ++i) AddPod("pod-" + std::to_string(i), "web-" + std::to_string(i));
  for (int i = 0; i < 12; ++i) AnswerEviction({.status = 429, .reason = "TooManyRequests"});
  EXPECT_FALSE(Turn());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 10);
  EXPECT_EQ(Requests("list", "endpointslices"), 1);
  EXPECT_EQ(requeue_, runtime::Requeue(1s));
  EXPECT_FALSE(Turn());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 12) << "the others have their turn";
}

TEST_F(MissingPodsTest, NobodyIsEvictedWhileNoWebhookIsReady) {
  AddPod("web-1");
  json slice = server_.All(kSlicesPath)[0];
  slice["endpoints"][0]["conditions"]["ready"] = false;
  server_.Put(kSlicesPath, slice);
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(10s));
  slice["endpoints"][0]["conditions"]["ready"] = true;
  server_.Put(kSlicesPath, slice);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, AMissingPodWithoutAControllerIsToldOfAndNotEvicted) {
  AddPod("bare", "");
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 0);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].reason, "PodsMissing");
  EXPECT_EQ(events_[0].regarding.kind, "Pod");
  EXPECT_EQ(events_[0].regarding.uid, "uid-bare");
}

TEST_F(MissingPodsTest, TheControllerIsAskedOfThePodItself) {
  AddPod("web-1");
  json orphan = server_.All(kPodsPath)[0];
  orphan["metadata"].erase("ownerReferences");  // which the watch has not told yet
  server_.Put(kPodsPath, orphan);
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 0);
}

TEST_F(MissingPodsTest, WhatCouldNotBeReadIsToldLater) {
  AddPod("bare", "");
  server_.FailNext("get", {.status = 500});
  EXPECT_FALSE(Evicts());
  EXPECT_TRUE(events_.empty());
  EXPECT_EQ(requeue_, runtime::Requeue(10s));
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(events_.size(), 1U);
  EXPECT_EQ(requeue_, runtime::Requeue());
}

TEST_F(MissingPodsTest, WhatIsGoneIsNotTold) {
  AddPod("bare", "");
  server_.Remove(kPodsPath, "shop", "bare");
  EXPECT_FALSE(Evicts());
  EXPECT_TRUE(events_.empty());
  EXPECT_EQ(requeue_, runtime::Requeue());
}

TEST_F(MissingPodsTest, EveryCallHasItsDeadline) {
  AddPod("web-1");
  reconciler_ = MakeReconciler(100ms);
  for (const char* const collection : {kEventsPath, kSlicesPath, "/api/v1/limitranges"}) {
    server_.FailNext("list", {.silent = true, .collection = collection});
    const auto start = std::chrono::steady_clock::now();
    const auto answer = reconciler_->Reconcile(kSaver, {});
    ASSERT_FALSE(answer.ok()) << collection;
    EXPECT_EQ(answer.error().code(), ErrorCode::kDeadlineExceeded) << collection;
    EXPECT_LT(std::chrono::steady_clock::now() - start, kube::kSoon) << collection;
  }
}

}  // namespace
}  // namespace remora::reconcilers
