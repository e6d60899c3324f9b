#include "webhook/live_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/fake_clock.h"

namespace remora::webhook {
namespace {

using namespace std::chrono_literals;
using injection::StoredPattern;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PatternKey Key(const std::string& name) { return {api::PatternKind::kSidecar, "shop", name}; }

class LiveLookupTest : public ::testing::Test {
 protected:
  // Answers by name: what begins with "there" is there, "silent" is late, "broken" throws, the rest
  // is missing.
  Result<LiveLookup::Pattern> Fetch(const PatternKey& key, std::chrono::milliseconds limit) {
    {
      MutexLock lock(mutex_);
      ++asked_[key.name];
      limit_ = limit;
    }
    if (hold_ != nullptr) hold_->wait();
    if (key.name.starts_with("there")) {
      auto stored = std::make_shared<StoredPattern>();
      stored->name = key.name;
      return LiveLookup::Pattern(stored);
    }
    if (key.name.starts_with("silent")) return Error(ErrorCode::kDeadlineExceeded, "late");
    if (key.name.starts_with("cut")) return Error(ErrorCode::kUnavailable, "connection refused");
    if (key.name.starts_with("broken")) throw std::runtime_error("no JSON");
    return Error(ErrorCode::kNotFound, "not found");
  }

  LiveLookup& Make(LiveLookup::Options options = {}) {
    lookup_ =
        std::make_unique<LiveLookup>([this](const PatternKey& key, std::chrono::milliseconds limit,
                                            const std::stop_token&) { return Fetch(key, limit); },
                                     clock_, options);
    return *lookup_;
  }

  // Asks, waits, and reads.
  std::vector<LiveLookup::Pattern> Know(const std::vector<PatternKey>& keys) {
    std::latch done(1);
    lookup_->Ask(keys, [&] { done.count_down(); });
    done.wait();
    std::vector<LiveLookup::Pattern> found;
    EXPECT_TRUE(lookup_->Read(keys, LiveLookup::Age::kAny, found));
    return found;
  }

  bool IsKnown(const std::string& name, LiveLookup::Age age = LiveLookup::Age::kFresh) {
    std::vector<LiveLookup::Pattern> found;
    const std::vector<PatternKey> keys{Key(name)};
    return lookup_->Read(keys, age, found);
  }

  int Asked(const std::string& name) {
    MutexLock lock(mutex_);
    return asked_[name];
  }

  testing::FakeClock clock_;
  std::latch* hold_ = nullptr;
  Mutex mutex_;
  std::map<std::string, int> asked_ GUARDED_BY(mutex_);
  std::chrono::milliseconds limit_ GUARDED_BY(mutex_){};
  std::unique_ptr<LiveLookup> lookup_;
};

TEST_F(LiveLookupTest, TellsWhatIsThereAndWhatIsNot) {
  Make();
  EXPECT_FALSE(IsKnown("there"));
  const auto found = Know({Key("there"), Key("missing")});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0]->name, "there");
  EXPECT_EQ(found[0]->refusal, std::nullopt);
  EXPECT_EQ(limit_, 500ms);
}

TEST_F(LiveLookupTest, SaysWhyANameCouldNotBeAskedFor) {
  Make();
  for (const auto& [name, complaint] :
       std::map<std::string, std::string>{{"silent", "did not answer within 500 ms"},
                                          {"cut", "could not be asked: connection refused"},
                                          {"broken", "no JSON"}}) {
    const auto found = Know({Key(name)});
    ASSERT_THAT(found, SizeIs(1)) << name;
    EXPECT_EQ(found[0]->refusal, api::Reason::kDeadlineExceeded);
    EXPECT_EQ(found[0]->name, name);
    EXPECT_EQ(found[0]->namespace_name, "shop");
    EXPECT_THAT(found[0]->complaint, HasSubstr(complaint));
  }
}

TEST_F(LiveLookupTest, AsksForAMissingNameOnceASecond) {
  Make();
  for (int i = 0; i < 10; ++i) Know({Key("missing")});
  EXPECT_EQ(Asked("missing"), 1);
  clock_.Advance(999ms);
  EXPECT_TRUE(IsKnown("missing"));
  clock_.Advance(1ms);
  EXPECT_FALSE(IsKnown("missing"));
  EXPECT_TRUE(IsKnown("missing", LiveLookup::Age::kAny));
  Know({Key("missing")});
  EXPECT_EQ(Asked("missing"), 2);
}

TEST_F(LiveLookupTest, ForgetsSoonWhatItHasFound) {
  Make();
  Know({Key("there")});
  clock_.Advance(100ms);
  EXPECT_FALSE(IsKnown("there"));
}

TEST_F(LiveLookupTest, SharesOneQuestionAmongAllWhoAskAtOnce) {
  std::latch hold(1);
  hold_ = &hold;
  Make();
  std::latch done(20);
  const std::vector<PatternKey> keys{Key("there"), Key("missing")};
  for (int i = 0; i < 20; ++i) lookup_->Ask(keys, [&] { done.count_down(); });
  EXPECT_FALSE(IsKnown("there"));
  hold.count_down();
  done.wait();
  EXPECT_EQ(Asked("there"), 1);
  EXPECT_EQ(Asked("missing"), 1);
}

TEST_F(LiveLookupTest, TellsWhoComesTooLateThatTheQueueIsFull) {
  std::latch hold(1);
  hold_ = &hold;
  Make({.threads = 1, .max_queue = 2});
  std::atomic<int> done = 0;
  for (int i = 0; i < 10; ++i) {
    const std::vector<PatternKey> keys{Key("missing-" + std::to_string(i))};
    lookup_->Ask(keys, [&] { ++done; });
  }
  EXPECT_GE(done, 7);  // one is being asked for, two wait
  hold.count_down();
  lookup_->Stop();
  EXPECT_EQ(done, 10);
}

TEST_F(LiveLookupTest, DoesNotAskWhenTheTimeIsOverBeforeItsTurn) {
  std::latch hold(1);
  hold_ = &hold;
  Make({.threads = 1});
  const std::vector<PatternKey> first{Key("first")};
  const std::vector<PatternKey> second{Key("second")};
  std::latch done(2);
  lookup_->Ask(first, [&] { done.count_down(); });
  while (Asked("first") == 0) std::this_thread::yield();
  lookup_->Ask(second, [&] { done.count_down(); });
  clock_.Advance(500ms);
  hold.count_down();
  done.wait();
  EXPECT_EQ(Asked("second"), 0);
  std::vector<LiveLookup::Pattern> found;
  ASSERT_TRUE(lookup_->Read(second, LiveLookup::Age::kFresh, found));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0]->complaint, HasSubstr("no time to ask"));
}

TEST_F(LiveLookupTest, AnswersAtOnceOnceItHasStopped) {
  Make().Stop();
  const auto found = Know({Key("there")});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0]->refusal, api::Reason::kDeadlineExceeded);
  EXPECT_EQ(Asked("there"), 0);
}

}  // namespace
}  // namespace remora::webhook
