#include "operator/runtime/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "operator/base/mutex.h"

namespace remora::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ManagerTest : public ::testing::Test {
 protected:
  // Writes down when it starts and when it ends, and takes its time to end.
  void Add(Phase phase, const std::string& name) {
    manager_.Add(phase, name, [this, name](const std::stop_token& stop) {
      Note(name + " starts");
      Await(stop);
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      Note(name + " ends");
    });
    WaitFor(name + " starts");
  }
  void Note(const std::string& line) {
    MutexLock lock(mutex_);
    lines_.push_back(line);
    changed_.NotifyAll();
  }
  void Await(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    changed_.Wait(mutex_, stop, [] { return false; });
  }
  void WaitFor(const std::string& line) {
    MutexLock lock(mutex_);
    changed_.Wait(mutex_, std::stop_token(), [&]() REQUIRES(mutex_) {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    });
  }
  std::vector<std::string> Lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ GUARDED_BY(mutex_);
  Manager manager_;
};

TEST_F(ManagerTest, StopsThePhasesInReverseWhateverTheOrderInWhichPartsWereAdded) {
  Add(Phase::kElection, "leader");
  Add(Phase::kWork, "patterns");
  Add(Phase::kEvents, "events");
  Add(Phase::kCaches, "pods");
  manager_.Stop();
  EXPECT_THAT(Lines(),
              ElementsAre("leader starts", "patterns starts", "events starts", "pods starts",
                          "patterns ends", "pods ends", "leader ends", "events ends"));
}

// As the leader does once it leads.
TEST_F(ManagerTest, APartAddsThoseOfLaterPhases) {
  manager_.Add(Phase::kElection, "leader", [this](const std::stop_token& stop) {
    Add(Phase::kCaches, "pods");
    Add(Phase::kWork, "patterns");
    Await(stop);
    Note("leader ends");
  });
  WaitFor("patterns starts");
  manager_.Stop();
  EXPECT_THAT(Lines(), ElementsAre("pods starts", "patterns starts", "patterns ends", "pods ends",
                                   "leader ends"));
}

// One that wins the Lease while the process ends must not begin to work.
TEST_F(ManagerTest, NothingStartsOnceItStops) {
  std::atomic<bool> ran = false;
  manager_.Add(Phase::kElection, "leader", [&](const std::stop_token& stop) {
    Note("leader starts");
    Await(stop);
    manager_.Add(Phase::kWork, "late", [&](const std::stop_token&) { ran = true; });
    manager_.Add(Phase::kEvents, "later", [&](const std::stop_token&) { ran = true; });
  });
  WaitFor("leader starts");
  manager_.Stop();
  manager_.Stop();
  EXPECT_FALSE(ran);
}

TEST_F(ManagerTest, APartThatIsDoneHoldsUpNothing) {
  manager_.Add("done", [](const std::stop_token&) {});
  manager_.Stop();
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace remora::runtime
