// Nobody is evicted whose successor the webhook would not give the pattern; and what is remembered of
// evictions.

#include "operator/api/kept_revision.h"
#include "tests/integration/missing_pods_fixture.h"

namespace remora::reconcilers {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST_F(MissingPodsTest, NobodyIsEvictedWhoWouldBeDenied) {
  AddPod("web-1");
  SetPattern(2, {{"parameters", {{{"name", "bucket"}, {"type", "string"}, {"required", true}}}}});
  EXPECT_FALSE(Evicts());
  SetPattern(3);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, WhoWouldNotGetItIsNotAskedForAgainForTenMinutes) {
  AddPod("web-1");
  SetPattern(2, {{"parameters", {{{"name", "bucket"}, {"type", "string"}, {"required", true}}}}});
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(10min));
  const auto requests = server_.recorded().size();
  clock_.Advance(9min);
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(1min));
  EXPECT_EQ(server_.recorded().size(), requests);
  clock_.Advance(1min);
  EXPECT_FALSE(Evicts());
  EXPECT_GT(server_.recorded().size(), requests);
}

TEST_F(MissingPodsTest, NobodyIsEvictedWhomALimitRangeWouldDeny) {
  const json container = {{"image", "saver:1"}, {"resources", {{"limits", {{"memory", "1Gi"}}}}}};
  SetPattern(2, {{"container", container}, {"onError", "Deny"}});
  AddPod("web-1");
  server_.Put("/api/v1/limitranges",
              {{"metadata", {{"namespace", "shop"}, {"name", "small"}}},
               {"spec", {{"limits", {{{"type", "Container"}, {"max", {{"memory", "1Mi"}}}}}}}}});
  EXPECT_FALSE(Evicts());
  server_.Remove("/api/v1/limitranges", "shop", "small");
  clock_.Advance(10min);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, NobodyIsEvictedWhomAQuotaWouldDeny) {
  SetPattern(2, {{"onError", "Deny"}});
  AddPod("web-1");
  server_.Put("/api/v1/resourcequotas", {{"metadata", {{"namespace", "shop"}, {"name", "all"}}},
                                         {"spec", {{"hard", {{"limits.memory", "1Gi"}}}}}});
  EXPECT_FALSE(Evicts());
  server_.Remove("/api/v1/resourcequotas", "shop", "all");
  clock_.Advance(10min);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, LimitsOfAnotherNamespaceDoNotMatter) {
  AddPod("web-1");
  server_.Put("/api/v1/resourcequotas", {{"metadata", {{"namespace", "cart"}, {"name", "all"}}},
                                         {"spec", {{"hard", {{"limits.memory", "1Gi"}}}}}});
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, TheRevisionThatNewPodsGetIsAsked) {
  json spec = Pattern("saver", 1, json::object())["spec"];
  spec["parameters"] = {{{"name", "bucket"}, {"type", "string"}, {"required", true}}};
  const api::RevisionOwner owner{api::PatternKind::kSidecar, "shop", "saver", "u-saver"};
  revisions_.TakePage({api::MakeControllerRevision(owner, spec, 1)}, runtime::kWholeList);
  AddPod("web-1");
  SetPattern(2, {{"pinnedRevision", api::RevisionOf(spec)}});
  EXPECT_FALSE(Evicts()) << "it demands a parameter";
  SetPattern(3);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, ARevisionThatIsNotKeptIsGivenToNobody) {
  AddPod("web-1");
  SetPattern(2, {{"pinnedRevision", "bbbbbbbbbb"}});
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 0);
}

// It has a companion of a pattern that is gone: its successor would be denied.
TEST_F(MissingPodsTest, ThePodIsTakenAsItsUserWroteIt) {
  AddPod("web-1", PodOptions{.asks = "saver,gone",
                             .record = {{{"kind", "Sidecar"},
                                         {"namespace", "shop"},
                                         {"name", "gone"},
                                         {"revision", "bbbbbbbbbb"},
                                         {"reason", "Injected"}}}});
  json pod = server_.All(kPodsPath)[0];
  pod["metadata"]["annotations"]["patterns.remora.dev/on-error"] = "Deny";
  pod["spec"]["containers"].push_back({{"name", "gone"}, {"image", "gone"}});
  server_.Put(kPodsPath, pod);
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(Evictions(/*dry_run=*/true), 0);
  pod["metadata"]["annotations"]["patterns.remora.dev/on-error"] = "Admit";
  server_.Put(kPodsPath, pod);
  clock_.Advance(10min);
  EXPECT_TRUE(Evicts());
}

TEST_F(MissingPodsTest, WithoutTheRightToReadLimitsNobodyIsEvicted) {
  AddPod("web-1");
  server_.FailNext("list",
                   {.status = 403, .reason = "Forbidden", .collection = "/api/v1/limitranges"});
  EXPECT_FALSE(Evicts());
  EXPECT_EQ(requeue_, runtime::Requeue(10s));
}

class EvictionHistoryTest : public ::testing::Test {
 protected:
  static WorkloadSights Sights(bool is_missing, Clock::WallTimePoint with) {
    return {{"shop/Deployment/web", {.with = with, .is_missing = is_missing}}};
  }

  const Clock::WallTimePoint at_ = remora::testing::FakeClock().WallNow();
  EvictionHistory history_;

  void SetUp() override {
    history_.Add({.workload = "shop/Deployment/web", .pattern = kSaver, .at = at_, .stamp = at_});
  }
};

TEST_F(EvictionHistoryTest, ForgetsWhatHasHelpedAfterAnHour) {
  history_.Tidy(kSaver, Sights(true, at_), at_ + 59min);
  EXPECT_EQ(history_.size(), 1U);
  history_.Tidy(kTailer, {}, at_ + 1h);
  EXPECT_EQ(history_.size(), 0U) << "also when another pattern is looked at";
}

TEST_F(EvictionHistoryTest, ForgetsWorkloadsThatMissNothingAnyMore) {
  history_.Tidy(kSaver, {}, at_ + 59min);
  EXPECT_EQ(history_.size(), 1U);
  history_.Tidy(kSaver, {}, at_ + 1h);
  EXPECT_EQ(history_.size(), 0U);
}

TEST_F(EvictionHistoryTest, KeepsWhatHasNotHelped) {
  history_.Tidy(kSaver, Sights(true, at_ - 1min), at_ + 100h);
  history_.Tidy(kTailer, {}, at_ + 100h);
  EXPECT_EQ(history_.size(), 1U);
}

TEST_F(EvictionHistoryTest, ForgetsPatternsThatAreGone) {
  history_.ForgetPattern(kSaver, at_ + 1min);
  EXPECT_EQ(history_.size(), 1U) << "the hour is the workload's";
  history_.Tidy(kTailer, {}, at_ + 1h);
  EXPECT_EQ(history_.size(), 0U);
}

}  // namespace
}  // namespace remora::reconcilers
