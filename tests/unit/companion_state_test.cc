#include "operator/cli/companion_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "operator/cli/explained.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A Native companion, a Regular one, and a pattern that has only init containers.
json Record() {
  return json::parse(R"({
    "version": 1,
    "patterns": [
      {"kind": "Ambassador", "namespace": "shop", "name": "login", "reason": "Injected"},
      {"kind": "Adapter", "namespace": "shop", "name": "metrics", "reason": "Injected"},
      {"kind": "Sidecar", "namespace": "shop", "name": "agent", "reason": "Injected"},
      {"kind": "Sidecar", "namespace": "shop", "name": "other", "reason": "OptedOut"}],
    "added": [
      [0, "/spec/initContainers/login--prepare"], [0, "/spec/initContainers/login"],
      [0, "/spec/initContainers/login--wait"], [1, "/spec/containers/metrics"],
      [1, "/spec/containers/metrics/env/A"], [2, "/spec/volumes/agent--jar"],
      [2, "/spec/initContainers/app/env/B"], [2, "/spec/initContainers/agent--copy"],
      [2, "/spec/initContainers/agent--check"]]})");
}

json Pod(const char* status) {
  json pod = json::parse(R"({
    "metadata": {"name": "cart"},
    "spec": {
      "initContainers": [{"name": "login--prepare"}, {"name": "login", "restartPolicy": "Always"},
                         {"name": "login--wait"}, {"name": "agent--copy"}, {"name": "agent--check"}],
      "containers": [{"name": "app"}, {"name": "metrics"}]}})");
  pod["status"] = json::parse(status);
  return pod;
}

std::vector<CompanionState> Find(const char* status) {
  return FindCompanions(Pod(status), Record());
}

// Of the companion `login`.
CompanionState Native(const std::string& status) {
  json pod = Pod("{}");
  pod["status"]["initContainerStatuses"] = json::array({json::parse(status)});
  pod["status"]["initContainerStatuses"][0]["name"] = "login";
  return FindCompanions(pod, Record()).at(0);
}

TEST(CompanionState, FindsTheContainerOfEachPattern) {
  const auto companions = Find("{}");
  ASSERT_THAT(companions, SizeIs(3));
  EXPECT_EQ(CompanionAsText(companions[0]), "login (initContainers): no status yet");
  EXPECT_EQ(CompanionAsText(companions[1]), "metrics (containers): no status yet");
  EXPECT_EQ(CompanionAsText(companions[2]), "agent--copy (initContainers): no status yet");
  EXPECT_EQ(companions[2].pattern, 2U);
  for (const CompanionState& companion : companions) {
    EXPECT_FALSE(companion.keeps_from_services) << companion.container;
  }
}

// case 57
TEST(CompanionState, LooksIntoBothListsOfTheStatus) {
  const auto companions = Find(R"({
    "phase": "Pending",
    "initContainerStatuses": [
      {"name": "login--prepare", "ready": true, "state": {"terminated": {"exitCode": 0}}},
      {"name": "login", "ready": false, "restartCount": 0, "state": {"waiting": {
        "reason": "ImagePullBackOff", "message": "Back-off pulling image \"login:1\""}}}],
    "containerStatuses": [
      {"name": "app", "ready": false, "state": {"waiting": {"reason": "PodInitializing"}}},
      {"name": "metrics", "ready": false, "state": {"waiting": {"reason": "ErrImagePull"}}}]})");
  EXPECT_EQ(CompanionAsText(companions.at(0)),
            "login (initContainers): waiting: ImagePullBackOff (Back-off pulling image "
            "\"login:1\")");
  EXPECT_TRUE(companions.at(0).keeps_from_services);
  EXPECT_EQ(CompanionAsText(companions.at(1)), "metrics (containers): waiting: ErrImagePull");
}

TEST(CompanionState, RunsReadyOrNot) {
  const CompanionState ready = Native(R"({"ready": true, "state": {"running": {}}})");
  EXPECT_EQ(CompanionAsText(ready), "login (initContainers): running, ready");
  EXPECT_FALSE(ready.keeps_from_services);
  const CompanionState unready = Native(R"({"ready": false, "state": {"running": {}}})");
  EXPECT_EQ(CompanionAsText(unready), "login (initContainers): running, not ready");
  EXPECT_TRUE(unready.keeps_from_services);
}

TEST(CompanionState, TellsHowItEndedAndHowOften) {
  const CompanionState ended = Native(R"({
    "ready": false, "restartCount": 4,
    "state": {"terminated": {"reason": "Error", "exitCode": 1, "message": "no\nconfig"}},
    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}})");
  EXPECT_EQ(CompanionAsText(ended),
            "login (initContainers): terminated: Error, exit code 1 (no\\nconfig); 4 restarts, "
            "last ended: OOMKilled, exit code 137");
  const CompanionState looping = Native(R"({
    "ready": false, "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 2}}})");
  EXPECT_EQ(CompanionAsText(looping),
            "login (initContainers): waiting: CrashLoopBackOff; 1 restart, last ended: exit code "
            "2");
  EXPECT_EQ(CompanionAsText(Native(R"({"restartCount": 2, "state": {"running": {}}})")),
            "login (initContainers): running, not ready; 2 restarts");
}

TEST(CompanionState, KeepsNoPodThatHasEndedFromItsServices) {
  for (const char* phase : {"Succeeded", "Failed"}) {
    json pod = Pod(R"({"containerStatuses": [{"name": "metrics", "ready": false,
        "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}]})");
    EXPECT_TRUE(FindCompanions(pod, Record()).at(1).keeps_from_services);
    pod["status"]["phase"] = phase;
    EXPECT_FALSE(FindCompanions(pod, Record()).at(1).keeps_from_services) << phase;
  }
}

TEST(CompanionState, SaysThatTheContainerIsGone) {
  json pod = Pod("{}");
  pod["spec"].erase("initContainers");
  const auto companions = FindCompanions(pod, Record());
  EXPECT_EQ(CompanionAsText(companions.at(0)), "login: not in the Pod any more");
  EXPECT_EQ(CompanionAsJson(companions.at(0))["list"], nullptr);
}

TEST(CompanionState, PrintsNoControlCharacterOfARecord) {
  const json record = {{"patterns", {{{"name", "x"}}}},
                       {"added", {{0U, "/spec/containers/x--\x1b[2J"}}}};
  EXPECT_EQ(CompanionAsText(FindCompanions(Pod("{}"), record).at(0)),
            "x--\\u001b[2J: not in the Pod any more");
}

TEST(CompanionState, IsJsonForTools) {
  EXPECT_EQ(CompanionAsJson(Native(R"({
    "ready": false, "restartCount": 4, "state": {"terminated": {"reason": "Error", "exitCode": 1}},
    "lastState": {"terminated": {"reason": "Error", "exitCode": 2}}})")),
            json::parse(R"({"container": "login", "list": "initContainers", "ready": false,
    "state": "terminated", "reason": "Error", "message": "", "restarts": 4, "exitCode": 1,
    "lastEnd": {"reason": "Error", "exitCode": 2}})"));
  EXPECT_EQ(CompanionAsJson(Find("{}").at(1)), json::parse(R"({"container": "metrics",
    "list": "containers", "ready": false, "state": null, "reason": "", "message": "",
    "restarts": 0})"));
}

TEST(CompanionState, SurvivesAStatusOfOtherTypes) {
  for (const char* status :
       {"null", "7", "[]", R"("x")", R"({"initContainerStatuses": {"login": 1}})",
        R"({"initContainerStatuses": [null, 3, [], "login", {"name": 3}, {}]})"}) {
    EXPECT_EQ(CompanionAsText(Find(status).at(0)), "login (initContainers): no status yet")
        << status;
  }
  for (const char* status :
       {"{}", R"({"state": null})", R"({"state": []})", R"({"state": "x", "lastState": 3})",
        R"({"state": {"running": null, "terminated": 7}, "ready": "true"})",
        R"({"state": {"waiting": {"reason": 3, "message": []}}, "restartCount": "4"})",
        R"({"state": {}, "restartCount": -4, "lastState": {"terminated": []}})"}) {
    EXPECT_EQ(CompanionAsText(Native(status)), "login (initContainers): waiting") << status;
  }
  EXPECT_EQ(CompanionAsText(Native(R"({"state": {"terminated": {"exitCode": "1"}}})")),
            "login (initContainers): terminated: no reason is given");
}

TEST(CompanionState, SurvivesAPodAndARecordOfOtherTypes) {
  const json pod = Pod("{}");
  for (const char* record :
       {"null", "[]", "{}", R"({"patterns": 1})", R"({"patterns": [1, {"name": 2}]})",
        R"({"patterns": [{"name": "x"}], "added": {"0": 1}})",
        R"({"patterns": [{"name": "x"}], "added": [1, [], [0], ["0", 1], [-1, "/spec/containers/x"],
            [0, 1], [7, "/spec/containers/x"], [0, "/spec/containersx"]]})"}) {
    EXPECT_THAT(FindCompanions(pod, json::parse(record)), IsEmpty()) << record;
  }
  for (const char* broken : {"null", "[]", R"({"spec": [], "status": {"phase": 1}})",
                             R"({"spec": {"containers": 1, "initContainers": [1]}})"}) {
    EXPECT_EQ(CompanionAsText(FindCompanions(json::parse(broken), Record()).at(0)),
              "login: not in the Pod any more")
        << broken;
  }
}

TEST(CompanionState, IsToldUnderItsPattern) {
  PodState state;
  state.record = Record();
  state.companions = Find(R"({"initContainerStatuses": [
      {"name": "login", "state": {"waiting": {"reason": "ImagePullBackOff"}}}],
      "containerStatuses": [{"name": "metrics", "ready": true, "state": {"running": {}}}]})");
  state.is_current = true;
  Explained explained;
  explained.state = {state};
  std::ostringstream text;
  PrintAsText({explained}, text);
  EXPECT_THAT(text.str(), HasSubstr(R"(Ambassador shop/login: Injected
  companion  login (initContainers): waiting: ImagePullBackOff
             it is not Ready, which takes the Pod out of its Services
Adapter shop/metrics: Injected
  companion  metrics (containers): running, ready
Sidecar shop/agent: Injected
  companion  agent--copy (initContainers): no status yet
Sidecar shop/other: OptedOut
a new Pod)"));
  std::ostringstream out;
  PrintAsJson({explained}, out);
  const json patterns = json::parse(out.str())[0]["pod"]["patterns"];
  ASSERT_THAT(patterns, SizeIs(3));
  EXPECT_EQ(patterns[1]["name"], "metrics");
  EXPECT_EQ(patterns[1]["kind"], "Adapter");
  EXPECT_EQ(patterns[1]["companion"]["ready"], true);
}

}  // namespace
}  // namespace remora::cli
