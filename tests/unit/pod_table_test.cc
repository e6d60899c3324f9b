#include "operator/reconcilers/pod_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "operator/base/timestamp.h"
#include "operator/reconcilers/pattern_status.h"

namespace remora::reconcilers {
namespace {

using kube::WatchEventType;
using nlohmann::json;
using runtime::kWholeList;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr const char* kRecord = "patterns.remora.dev/status";
const PatternKey kSaver{api::PatternKind::kSidecar, "shop", "saver"};

json Sidecar(const std::string& name, json selector = nullptr) {
  json object = {{"apiVersion", "patterns.remora.dev/v1alpha1"},
                 {"kind", "Sidecar"},
                 {"metadata",
                  {{"namespace", "shop"},
                   {"name", name},
                   {"uid", name},
                   {"generation", 1},
                   {"creationTimestamp", "2026-01-01T12:00:00Z"}}},
                 {"spec", {{"container", {{"image", "saver:1"}}}}}};
  if (!selector.is_null()) object["spec"]["selector"] = std::move(selector);
  return object;
}

std::string Record(const std::string& reason, const std::string& revision = "old") {
  return json{{"version", 1},
              {"patterns",
               {{{"kind", "Sidecar"},
                 {"namespace", "shop"},
                 {"name", "saver"},
                 {"revision", revision},
                 {"reason", reason},
                 {"message", reason == "Injected" ? "" : "why not"}}}}}
      .dump();
}

// Of Deployment `workload`; asks for saver unless `asks` is empty.
json Pod(const std::string& name, const std::string& record = "", const std::string& asks = "saver",
         const std::string& workload = "web") {
  json pod = {{"metadata",
               {{"namespace", "shop"},
                {"name", name},
                {"uid", "uid-" + name},
                {"creationTimestamp", "2026-01-01T13:00:00Z"},
                {"labels", {{"app", workload}, {"pod-template-hash", "abc"}}},
                {"annotations", json::object()},
                {"ownerReferences",
                 {{{"apiVersion", "apps/v1"},
                   {"kind", "ReplicaSet"},
                   {"name", workload + "-abc"},
                   {"uid", "u"},
                   {"controller", true}}}}}}};
  json& annotations = pod["metadata"]["annotations"];
  if (!asks.empty()) annotations["patterns.remora.dev/sidecar"] = asks;
  if (!record.empty()) annotations[kRecord] = record;
  return pod;
}

class PodTableTest : public ::testing::Test {
 protected:
  PodTableTest() { SetPatterns({Sidecar("saver")}); }

  void SetPatterns(const std::vector<json>& patterns, const std::string& injection = "") {
    injection::PatternIndex::Builder builder;
    for (const json& pattern : patterns) {
      builder.Add(injection::StoredPattern::FromObject(pattern));
    }
    injection::NamespaceFacts shop{.name = "shop", .labels = {}, .annotations = {}};
    if (!injection.empty()) shop.labels["patterns.remora.dev/injection"] = injection;
    builder.AddNamespace(std::move(shop));
    table_.SetPatterns(std::move(builder).Build());
  }
  void Apply(WatchEventType type, const json& pod) { table_.Apply({type, pod}); }
  void Add(const json& pod) { Apply(WatchEventType::kAdded, pod); }
  Census Count(const char* created = "2026-01-01T12:00:00Z") const {
    return table_.Count(kSaver, *ParseTime(created));
  }
  std::vector<std::int64_t> Counts() const {
    const Census census = Count();
    return {census.injected, census.missing, census.refused};
  }

  injection::Environment environment_;
  std::vector<std::string> changed_;
  PodTable table_{{.environment = environment_,
                   .on_change = [this](const PatternKey& key) { changed_.push_back(key.name); }}};
};

TEST_F(PodTableTest, CountsByWhatTheRecordSays) {
  Add(Pod("a", Record("Injected")));
  Add(Pod("b", Record("AlreadyInjected")));
  Add(Pod("c", Record("PortTaken")));
  Add(Pod("d"));
  EXPECT_THAT(Counts(), ElementsAre(2, 1, 1));
  EXPECT_EQ(Count().missing_pod.name, "d");
  EXPECT_EQ(Count().revisions.at("old"), 2);
}

// case 56
TEST_F(PodTableTest, TakesARecordOfAnotherVersionForAnOutdatedPod) {
  Add(Pod("old", R"({"version":2,"did":["saver"]})"));
  EXPECT_THAT(Counts(), ElementsAre(1, 0, 0)) << "a webhook has seen it: it is not missing";
  EXPECT_EQ(Count().revisions.at(""), 1);
  Add(Pod("other", R"({"version":2})", ""));
  EXPECT_THAT(Counts(), ElementsAre(1, 0, 0)) << "it asks for nothing";
}

// case 64
TEST_F(PodTableTest, ATimeThatIsNoneEndsNothing) {
  std::vector<json> pods;
  for (const json& time : {json(), json(1767272400), json::object(), json("yesterday")}) {
    pods.push_back(Pod("p" + std::to_string(pods.size())));
    pods.back()["metadata"]["creationTimestamp"] = time;
  }
  pods.push_back(Pod("stays"));
  pods.back()["metadata"]["deletionTimestamp"] = nullptr;
  table_.TakePage(pods, kWholeList);
  EXPECT_THAT(Counts(), ElementsAre(0, 5, 0));
  for (const json& pod : pods) Apply(WatchEventType::kModified, pod);
  EXPECT_THAT(Counts(), ElementsAre(0, 5, 0));
}

TEST_F(PodTableTest, FollowsChangesAndDeletions) {
  Add(Pod("a"));
  Apply(WatchEventType::kModified, Pod("a", Record("Injected")));
  EXPECT_THAT(Counts(), ElementsAre(1, 0, 0));
  Apply(WatchEventType::kDeleted, Pod("a", Record("Injected")));
  EXPECT_THAT(Counts(), ElementsAre(0, 0, 0));
  EXPECT_EQ(table_.shapes(), 0U);
}

TEST_F(PodTableTest, ForgetsWhoIsNotInAListAnyMore) {
  Add(Pod("a"));
  Add(Pod("b"));
  table_.TakePage({Pod("b")}, {.first = true, .last = false});
  EXPECT_EQ(table_.pods(), 2U) << "the list is not complete";
  table_.TakePage({Pod("c")}, {.first = false, .last = true});
  EXPECT_EQ(table_.pods(), 2U);
  EXPECT_THAT(Counts(), ElementsAre(0, 2, 0));
}

TEST_F(PodTableTest, KeepsOneShapeForAllPodsOfAWorkload) {
  for (int i = 0; i < 100; ++i) {
    json pod = Pod("web-" + std::to_string(i), Record("Injected"));
    pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = std::to_string(i);
    Add(pod);
  }
  EXPECT_EQ(table_.shapes(), 1U);
  EXPECT_THAT(Counts(), ElementsAre(100, 0, 0));
}

TEST_F(PodTableTest, NamesTheDeploymentOfAReplicaSet) {
  Add(Pod("a", Record("PortTaken")));
  const Census census = Count();
  ASSERT_EQ(census.workloads.size(), 1U);
  EXPECT_EQ(census.workloads[0].workload, (Workload{"Deployment", "web"}));
  EXPECT_EQ(census.workloads[0].reason, "PortTaken");
  EXPECT_EQ(census.workloads[0].message, "why not");
}

// case 13: the pattern comes after the workload.
TEST_F(PodTableTest, SaysThatPodsAreMissingWhenTheirPatternComesAfterThem) {
  SetPatterns({});
  Add(Pod("a"));
  EXPECT_THAT(Counts(), ElementsAre(0, 0, 0));
  changed_.clear();
  SetPatterns({Sidecar("saver")});
  EXPECT_THAT(Counts(), ElementsAre(0, 1, 0));
  EXPECT_THAT(changed_, ElementsAre("saver"));
}

TEST_F(PodTableTest, AnAutomaticPatternDoesNotMatchPodsOlderThanItself) {
  SetPatterns({Sidecar("saver", {{"matchLabels", {{"app", "web"}}}})}, "enabled");
  Add(Pod("a", "", ""));
  EXPECT_THAT(Counts(), ElementsAre(0, 1, 0));
  EXPECT_EQ(Count("2026-01-01T13:00:01Z").missing, 0);
  SetPatterns({Sidecar("saver", {{"matchLabels", {{"app", "web"}}}})});
  EXPECT_THAT(Counts(), ElementsAre(0, 0, 0)) << "the Namespace is not enabled";
}

TEST_F(PodTableTest, LeavesOutWhoGoesOrIsNotSent) {
  json going = Pod("going");
  going["metadata"]["deletionTimestamp"] = "2026-01-01T14:00:00Z";
  json system = Pod("system");
  system["metadata"]["namespace"] = "kube-system";
  json out = Pod("out");
  out["metadata"]["annotations"]["patterns.remora.dev/inject"] = "false";
  json mirror = Pod("mirror");
  mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x";
  for (const json& pod : {going, system, out, mirror}) Add(pod);
  EXPECT_THAT(Counts(), ElementsAre(0, 0, 0));
}

TEST_F(PodTableTest, StillCountsWhatWasAddedWhereNothingAsksForItAnyMore) {
  Add(Pod("a", Record("Injected"), ""));
  EXPECT_THAT(Counts(), ElementsAre(1, 0, 0));
}

// case 64
TEST_F(PodTableTest, APoisonPodDisablesItselfOnly) {
  Add(json::parse(R"({"metadata":{"name":"x","annotations":7,"labels":[],"ownerReferences":{}}})"));
  Add(Pod("record", "{"));
  Add(Pod("version", R"({"version":2,"patterns":[]})"));
  Add(Pod("lists", R"({"version":1,"patterns":[7,{"kind":"Sidecar"},{"reason":"Injected"}]})"));
  Add(Pod("good", Record("Injected")));
  EXPECT_THAT(Counts(), ElementsAre(2, 2, 0)) << "that of another version is no poison";
}

TEST(PodShape, DropsWhatNobodyReads) {
  EXPECT_TRUE(DropsFromPods("managedFields"));
  EXPECT_TRUE(DropsFromPods("files.patterns.remora.dev/saver.0"));
  EXPECT_FALSE(DropsFromPods("patterns.remora.dev/sidecar"));
  EXPECT_FALSE(DropsFromPods(kRecord));
}

class PatternStatusTest : public PodTableTest {
 protected:
  PatternStatusTest() {
    acceptance_.state = Acceptance::State::kAccepted;
    acceptance_.current_revision = (*PatternObject::FromObject(Sidecar("saver")))->revision();
  }
  json Status(json before = nullptr, const char* now = "2026-01-02T00:00:00Z",
              const std::string& pinned = "") {
    json object = Sidecar("saver");
    object["status"] = std::move(before);
    if (!pinned.empty()) object["spec"]["pinnedRevision"] = pinned;
    const auto pattern = PatternObject::FromObject(object);
    REMORA_CHECK(pattern.ok());
    return BuildStatus({**pattern, Count(), acceptance_, *ParseTime(now)});
  }
  static std::string Condition(const json& status, const std::string& type) {
    for (const json& condition : status["conditions"]) {
      if (condition["type"] == type) {
        return condition["status"].get<std::string>() + ' ' +
               condition["reason"].get<std::string>();
      }
    }
    return "none";
  }

  Acceptance acceptance_;
};

TEST_F(PatternStatusTest, SaysWhyASpecIsNotAccepted) {
  const auto with = [&](Acceptance::State state) {
    acceptance_.state = state;
    return Status();
  };
  EXPECT_EQ(Condition(with(Acceptance::State::kInvalid), "Accepted"), "False InvalidSpec");
  EXPECT_EQ(Condition(with(Acceptance::State::kRejected), "Accepted"), "False RejectedByApiServer");
  EXPECT_EQ(Condition(with(Acceptance::State::kPending), "Accepted"), "Unknown CheckPending");
  EXPECT_EQ(Condition(with(Acceptance::State::kPending), "Ready"), "False CheckPending");
  acceptance_.current_revision = "";
  EXPECT_FALSE(Status().contains("currentRevision"));
}

TEST_F(PatternStatusTest, CountsAsUpdatedWhatNewPodsGet) {
  Add(Pod("a", Record("Injected", "b4x6c2f9kd")));
  Add(Pod("b", Record("Injected", acceptance_.current_revision)));
  Add(Pod("c", Record("Injected", acceptance_.current_revision)));
  EXPECT_EQ(Status()["pods"]["updated"], 2);
  EXPECT_EQ(Status(nullptr, "2026-01-02T00:00:00Z", "b4x6c2f9kd")["pods"]["updated"], 1);
}

TEST_F(PatternStatusTest, IsReadyWhereNothingIsMissing) {
  Add(Pod("a", Record("Injected", (*PatternObject::FromObject(Sidecar("saver")))->revision())));
  const json status = Status();
  EXPECT_EQ(Condition(status, "Ready"), "True Ready");
  EXPECT_EQ(Condition(status, "Accepted"), "True Valid");
  EXPECT_EQ(Condition(status, "Progressing"), "False Complete");
  EXPECT_EQ(Condition(status, "Degraded"), "False AsExpected");
  EXPECT_EQ(status["pods"]["updated"], 1);
  EXPECT_EQ(status["pods"]["matched"], 1);
}

TEST_F(PatternStatusTest, SaysWhatSpoilsReady) {
  Add(Pod("a"));
  Add(Pod("b", Record("Injected")));
  const json status = Status();
  EXPECT_EQ(Condition(status, "Ready"), "False PodsMissing");
  EXPECT_EQ(Condition(status, "Progressing"), "False NeedsRecreate");
  EXPECT_EQ(status["pods"]["outdated"], 1);
}

TEST_F(PatternStatusTest, KeepsTheTimeOfAConditionThatStays) {
  const json first = Status(nullptr, "2026-01-02T00:00:00Z");
  EXPECT_EQ(Status(first, "2026-01-03T00:00:00Z"), first);
  Add(Pod("a"));
  const json later = Status(first, "2026-01-03T00:00:00Z");
  EXPECT_EQ(Condition(later, "Ready"), "False PodsMissing");
  EXPECT_EQ(later["conditions"][0]["lastTransitionTime"], "2026-01-03T00:00:00Z");
  EXPECT_EQ(later["conditions"][1]["lastTransitionTime"], "2026-01-02T00:00:00Z") << "Accepted";
}

TEST_F(PatternStatusTest, ShowsTenWorkloadsThoseThatNeedAttentionFirst) {
  for (int i = 0; i < 12; ++i) {
    Add(Pod("p" + std::to_string(i), Record("Injected"), "saver", "w" + std::to_string(i)));
  }
  Add(Pod("old", Record("PortTaken"), "saver", "clash"));
  const json status = Status();
  EXPECT_EQ(status["workloads"].size(), 10U);
  EXPECT_EQ(status["workloads"][0]["name"], "clash");
  EXPECT_EQ(status["workloads"][0]["message"], "why not");
}

}  // namespace
}  // namespace remora::reconcilers
