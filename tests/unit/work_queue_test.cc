#include "operator/runtime/work_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <string>
#include <thread>

#include "operator/runtime/controller.h"
#include "tests/fakes/fake_clock.h"

namespace remora::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Key {
  std::string name;
  auto operator<=>(const Key&) const = default;
  std::string ToString() const { return name; }
};
using Queue = WorkQueue<Key>;

double ThreadCpuSeconds() {
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class WorkQueueTest : public ::testing::Test {
 protected:
  // The names of all keys that are due, in their order; they count as under way.
  std::string Take() {
    std::string names;
    while (const auto key = queue_.TryGet()) names += key->name;
    return names;
  }

  testing::FakeClock clock_;
  Queue queue_{clock_,
               {.backoff = {.initial = milliseconds(100), .max = seconds(10)},
                .random = [] { return 1.0; }}};
};

TEST_F(WorkQueueTest, GivesEachWaitingKeyOnceInTheOrderOfAdding) {
  for (const char* name : {"b", "a", "b"}) queue_.Add({name});
  EXPECT_EQ(queue_.metrics().depth, 2U);
  EXPECT_EQ(Take(), "ba");
}

TEST_F(WorkQueueTest, NeverGivesAKeyTwiceAtOnceAndLosesNoAdd) {
  queue_.Add({"a"});
  EXPECT_EQ(Take(), "a");
  queue_.Add({"a"});
  queue_.Add({"a"});
  EXPECT_EQ(Take(), "") << "it is being worked on";
  queue_.Done({"a"});
  EXPECT_EQ(Take(), "a");
  queue_.Done({"a"});
  EXPECT_EQ(Take(), "");
}

TEST_F(WorkQueueTest, OfTwoDelaysTheEarlierCounts) {
  queue_.AddAfter({"a"}, seconds(10));
  queue_.AddAfter({"a"}, seconds(2));
  queue_.AddAfter({"a"}, seconds(5));
  clock_.Advance(seconds(1));
  EXPECT_EQ(Take(), "");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Take(), "a");
  queue_.Done({"a"});
  clock_.Advance(seconds(60));
  EXPECT_EQ(Take(), "") << "once";
}

TEST_F(WorkQueueTest, OfDelayedKeysTheOneThatWasDueFirstComesFirst) {
  queue_.AddAfter({"a"}, seconds(3));
  queue_.AddAfter({"b"}, seconds(2));
  queue_.AddAfter({"c"}, seconds(3));
  clock_.Advance(seconds(5));
  EXPECT_EQ(Take(), "bac");
}

// Many patterns, all of which are to be looked at again at some time. Going through all of them for each
// would take sixteen times as long for four times as many.
TEST_F(WorkQueueTest, TakingOneOfManyDelayedKeysCostsNoLookAtTheOthers) {
  const auto cpu_seconds_of = [](int keys) {
    testing::FakeClock clock;
    Queue queue(clock);
    for (int i = 0; i < keys; ++i) queue.AddAfter({std::to_string(i)}, milliseconds(i + 1));
    const double begun = ThreadCpuSeconds();
    for (int i = 0; i < keys; ++i) {
      clock.Advance(milliseconds(1));
      const auto key = queue.TryGet();
      EXPECT_TRUE(key && key->name == std::to_string(i)) << i;
      if (key) queue.Done(*key);
    }
    return ThreadCpuSeconds() - begun;
  };
  constexpr int kKeys = 8'000;
  const double few = cpu_seconds_of(kKeys);
  EXPECT_LT(cpu_seconds_of(4 * kKeys), 9 * few);
}

TEST_F(WorkQueueTest, AnAddNeedNotWaitForADelay) {
  queue_.AddAfter({"a"}, seconds(10));
  queue_.Add({"a"});
  EXPECT_EQ(Take(), "a");
  queue_.Done({"a"});
  clock_.Advance(seconds(60));
  EXPECT_EQ(Take(), "");
}

TEST_F(WorkQueueTest, WaitsLongerAfterEveryFailureOfAKeyUntilItIsForgotten) {
  const auto fails = [this](milliseconds wait) {
    queue_.AddRateLimited({"a"});
    clock_.Advance(wait - milliseconds(1));
    EXPECT_EQ(Take(), "") << wait.count();
    clock_.Advance(milliseconds(1));
    EXPECT_EQ(Take(), "a") << wait.count();
    queue_.Done({"a"});
  };
  fails(milliseconds(100));
  fails(milliseconds(200));
  fails(milliseconds(400));
  queue_.Forget({"a"});
  fails(milliseconds(100));
  EXPECT_EQ(queue_.metrics().retries, 4U);
}

TEST_F(WorkQueueTest, MeasuresWaitingAndWorking) {
  queue_.Add({"a"});
  clock_.Advance(seconds(3));
  EXPECT_EQ(Take(), "a");
  clock_.Advance(seconds(2));
  EXPECT_EQ(queue_.metrics().longest_running, seconds(2));
  queue_.Done({"a"});
  EXPECT_EQ(queue_.metrics().waited, seconds(3));
  EXPECT_EQ(queue_.metrics().worked, seconds(2));
  EXPECT_EQ(queue_.metrics().longest_running, seconds(0));
}

// Two workers, one producer: the tripwire is a key that is worked on twice at once.
TEST(WorkQueueThreads, KeepsWorkersOffTheSameKey) {
  SystemClock clock;
  Queue queue(clock);
  constexpr int kAdds = 2000;
  std::atomic<int> running = 0;
  std::atomic<int> worked = 0;
  std::atomic<bool> twice = false;
  std::stop_source stop;
  const auto work = [&] {
    while (const auto key = queue.Get(stop.get_token())) {
      if (++running > 1) twice = true;
      ++worked;
      --running;
      queue.Done(*key);
    }
  };
  std::jthread first(work);
  std::jthread second(work);
  for (int i = 0; i < kAdds; ++i) queue.AddAfter({"only"}, std::chrono::microseconds(i % 3));
  const int before = worked;
  queue.Add({"only"});
  while (worked == before || queue.metrics().depth > 0) std::this_thread::yield();
  stop.request_stop();
  EXPECT_FALSE(twice);
}

class ScriptedReconciler final : public Reconciler<Key> {
 public:
  Result<Requeue> Reconcile(const Key& /*key*/, std::stop_token /*stop*/) override {
    ++calls;
    if (throws) throw std::runtime_error("poison");
    return result;
  }
  Result<Requeue> result = Requeue();
  bool throws = false;
  int calls = 0;
};

class ControllerTest : public WorkQueueTest {
 protected:
  ~ControllerTest() override { RedirectLog(nullptr); }
  bool Next() { return controller_.ProcessNext(std::stop_token()); }

  std::vector<std::string> log_;
  ScriptedReconciler reconciler_;
  bool leads_ = true;
  Controller<Key> controller_{
      {.name = "things", .queue = queue_, .reconciler = reconciler_, .may_run = [this] {
         return leads_;
       }}};
};

TEST_F(ControllerTest, ComesAgainAtTheTimeThatIsAskedFor) {
  reconciler_.result = Requeue(seconds(30));
  queue_.Add({"a"});
  EXPECT_TRUE(Next());
  EXPECT_FALSE(Next());
  clock_.Advance(seconds(30));
  EXPECT_TRUE(Next());
}

TEST_F(ControllerTest, LogsAFailureAndTriesAgain) {
  RedirectLog([this](std::string_view line) { log_.emplace_back(line); });
  reconciler_.result = Error(ErrorCode::kUnavailable, "no route");
  queue_.Add({"a"});
  EXPECT_TRUE(Next());
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_THAT(log_[0], ::testing::HasSubstr("no route"));
  clock_.Advance(milliseconds(100));
  EXPECT_TRUE(Next());
}

TEST_F(ControllerTest, AConflictIsTriedAgainWithoutALine) {
  RedirectLog([this](std::string_view line) { log_.emplace_back(line); });
  reconciler_.result = Error(ErrorCode::kConflict, "changed");
  queue_.Add({"a"});
  EXPECT_TRUE(Next());
  EXPECT_THAT(log_, ::testing::IsEmpty());
  clock_.Advance(milliseconds(100));
  EXPECT_TRUE(Next());
}

TEST_F(ControllerTest, APoisonObjectHoldsUpNobody) {
  RedirectLog([this](std::string_view line) { log_.emplace_back(line); });
  reconciler_.throws = true;
  queue_.Add({"poison"});
  queue_.Add({"b"});
  EXPECT_TRUE(Next());
  EXPECT_TRUE(Next());
  EXPECT_EQ(reconciler_.calls, 2);
  EXPECT_THAT(log_[0], ::testing::HasSubstr("poison"));
}

TEST_F(ControllerTest, DoesNothingWhileAnotherLeads) {
  leads_ = false;
  queue_.Add({"a"});
  EXPECT_TRUE(Next());
  EXPECT_EQ(reconciler_.calls, 0);
  leads_ = true;
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Next());
  EXPECT_EQ(reconciler_.calls, 1);
}

}  // namespace
}  // namespace remora::runtime
