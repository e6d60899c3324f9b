#include "operator/injection/injector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/injection/pattern_index.h"
#include "operator/injection/plan.h"

namespace remora::injection {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kStatus = "patterns.remora.dev/status";

json Object(const std::string& kind, const std::string& name, json spec) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", kind},
          {"metadata", {{"name", name}, {"namespace", "shop"}}},
          {"spec", std::move(spec)}};
}

json LogSaver() {
  return Object("Sidecar", "log-saver",
                json::parse(R"({"container":{"image":"saver","volumeMounts":[{"name":"state",
                  "mountPath":"/state"}]},"drainSeconds":10,"volumes":[{"name":"state","emptyDir":{}}],
                  "share":[{"name":"logs","path":"/logs","targetPath":"/var/log/app"}],
                  "files":[{"path":"/etc/saver","content":"a"}],"env":[{"name":"LOGS","value":"on"}]})"));
}

json Redis() {
  return Object("Ambassador", "redis",
                json::parse(R"({"container":{"image":"proxy"},"endpoints":[{"name":"redis",
                  "env":{"host":"REDIS_HOST","port":"REDIS_PORT"}}]})"));
}

json Pod(const std::string& sidecars, const std::string& ambassadors = "") {
  json pod = json::parse(R"({"metadata":{"name":"p","annotations":{}},"spec":{"containers":[
    {"name":"web","image":"w","env":[{"name":"REDIS_HOST","value":"old"}]}]}})");
  json& annotations = pod["metadata"]["annotations"];
  if (!sidecars.empty()) annotations["patterns.remora.dev/sidecar"] = sidecars;
  if (!ambassadors.empty()) annotations["patterns.remora.dev/ambassador"] = ambassadors;
  return pod;
}

class InjectorTest : public ::testing::Test {
 protected:
  InjectorTest() {
    PatternIndex::Builder builder;
    builder.Add(StoredPattern::FromObject(LogSaver()));
    builder.Add(StoredPattern::FromObject(Redis()));
    index_ = std::move(builder).Build();
  }

  Outcome Call(const json& pod) {
    text_ = pod.dump();
    REMORA_CHECK(document_.Parse(text_).ok());
    return Inject({document_.root(), "shop"}, *index_, environment_, workspace_);
  }

  // The Pod as the API server has it afterwards.
  json Injected(const json& pod) {
    const Outcome outcome = Call(pod);
    EXPECT_NE(outcome.verdict, Verdict::kDenied) << outcome.message;
    return outcome.verdict == Verdict::kPatched ? pod.patch(json::parse(outcome.patch)) : pod;
  }

  static json Record(const json& pod) {
    return json::parse(pod["metadata"]["annotations"][kStatus].get<std::string>());
  }

  std::shared_ptr<const PatternIndex> index_;
  Environment environment_;
  JsonDocument document_;
  Workspace workspace_;
  std::string text_;
};

TEST_F(InjectorTest, SaysAlreadyInjectedOnASecondCallAndLeavesTheRecord) {
  const json once = Injected(Pod("log-saver", "redis"));
  const Outcome again = Call(once);
  EXPECT_EQ(again.verdict, Verdict::kUnchanged);
  ASSERT_EQ(again.plan->decisions.size(), 2U);
  EXPECT_EQ(again.plan->decisions[0].reason, api::Reason::kAlreadyInjected);
  EXPECT_EQ(again.plan->decisions[0].ports.front().name, "redis");
  EXPECT_EQ(again.plan->decisions[1].targets.front(), "web");
}

// case 5: plugins and other webhooks have changed our container since.
TEST_F(InjectorTest, LeavesACompanionThatOthersHaveChanged) {
  json once = Injected(Pod("log-saver", "redis"));
  for (json& container : once["spec"]["initContainers"]) {
    container["resources"] = {{"limits", {{"cpu", "1"}}}};
    container["imagePullPolicy"] = "Always";
    container["image"] = "mirror/" + container["image"].get<std::string>();
  }
  EXPECT_EQ(Call(once).verdict, Verdict::kUnchanged);
}

// case 5: a record is no proof.
TEST_F(InjectorTest, InjectsWhereARecordSaysSoButNoCompanionIsThere) {
  json pod = Pod("log-saver");
  pod["metadata"]["annotations"][kStatus] =
      R"({"version":1,"patterns":[{"kind":"Sidecar","namespace":"shop","name":"log-saver","reason":"Injected"}],"added":[[0,"/spec/volumes/x"],[7,"/y"],"z"],"changed":5})";
  const json result = Injected(pod);
  EXPECT_EQ(result["spec"]["initContainers"][0]["name"], "log-saver");
  EXPECT_EQ(Record(result)["patterns"][0]["reason"], "Injected");
}

// case 5: one added thing taken away since.
TEST_F(InjectorTest, PutsBackACompanionThatWasTakenAwayAndNothingTwice) {
  const json once = Injected(Pod("log-saver", "redis"));
  json without = once;
  json& containers = without["spec"]["initContainers"];
  for (std::size_t i = 0; i < containers.size(); ++i) {
    if (containers[i]["name"] == "log-saver") containers.erase(i);
  }
  ASSERT_EQ(containers.size(), 2U);
  const json again = Injected(without);
  EXPECT_EQ(again["spec"], once["spec"]);
  EXPECT_EQ(Record(again)["patterns"], Record(once)["patterns"]);
  // The order is that of application, so only the members are compared.
  json before = Record(once)["added"];
  json after = Record(again)["added"];
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  EXPECT_EQ(after, before);
  EXPECT_EQ(Record(again)["changed"], Record(once)["changed"]);
}

// case 35: what it has put beside the target's own value is not put there again.
TEST_F(InjectorTest, AppendsOnceWhenItsCompanionWasTakenAway) {
  json agent = LogSaver();
  agent["spec"]["env"] =
      json::parse(R"([{"name":"REDIS_HOST","operation":"Append","value":"more","separator":","}])");
  PatternIndex::Builder builder;
  builder.Add(StoredPattern::FromObject(agent));
  index_ = std::move(builder).Build();
  const json once = Injected(Pod("log-saver"));
  ASSERT_EQ(once["spec"]["containers"][0]["env"][0]["value"], "old,more");
  json without = once;
  without["spec"]["initContainers"].clear();
  EXPECT_EQ(Injected(without)["spec"], once["spec"]);
}

TEST_F(InjectorTest, TreatsABrokenRecordAsNone) {
  for (const char* record :
       {"", "{", "[]", "null", R"({"version":2})", R"({"version":1,"patterns":7})"}) {
    json pod = Pod("log-saver");
    pod["metadata"]["annotations"][kStatus] = record;
    EXPECT_EQ(Injected(pod)["spec"], Injected(Pod("log-saver"))["spec"]) << record;
  }
}

TEST_F(InjectorTest, NamesAContainerThatStandsThereWithoutARecord) {
  json once = Injected(Pod("", "redis"));
  once["metadata"]["annotations"].erase(kStatus);
  const Outcome outcome = Call(once);
  EXPECT_EQ(outcome.verdict, Verdict::kDenied);
  EXPECT_THAT(std::string(outcome.message), HasSubstr("ContainerNameTaken"));
}

TEST_F(InjectorTest, DoesNotRememberAnEarlierPod) {
  const json pod = Pod("log-saver", "redis");
  const std::string fresh(Call(pod).patch);
  json huge = Pod("log-saver");
  for (int i = 0; i < 3000; ++i) {
    huge["spec"]["containers"][0]["env"].push_back(
        {{"name", "V" + std::to_string(i)}, {"value", "x"}});
  }
  EXPECT_EQ(Call(huge).verdict, Verdict::kPatched);
  EXPECT_EQ(Call(Pod("", "nowhere")).verdict, Verdict::kDenied);
  EXPECT_EQ(std::string(Call(pod).patch), fresh);
}

// As in Go, and so on the API server's side of the patch.
TEST_F(InjectorTest, CountsTheLastOfWhatStandsThereTwice) {
  constexpr const char* kTwice = R"({"metadata":{"annotations":{"x":"y"}},
      "spec":{"initContainers":[{"name":"other"}]},
      "metadata":{"annotations":{"patterns.remora.dev/sidecar":"log-saver"}},
      "spec":{"containers":[{"name":"a"},{"name":"b"}],"volumes":[{"name":"a"},{"name":"b"}],
              "initContainers":[{"name":"a"},{"name":"b"},{"name":"c"}],
              "containers":[{"name":"web"}],"volumes":[],"initContainers":[{"name":"migrate"}]}})";
  ASSERT_TRUE(document_.Parse(kTwice).ok());
  const Outcome outcome = Inject({document_.root(), "shop"}, *index_, environment_, workspace_);
  ASSERT_EQ(outcome.verdict, Verdict::kPatched) << outcome.message;
  const json result = json::parse(kTwice).patch(json::parse(outcome.patch));
  EXPECT_EQ(result["spec"]["initContainers"][1]["name"], "log-saver");
  EXPECT_EQ(result["spec"]["containers"][0]["env"][0]["name"], "LOGS");
}

TEST_F(InjectorTest, AnswersAnyJson) {
  for (
      const char* text :
      {"null", "[]", "7", "{}", R"({"metadata":7,"spec":[]})",
       R"({"metadata":{"annotations":{"patterns.remora.dev/sidecar":"log-saver"}}})",
       R"({"metadata":{"annotations":{"patterns.remora.dev/sidecar":["x"]}},"spec":{}})",
       R"({"metadata":{"annotations":{"patterns.remora.dev/sidecar":"log-saver"}},"spec":{"containers":[7,{"name":[]},{"env":{},"volumeMounts":[3]}],"initContainers":"x","volumes":[[]]}})"}) {
    ASSERT_TRUE(document_.Parse(text).ok());
    const Outcome outcome = Inject({document_.root(), "shop"}, *index_, environment_, workspace_);
    EXPECT_NE(outcome.plan, nullptr) << text;
  }
}

}  // namespace
}  // namespace remora::injection
