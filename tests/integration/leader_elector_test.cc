#include "operator/runtime/leader_elector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "operator/base/log.h"
#include "tests/fakes/fake_api_server.h"
#include "tests/fakes/fake_clock.h"

namespace remora::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kLeases = "/apis/coordination.k8s.io/v1/leases";

// One process, with a clock of its own.
struct Process {
  Process(const testing::FakeApiServer& server, const std::string& identity)
      : client(*kube::Client::Make(
            {.server = server.url(), .authority_pem = server.certificate().authority_pem})),
        elector({.client = *client,
                 .clock = clock,
                 .identity = identity,
                 .lease = {"remora-system", "remora-operator"}}) {}
  bool Try() { return elector.TryOnce(std::stop_token()); }

  testing::FakeClock clock;
  std::unique_ptr<kube::Client> client;
  LeaderElector elector;
};

class LeaderElectorTest : public ::testing::Test {
 protected:
  LeaderElectorTest() {
    RedirectLog([](std::string_view /*line*/) {});
  }
  ~LeaderElectorTest() override { RedirectLog(nullptr); }

  testing::FakeApiServer server_;
  Process a_{server_, "a"};
  Process b_{server_, "b"};
};

TEST_F(LeaderElectorTest, OneOfTwoHoldsTheLease) {
  EXPECT_TRUE(a_.Try());
  EXPECT_FALSE(b_.Try());
  EXPECT_TRUE(a_.elector.HoldsLease());
  EXPECT_FALSE(b_.elector.HoldsLease());
  EXPECT_EQ(b_.elector.holder(), "a");
}

TEST_F(LeaderElectorTest, TakesALeaseThatHasStoodStillForItsDuration) {
  ASSERT_TRUE(a_.Try());
  EXPECT_FALSE(b_.Try());
  b_.clock.Advance(seconds(14));
  EXPECT_FALSE(b_.Try());
  b_.clock.Advance(seconds(1));
  EXPECT_TRUE(b_.Try());
  EXPECT_FALSE(a_.Try()) << "it sees that it has lost";
}

TEST_F(LeaderElectorTest, DoesNotTakeALeaseThatIsRenewed) {
  ASSERT_TRUE(a_.Try());
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(b_.Try());
    b_.clock.Advance(seconds(10));
    a_.clock.Advance(seconds(10));
    EXPECT_TRUE(a_.Try());
  }
}

// The times in the Lease are another machine's: a clock that is hours off makes nobody leader.
TEST_F(LeaderElectorTest, IgnoresTheTimesThatAreWrittenInTheLease) {
  server_.Put(kLeases, {{"metadata", {{"namespace", "remora-system"}, {"name", "remora-operator"}}},
                        {"spec",
                         {{"holderIdentity", "a"},
                          {"leaseDurationSeconds", 15},
                          {"renewTime", "2001-01-01T00:00:00.000000Z"}}}});
  EXPECT_FALSE(b_.Try());
  b_.clock.Advance(seconds(14));
  EXPECT_FALSE(b_.Try());
}

// Before another process may take it: 10 s against 15 s since the renewal began.
TEST_F(LeaderElectorTest, StopsHoldingBeforeAnybodyElseMayTakeIt) {
  ASSERT_TRUE(a_.Try());
  a_.clock.Advance(seconds(9));
  EXPECT_TRUE(a_.elector.HoldsLease());
  a_.clock.Advance(seconds(1));
  EXPECT_FALSE(a_.elector.HoldsLease());
}

TEST_F(LeaderElectorTest, HoldReturnsWhenRenewingFailsForTooLong) {
  ASSERT_TRUE(a_.Try());
  a_.clock.SkipSleeps();
  for (int i = 0; i < 30; ++i) server_.FailNext("get", {.status = 500});
  a_.elector.Hold(std::stop_token());
  EXPECT_FALSE(a_.elector.HoldsLease());
  const auto sleeps = a_.clock.sleeps();
  ASSERT_GT(sleeps.size(), 2U);
  EXPECT_GE(sleeps[0], std::chrono::seconds(2));
  EXPECT_LT(sleeps[1], std::chrono::seconds(1)) << "what has failed is tried again sooner";
}

// The answer to its reading comes when next to nothing is left, that to its writing never.
TEST_F(LeaderElectorTest, HoldEndsWithTheLeaseHoweverSlowTheApiServerIs) {
  ASSERT_TRUE(a_.Try());
  a_.clock.SkipSleeps();
  server_.FailNext("get", {.before = [this] { a_.clock.Advance(milliseconds(7'500)); }});
  server_.FailNext("update", {.silent = true, .before = [this] { a_.clock.Advance(seconds(1)); }});
  const auto begun = std::chrono::steady_clock::now();
  a_.elector.Hold(std::stop_token());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(5)) << "it may not wait for ten";
  EXPECT_FALSE(a_.elector.HoldsLease());
}

TEST_F(LeaderElectorTest, WritesNothingWhenNoTimeIsLeftForIt) {
  ASSERT_TRUE(a_.Try());
  a_.clock.SkipSleeps();
  server_.FailNext("get", {.before = [this] { a_.clock.Advance(seconds(10)); }});
  a_.elector.Hold(std::stop_token());
  EXPECT_EQ(server_.Count("update"), 0);
}

TEST_F(LeaderElectorTest, OfTwoThatWriteAtOnceOneGetsAConflict) {
  server_.Put(kLeases, {{"metadata", {{"namespace", "remora-system"}, {"name", "remora-operator"}}},
                        {"spec", {{"holderIdentity", ""}}}});
  server_.FailNext("update", {.before = [this] { EXPECT_TRUE(b_.Try()); }});
  EXPECT_FALSE(a_.Try());
  EXPECT_TRUE(b_.elector.HoldsLease());
  EXPECT_FALSE(a_.elector.HoldsLease());
}

TEST_F(LeaderElectorTest, KeepsTheLeaseThroughTwoConflicts) {
  ASSERT_TRUE(a_.Try());
  for (int i = 0; i < 2; ++i) {
    server_.FailNext("update", {.status = 409, .reason = "Conflict", .collection = kLeases});
    a_.clock.Advance(seconds(2));
    EXPECT_FALSE(a_.Try());
    EXPECT_TRUE(a_.elector.HoldsLease()) << "until its time is over";
    EXPECT_FALSE(b_.Try());
  }
  EXPECT_TRUE(a_.Try());
  a_.clock.Advance(seconds(9));
  EXPECT_TRUE(a_.elector.HoldsLease()) << "it is renewed";
}

TEST_F(LeaderElectorTest, GivesTheLeaseBack) {
  ASSERT_TRUE(a_.Try());
  a_.elector.Release();
  EXPECT_FALSE(a_.elector.HoldsLease());
  EXPECT_TRUE(b_.Try()) << "at once";
}

}  // namespace
}  // namespace remora::runtime
