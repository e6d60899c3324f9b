#include "operator/injection/undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace remora::injection {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kPatterns = R"("patterns":[{"kind":"Sidecar","name":"saver"}])";

json PodWith(const json& record) {
  return {{"metadata", {{"annotations", {{"patterns.remora.dev/status", record}, {"a", "b"}}}}},
          {"spec",
           {{"containers",
             {{{"name", "app"},
               {"image", "app:1"},
               {"env", {{{"name", "A"}, {"value", "new"}}, {{"name", "B"}}}},
               {"ports", {{{"containerPort", 80}, {"name", "http"}}}},
               {"volumeMounts", {{{"name", "saver--logs"}, {"mountPath", "/var/log"}}}}}}},
            {"initContainers", {{{"name", "saver"}}, {{"name", "saver--wait"}}}},
            {"hostAliases", {{{"ip", "127.0.0.1"}, {"hostnames", {"db", "cache"}}}}},
            {"volumes", {{{"name", "saver--logs"}}, {{"name", "data"}}}},
            {"terminationGracePeriodSeconds", 45}}}};
}

std::string Record(const std::string& added, const std::string& changed = "") {
  return std::string(R"({"version":1,)") + kPatterns + R"(,"added":[)" + added +
         R"(],"changed":[)" + changed + "]}";
}

json Undone(const std::string& record) {
  json pod = PodWith(record);
  const auto undone = UndoInjection(pod);
  EXPECT_TRUE(undone.ok() && *undone) << (undone.ok() ? "no record" : undone.error().message());
  return pod;
}

TEST(Undo, TakesOutWhatWasAdded) {
  const json pod = Undone(Record(
      R"([0,"/spec/volumes/saver--logs"],[0,"/spec/containers/app/volumeMounts/~1var~1log"],)"
      R"([0,"/spec/containers/app/env/B"],[0,"/spec/initContainers/saver"],)"
      R"([0,"/spec/initContainers/saver--wait"],[0,"/spec/hostAliases/127.0.0.1/hostnames/db"])"));
  EXPECT_EQ(pod["metadata"]["annotations"], json({{"a", "b"}}));
  const json& spec = pod["spec"];
  EXPECT_EQ(spec["volumes"], json::parse(R"([{"name":"data"}])"));
  EXPECT_EQ(spec["containers"][0]["volumeMounts"], json::array());
  EXPECT_EQ(spec["containers"][0]["env"], json::parse(R"([{"name":"A","value":"new"}])"));
  EXPECT_EQ(spec["initContainers"], json::array());
  EXPECT_EQ(spec["hostAliases"][0]["hostnames"], json::parse(R"(["cache"])"));
}

TEST(Undo, PutsBackWhatWasChangedTheLastFirst) {
  const json pod = Undone(Record(
      "",
      R"([0,"/spec/containers/app/env/A/value","first"],)"
      R"([0,"/spec/containers/app/env/A/value","second"],[0,"/spec/containers/app/env/B/value",null],)"
      R"([0,"/spec/containers/app/ports/80~1TCP/name","web"])"));
  const json& app = pod["spec"]["containers"][0];
  EXPECT_EQ(app["env"][0]["value"], "first");
  EXPECT_FALSE(app["env"][1].contains("value"));
  EXPECT_EQ(app["ports"][0]["name"], "web");
}

TEST(Undo, TakesTheDefaultGracePeriodOutUnlessTheApiServerWroteIt) {
  const std::string record = Record("", R"([0,"/spec/terminationGracePeriodSeconds",30])");
  EXPECT_FALSE(Undone(record)["spec"].contains("terminationGracePeriodSeconds"));
  json pod = PodWith(record);
  pod["spec"]["dnsPolicy"] = "ClusterFirst";
  ASSERT_TRUE(UndoInjection(pod).ok());
  EXPECT_EQ(pod["spec"]["terminationGracePeriodSeconds"], 30);
  EXPECT_EQ(
      Undone(Record(
          "", R"([0,"/spec/terminationGracePeriodSeconds",20])"))["spec"]
                                                                 ["terminationGracePeriodSeconds"],
      20);
}

TEST(Undo, PassesOverLostPaths) {
  json pod = PodWith(Record(
      R"([0,"/spec/volumes/saver--gone"],[0,"/spec/containers/gone/env/X"],)"
      R"([0,"/spec/imagePullSecrets/gone"],[0,"/metadata/labels/gone"])",
      R"([0,"/spec/containers/app/env/GONE/value","x"],[0,"/spec/initContainers/gone/env/A/value",null])"));
  json want = pod;
  want["metadata"]["annotations"].erase("patterns.remora.dev/status");
  const auto undone = UndoInjection(pod);
  ASSERT_TRUE(undone.ok());
  EXPECT_EQ(pod, want);
}

TEST(Undo, SaysThatThereIsNoRecord) {
  for (json pod : {json(), json::object(), json{{"metadata", {{"annotations", nullptr}}}},
                   json{{"metadata", {{"annotations", {{"a", "b"}}}}}}}) {
    const json before = pod;
    const auto undone = UndoInjection(pod);
    ASSERT_TRUE(undone.ok());
    EXPECT_FALSE(*undone);
    EXPECT_EQ(pod, before);
  }
}

TEST(Undo, RefusesWhatItCannotReadOrNeverDoes) {
  struct Case {
    json record;
    const char* want;
  };
  const Case kCases[] = {
      {5, "cannot be read: expected a string"},
      {"", "cannot be read: it is no JSON object"},
      {"{\"version\":1", "cannot be read: it is no JSON object"},
      {"[1]", "cannot be read: it is no JSON object"},
      {"{}", "cannot be read: its version is null; expected 1, or a newer remora"},
      {R"({"version":2})", "cannot be read: its version is 2; expected 1, or a newer remora"},
      {R"({"version":1,"patterns":[5]})", "its list \"patterns\" is broken"},
      {R"({"version":1,"patterns":[{"name":""}]})", "its list \"patterns\" is broken"},
      {R"({"version":1,"added":5})", "its list \"added\" is broken"},
      {Record(R"([1,"/spec/volumes/saver--x"])"), "its list \"added\" is broken"},
      {Record(R"([-1,"/spec/volumes/saver--x"])"), "its list \"added\" is broken"},
      {Record(R"([0,"spec"])"), "its list \"added\" is broken"},
      {Record(R"([0,"/spec/volumes/saver~"])"), "its list \"added\" is broken"},
      {Record("", R"([0,"/metadata/labels/a"])"), "its list \"changed\" is broken"},
      {Record(R"([0,"/spec/containers/app"])"), "says that /spec/containers/app was added"},
      {Record(R"([0,"/spec/containers/saver-x"])"), "is not ours"},
      {Record(R"([0,"/spec"])"), "is not ours"},
      {Record(R"([0,""])"), "is not ours"},
      {Record(R"([0,"/spec/containers/app/env/A/value"])"), "is not ours"},
      {Record("", R"([0,"/spec/containers/app/image","evil"])"),
       "says that /spec/containers/app/image was changed, which Remora never does; nothing is "
       "undone"},
      {Record("", R"([0,"/spec/serviceAccountName","admin"])"), "is not ours"},
  };
  for (const Case& c : kCases) {
    json pod = PodWith(c.record);
    const json before = pod;
    const auto undone = UndoInjection(pod);
    ASSERT_FALSE(undone.ok()) << c.record;
    EXPECT_THAT(undone.error().message(), HasSubstr(c.want)) << c.record;
    EXPECT_THAT(undone.error().message(),
                HasSubstr("the record in annotation patterns.remora.dev/status "));
    EXPECT_EQ(pod, before) << c.record;
  }
}

TEST(Undo, RefusesToLeaveAPodWithoutContainers) {
  json pod = PodWith(Record(R"([0,"/spec/containers/saver"])"));
  pod["spec"]["containers"][0]["name"] = "saver";
  const auto undone = UndoInjection(pod);
  ASSERT_FALSE(undone.ok());
  EXPECT_THAT(undone.error().message(), HasSubstr("every container was added"));
}

}  // namespace
}  // namespace remora::injection
