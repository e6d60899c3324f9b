// What becomes of a spec by the answers of a fake API server, with a clock that can be moved; and of
// the revisions that are kept of it.

#include "operator/reconcilers/pattern_acceptance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/troubles.h"
#include "tests/integration/pattern_acceptance_fixture.h"

namespace remora::reconcilers {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using runtime::kWholeList;
using ::testing::HasSubstr;

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

// It is remembered with the revision, not by who was told.
TEST_F(PatternAcceptanceTest, WhatWasAcceptedUncheckedIsShownAgainUntilItWasJudged) {
  const auto pattern = Pattern("saver:1");
  AcceptUnchecked(pattern);
  EXPECT_TRUE(Revision("saver:1")["metadata"]["annotations"].contains(api::kUncheckedKey));
  Catch();
  PatternAcceptance next{{clock_, check_, keeper_}};
  AnswerOfWebhook();
  auto accepted = next.Accept(*pattern, {});
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->state, State::kAccepted);
  EXPECT_THAT(accepted->message, HasSubstr("no team"));
  EXPECT_EQ(accepted->again, Clock::Duration(10min));
  const int asked = server_.Count("create");
  ASSERT_TRUE(next.Accept(*pattern, {}).ok());
  EXPECT_EQ(server_.Count("create"), asked) << "not before its time";
  clock_.Advance(10min);
  AnswerOfQuota();
  accepted = next.Accept(*pattern, {});
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(accepted->state, State::kAccepted);
  EXPECT_EQ(accepted->message, "");
  EXPECT_EQ(accepted->again, std::nullopt);
  EXPECT_FALSE(Revision("saver:1")["metadata"]["annotations"].contains(api::kUncheckedKey));
  Catch();
  ASSERT_TRUE(next.Accept(*pattern, {}).ok());
  EXPECT_EQ(server_.Count("create"), asked + 1) << "and never again";
}

TEST_F(PatternAcceptanceTest, WhatWasAcceptedUncheckedMayTurnOutToBeRefused) {
  const auto pattern = Pattern("saver:1");
  AcceptUnchecked(pattern);
  clock_.Advance(10min);
  Answer(422, "Invalid", "Pod \"x\" is invalid: spec.containers[0].image: Required value");
  const Acceptance acceptance = Accept(pattern);
  EXPECT_EQ(acceptance.state, State::kRejected);
  EXPECT_THAT(acceptance.message, HasSubstr("Required value"));
  EXPECT_EQ(server_.All(kRevisions).size(), 1U) << "it is in use";
}

TEST_F(PatternAcceptanceTest, AWebhookOfOthersThatDoesNotAnswerFreezesNothing) {
  const auto pattern = Pattern("saver:1");
  const auto fails = [this](const std::string& webhook) {
    Answer(500, "InternalError",
           "Internal error occurred: failed calling webhook \"" + webhook +
               "\": failed to call webhook: Post \"https://x\": connect: connection refused");
  };
  for (int i = 0; i < 6; ++i) {
    fails("validate.example");
    ASSERT_EQ(Accept(pattern).state, State::kPending) << i;
    clock_.Advance(10s);
  }
  fails("validate.example");
  EXPECT_EQ(Accept(pattern).state, State::kAccepted);
  // Ours will be back.
  const auto other = Pattern("saver:2", 2);
  for (int i = 0; i < 12; ++i) {
    fails("named.patterns.remora.dev");
    ASSERT_EQ(Accept(other).state, State::kPending) << i;
    clock_.Advance(10s);
  }
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

// The first creation is the dry run, the second that of the revision.
TEST_F(PatternAcceptanceTest, AfterEveryTroubleOfEachRequestItIsAcceptedAndKeptOnce) {
  int generation = 0;
  for (const auto& trouble : remora::testing::AllTroubles()) {
    for (const char* collection : {"/api/v1/pods", kRevisions}) {
      const std::string what = trouble.name + " at " + collection;
      ++generation;
      const auto pattern = Pattern("saver:" + std::to_string(generation), generation);
      server_.FailNext("create", trouble.At(collection));
      State state = State::kPending;
      for (int turn = 0; turn < 8 && state != State::kAccepted; ++turn) {
        const auto accepted = acceptance_.Accept(*pattern, {});
        if (accepted.ok()) state = accepted->state;
        ASSERT_TRUE(state == State::kPending || state == State::kAccepted) << what;
        clock_.Advance(10s);
      }
      EXPECT_EQ(state, State::kAccepted) << what;
      Catch();
      EXPECT_EQ(server_.All(kRevisions).size(), static_cast<std::size_t>(generation)) << what;
    }
  }
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

TEST_F(PatternAcceptanceTest, AfterTheLastNumberTheyCountFromOneAgain) {
  for (const std::int64_t back : {std::int64_t{1}, std::int64_t{0}}) {
    for (const json& revision : server_.All(kRevisions)) {
      server_.Remove(kRevisions, "shop", revision["metadata"]["name"].get<std::string>());
    }
    Catch();
    clock_.Advance(31s);
    KeepMany(2);
    json second = Revision("saver:2");
    second["revision"] = api::kLastRevisionNumber - back;
    server_.Put(kRevisions, second);
    Catch();
    clock_.Advance(31s);
    KeepMany(5);
    // The newest is the largest, and all are believed.
    EXPECT_THAT(keeper_.Known(*Pattern("saver:5", 5)), ::testing::SizeIs(5)) << back;
    std::int64_t before = 0;
    for (int i = 1; i <= 5; ++i) {
      const auto number = Revision("saver:" + std::to_string(i))["revision"].get<std::int64_t>();
      EXPECT_GT(number, before) << back << ", " << i;
      before = number;
    }
    EXPECT_LE(before, 5) << back;
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
  const auto pattern = KeepMany(3);
  clock_.Advance(RevisionKeeper::kQuiet);
  Pattern("saver:3", 4, 0);  // pinned, say
  EXPECT_EQ(Trim(pattern), std::nullopt);
  EXPECT_EQ(server_.All(kRevisions).size(), 3U);
  EXPECT_EQ(Trim(Pattern("saver:3", 4, 0)), std::nullopt);
  EXPECT_EQ(server_.All(kRevisions).size(), 1U);
}

TEST_F(PatternAcceptanceTest, OldRevisionsGoTogetherWhenNobodyEdits) {
  auto pattern = KeepMany(3);
  EXPECT_EQ(Trim(pattern), Clock::Duration(1min));
  clock_.Advance(59s);
  EXPECT_EQ(Trim(pattern), Clock::Duration(1s));
  EXPECT_EQ(server_.Count("get") + server_.Count("delete"), 0) << "an edit pays for none";
  clock_.Advance(1s);
  EXPECT_EQ(Trim(pattern), std::nullopt);
  EXPECT_EQ(server_.Count("get"), 1);
  EXPECT_EQ(server_.Count("delete"), 2);
  Catch();
  EXPECT_EQ(Trim(pattern), std::nullopt);
  EXPECT_EQ(server_.Count("get"), 1) << "and then there is nothing to look at";
}

TEST_F(PatternAcceptanceTest, OldRevisionsDoNotPileUpWhileSomebodyEditsOnAndOn) {
  constexpr int kMost = RevisionKeeper::kMostExcess;
  EXPECT_NE(Trim(KeepMany(kMost)), std::nullopt);
  EXPECT_EQ(server_.Count("delete"), 0);
  EXPECT_EQ(Trim(KeepMany(kMost + 1)), std::nullopt);
  EXPECT_EQ(server_.All(kRevisions).size(), 1U);
}

// As the operator's workers do, each on a thread of its own, while the watch brings what they write.
TEST_F(PatternAcceptanceTest, WorkersShareItForDifferentPatterns) {
  constexpr int kWorkers = 4;
  constexpr int kEach = 10;
  std::atomic<int> at_work = kWorkers;
  std::vector<std::jthread> workers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < kEach; ++i) {
        json object = Object("saver:1", 1, 0);
        const std::string name = "w" + std::to_string(worker) + "-" + std::to_string(i);
        object["metadata"]["name"] = object["metadata"]["uid"] = name;
        const auto pattern = *PatternObject::FromObject(object);
        for (int turn = 0; turn < 2; ++turn) {
          EXPECT_EQ(Accept(pattern).state, State::kAccepted);
          EXPECT_TRUE(keeper_.IsLatest(*pattern));
          EXPECT_TRUE(keeper_.Trim(*pattern, {pattern->revision()}, {}).ok());
        }
        if (i % 2 == 0) acceptance_.Forget(pattern->key);
      }
      --at_work;
    });
  }
  while (at_work > 0) Catch();
  workers.clear();
  EXPECT_EQ(server_.All(kRevisions).size(), std::size_t{kWorkers * kEach});
}

}  // namespace
}  // namespace remora::reconcilers
