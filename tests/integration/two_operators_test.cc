// Two operators of which one leads, each with a clock of its own for the Lease: nobody writes a status
// while the Lease is another's.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "operator/runtime/leader_elector.h"
#include "tests/fakes/fake_clock.h"
#include "tests/integration/operator_fixture.h"

namespace remora::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class TwoOperatorsTest : public OperatorTest {
 protected:
  // It works from the start on, also before it leads, so that only the Lease keeps it from writing.
  struct Process {
    Process(const FakeApiServer& server, const std::string& identity)
        : client(*kube::Client::Make(
              {.server = server.url(), .authority_pem = server.certificate().authority_pem})),
          elector({.client = *client,
                   .clock = clock,
                   .identity = identity,
                   .lease = {"remora-system", "remora-operator"}}),
          work(server,
               {.may_write = [this] { return elector.HoldsLease(); }, .user_agent = identity}) {}
    bool Try() { return elector.TryOnce(std::stop_token()); }

    FakeClock clock;
    std::unique_ptr<kube::Client> client;
    runtime::LeaderElector elector;
    RunningOperator work;
  };

  void SetUp() override {
    a_.emplace(*server_, "a");
    b_.emplace(*server_, "b");
    ASSERT_TRUE(a_->Try());
    ASSERT_FALSE(b_->Try());
    ASSERT_TRUE(Settles());
    ASSERT_TRUE(server_->WaitForOpenWatches(12));
  }
  void TearDown() override {
    a_.reset();
    b_.reset();
  }

  // How many statuses this one has written, or tried to.
  int Writes(const std::string& identity) const {
    int writes = 0;
    for (const auto& one : server_->recorded()) {
      if (one.verb == "patch" && one.request.headers.at("user-agent") == identity) ++writes;
    }
    return writes;
  }

  std::optional<Process> a_;
  std::optional<Process> b_;
};

TEST_F(TwoOperatorsTest, AClockThatJumpsMakesNoSecondLeader) {
  b_->clock.Advance(hours(1));
  ASSERT_TRUE(a_->Try()) << "which renews it";
  EXPECT_FALSE(b_->Try());
  server_->Put(kPods, Pod("web-5"));
  EXPECT_TRUE(Settles());
  EXPECT_EQ(Writes("b"), 0);
}

TEST_F(TwoOperatorsTest, WhoSleptThroughItsLeaseWritesNothingWhenItWakes) {
  const int before = Writes("a");
  a_->clock.Advance(seconds(11));  // longer than it may go without renewing
  b_->clock.Advance(seconds(11));
  EXPECT_FALSE(b_->Try());
  server_->Put(kPods, Pod("web-5"));            // work for whoever may
  const Statuses want = Undisturbed(*server_);  // takes longer than a round of the queues
  EXPECT_EQ(Writes("a"), before);
  EXPECT_EQ(Writes("b"), 0) << "the Lease covers it still";
  b_->clock.Advance(seconds(4));
  ASSERT_TRUE(b_->Try());
  EXPECT_TRUE(SettlesAs(want));
  EXPECT_EQ(Writes("a"), before);
  EXPECT_FALSE(a_->Try());
}

// Its turn began while it led: the revision is under way when it stops, and the status would be next.
TEST_F(TwoOperatorsTest, WhoSleepsInTheMiddleOfATurnWritesNothingMore) {
  const int before = Writes("a");
  server_->FailNext("create", {.before =
                                   [this] {
                                     a_->clock.Advance(seconds(11));
                                     // Longer than changes are gathered for: the status would be next.
                                     std::this_thread::sleep_for(std::chrono::milliseconds(500));
                                   },
                               .collection = "/apis/apps/v1/controllerrevisions"});
  nlohmann::json saver = Pattern("Sidecar", "saver", SaverSpec("saver:2"));
  saver["metadata"]["generation"] = 2;
  server_->Put(kSidecars, saver);
  ASSERT_TRUE(server_->WaitUntil(kPatience, [this] { return !a_->elector.HoldsLease(); }));
  const Statuses want = Undisturbed(*server_);  // takes longer than the rest of the turn
  EXPECT_EQ(Writes("a"), before);
  b_->clock.Advance(seconds(15));
  ASSERT_TRUE(b_->Try());
  EXPECT_TRUE(SettlesAs(want));
  EXPECT_EQ(Writes("a"), before);
}

// The times in the Lease are hours behind.
TEST_F(TwoOperatorsTest, TheSecondIsHoursAhead) {
  b_->clock.Advance(hours(3));
  ASSERT_TRUE(a_->Try());
  EXPECT_FALSE(b_->Try());
  for (int i = 0; i < 5; ++i) {
    a_->clock.Advance(seconds(9));
    b_->clock.Advance(seconds(9));
    ASSERT_TRUE(a_->Try());
    EXPECT_FALSE(b_->Try());
    server_->Put(kPods, Pod("web-" + std::to_string(i)));
  }
  EXPECT_TRUE(Settles());
  EXPECT_EQ(Writes("b"), 0);
}

// One that was stopped in the middle of a write, which arrives when another leads.
TEST_F(TwoOperatorsTest, AStatusThatIsWrittenLateIsMendedByTheNewLeader) {
  server_->Put(kPods, Pod("web-5"));
  ASSERT_TRUE(Settles());
  nlohmann::json late = server_->All(kSidecars)[0];
  a_->clock.Advance(seconds(15));
  b_->clock.Advance(seconds(15));
  ASSERT_TRUE(b_->Try());
  server_->Put(kPods, Pod("web-6"));
  ASSERT_TRUE(Settles());
  server_->Put(kSidecars, late);
  EXPECT_TRUE(Settles());
}

}  // namespace
}  // namespace remora::testing
