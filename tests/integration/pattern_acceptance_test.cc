// What becomes of a spec by the answers of a fake API server, with a clock that can be moved; and of
// the revisions that are kept of it.

#include "operator/reconcilers/pattern_acceptance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/runtime/store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::reconcilers {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using remora::testing::FakeClock;
using runtime::kWholeList;
using ::testing::HasSubstr;
using State = Acceptance::State;

constexpr char kRevisions[] = "/apis/apps/v1/controllerrevisions";
constexpr char kSidecars[] = "/apis/patterns.remora.dev/v1alpha1/sidecars";

class PatternAcceptanceTest : public kube::KubeClientTest {
 protected:
  PatternAcceptanceTest() { revisions_.TakePage({}, kWholeList); }

  std::shared_ptr<const PatternObject> Pattern(const std::string& image, int generation = 1,
                                               int limit = 10) {
    const json object = {
        {"apiVersion", "patterns.remora.dev/v1alpha1"},
        {"kind", "Sidecar"},
        {"metadata",
         {{"namespace", "shop"},
          {"name", "saver"},
          {"uid", "u"},
          {"generation", generation},
          {"creationTimestamp", "2025-12-31T23:00:00Z"}}},
        {"spec", {{"container", {{"image", image}}}, {"revisionHistoryLimit", limit}}}};
    server_.Put(kSidecars, object);
    return *PatternObject::FromObject(object);
  }

  // The next creation is that of the dry run.
  void Answer(int code, const std::string& reason, const std::string& message) {
    server_.FailNext(
        "create",
        {.status = code,
         .raw = json{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", message}}
                    .dump()});
  }
  void AnswerOfQuota() {
    Answer(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: no-pods");
  }
  void AnswerOfWebhook() {
    Answer(403, "Forbidden", "admission webhook \"validate.example\" denied the request: no team");
  }

  Acceptance Accept(const std::shared_ptr<const PatternObject>& pattern) {
    auto accepted = acceptance_.Accept(*pattern, {});
    EXPECT_TRUE(accepted.ok()) << accepted.error().message();
    return accepted.ok() ? *accepted : Acceptance();
  }
  // The watch has brought all.
  void Catch() { revisions_.TakePage(server_.All(kRevisions), kWholeList); }

  FakeClock clock_;
  runtime::Store<api::KeptRevision> revisions_{DecodeRevision};
  const injection::Environment environment_;
  const SealedCheck check_{{*client_, environment_, "remora-sealed"}};
  RevisionKeeper keeper_{*client_, clock_, revisions_.lister()};
  PatternAcceptance acceptance_{{clock_, check_, keeper_}};
};

TEST_F(PatternAcceptanceTest, WhatIsStoppedAfterValidationIsValid) {
  for (const char* message :
       {"pods \"x\" is forbidden: exceeded quota: no-pods, requested: pods=1, used: pods=0, "
        "limited: pods=0",
        "pods \"x\" is forbidden: failed quota: q: must specify limits.cpu for: web",
        "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != "
        "true"}) {
    Answer(403, "Forbidden", message);
    const auto pattern =
        Pattern("saver:" + std::to_string(clock_.Now().time_since_epoch().count()));
    EXPECT_EQ(Accept(pattern).state, State::kAccepted) << message;
    clock_.Advance(1s);
  }
  // A policy chooses its status; 422 is what it has without a choice.
  Answer(422, "Invalid",
         "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'teams' with binding 'teams' denied "
         "request: every Pod has a team");
  EXPECT_EQ(Accept(Pattern("saver:policy")).state, State::kAccepted);
}

TEST_F(PatternAcceptanceTest, AComplaintOfValidationIsARejection) {
  Answer(422, "Invalid", "Pod \"x\" is invalid: spec.containers[0].image: Required value");
  const Acceptance acceptance = Accept(Pattern("saver:1"));
  EXPECT_EQ(acceptance.state, State::kRejected);
  EXPECT_THAT(acceptance.message, HasSubstr("Required value"));
  EXPECT_EQ(acceptance.again, Clock::Duration(10min));
}

TEST_F(PatternAcceptanceTest, OtherAdmissionHoldsASpecUpForAMinute) {
  const auto pattern = Pattern("saver:1");
  for (int i = 0; i < 6; ++i) {
    AnswerOfWebhook();
    const Acceptance acceptance = Accept(pattern);
    ASSERT_EQ(acceptance.state, State::kPending) << i;
    EXPECT_EQ(acceptance.again, Clock::Duration(10s));
    clock_.Advance(10s);
  }
  AnswerOfWebhook();
  const Acceptance acceptance = Accept(pattern);
  EXPECT_EQ(acceptance.state, State::kAccepted);
  EXPECT_EQ(acceptance.current_revision, pattern->revision());
  EXPECT_THAT(acceptance.message, HasSubstr("no team"));
  EXPECT_EQ(Accept(pattern).message, acceptance.message)
      << "it says so as long as it is remembered";
}

TEST_F(PatternAcceptanceTest, WithoutAnAnswerItStaysPending) {
  const auto pattern = Pattern("saver:1");
  for (int i = 0; i < 20; ++i) {
    Answer(404, "NotFound", "namespaces \"remora-sealed\" not found");
    ASSERT_EQ(Accept(pattern).state, State::kPending) << i;
    clock_.Advance(10s);
  }
  AnswerOfQuota();
  EXPECT_EQ(Accept(pattern).state, State::kAccepted);
}

TEST_F(PatternAcceptanceTest, ARevisionThatCannotBeKeptIsPending) {
  const auto pattern = Pattern("saver:1");
  AnswerOfQuota();
  Answer(403, "Forbidden",
         "controllerrevisions.apps \"x\" is forbidden: exceeded quota: revisions");
  const Acceptance acceptance = Accept(pattern);
  EXPECT_EQ(acceptance.state, State::kPending);
  EXPECT_THAT(acceptance.message, HasSubstr("its revision cannot be kept: "));
  EXPECT_THAT(acceptance.message, HasSubstr("exceeded quota: revisions"));
  EXPECT_EQ(acceptance.current_revision, "");
  EXPECT_EQ(Accept(pattern).state, State::kAccepted) << "and kept when it can be";
}

TEST_F(PatternAcceptanceTest, ARevisionOfAnAbsurdNumberIsReplaced) {
  const auto pattern = Pattern("saver:1");
  AnswerOfQuota();
  ASSERT_EQ(Accept(pattern).state, State::kAccepted);
  json kept = server_.All(kRevisions).at(0);
  for (const std::int64_t number : {std::numeric_limits<std::int64_t>::max(), std::int64_t{-1}}) {
    kept["revision"] = number;
    server_.Put(kRevisions, kept);
    Catch();
    clock_.Advance(31s);
    EXPECT_EQ(Accept(pattern).state, State::kAccepted);
    EXPECT_EQ(server_.All(kRevisions).at(0)["revision"], 1) << number;
  }
}

TEST_F(PatternAcceptanceTest, WhatWasWrittenAndIsGoneComesBack) {
  const auto pattern = Pattern("saver:1");
  AnswerOfQuota();
  ASSERT_EQ(Accept(pattern).state, State::kAccepted);
  server_.Remove(kRevisions, "shop", "sidecar-saver-" + pattern->revision());
  Catch();  // made and deleted while there was no watch
  clock_.Advance(31s);
  ASSERT_EQ(Accept(pattern).state, State::kAccepted);
  EXPECT_EQ(server_.All(kRevisions).size(), 1U);
}

TEST_F(PatternAcceptanceTest, ARevisionThatTheWatchHasNotBroughtIsMadeTheNewest) {
  const auto first = Pattern("saver:1", 1);
  AnswerOfQuota();
  ASSERT_EQ(Accept(first).state, State::kAccepted);
  const auto second = Pattern("saver:2", 2);
  AnswerOfQuota();
  ASSERT_EQ(Accept(second).state, State::kAccepted);
  // A watch that is late: it has brought the second alone.
  std::vector<json> late = server_.All(kRevisions);
  std::erase_if(late, [](const json& revision) { return revision["revision"] != 2; });
  revisions_.TakePage(late, kWholeList);
  AnswerOfQuota();
  ASSERT_EQ(Accept(Pattern("saver:1", 3)).state, State::kAccepted);
  for (const json& revision : server_.All(kRevisions)) {
    EXPECT_EQ(revision["revision"],
              revision["data"]["spec"]["container"]["image"] == "saver:1" ? 3 : 2);
  }
}

TEST_F(PatternAcceptanceTest, NothingIsTrimmedOfAPatternThatWasEditedMeanwhile) {
  std::shared_ptr<const PatternObject> pattern;
  for (int i = 1; i <= 3; ++i) {
    pattern = Pattern("saver:" + std::to_string(i), i, /*limit=*/0);
    AnswerOfQuota();
    ASSERT_EQ(Accept(pattern).state, State::kAccepted);
    Catch();
  }
  Pattern("saver:3", 4, 0);  // pinned, say
  ASSERT_TRUE(keeper_.Trim(*pattern, {pattern->revision()}, {}).ok());
  EXPECT_EQ(server_.All(kRevisions).size(), 3U);
  pattern = Pattern("saver:3", 4, 0);
  ASSERT_TRUE(keeper_.Trim(*pattern, {pattern->revision()}, {}).ok());
  EXPECT_EQ(server_.All(kRevisions).size(), 1U);
}

}  // namespace
}  // namespace remora::reconcilers
