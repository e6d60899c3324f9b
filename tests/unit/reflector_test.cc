#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "operator/base/log.h"
#include "operator/runtime/lister_watcher.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/reflector.h"
#include "tests/fakes/fake_clock.h"

namespace remora::runtime {
namespace {

using namespace std::chrono_literals;
using kube::WatchEvent;
using kube::WatchEventType;
using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json Object(const std::string& name, const std::string& version, const std::string& text = "") {
  return {{"metadata", {{"namespace", "shop"}, {"name", name}, {"resourceVersion", version}}},
          {"text", text}};
}

WatchEvent Event(WatchEventType type, const std::string& name, const std::string& version,
                 const std::string& text = "") {
  return {type, Object(name, version, text)};
}

Error Fault(ErrorCode code) { return Error(code, "asked to fail"); }

// Answers from a script and writes down what it was asked.
class FakeListerWatcher final : public ListerWatcher {
 public:
  using Outcome = Result<std::optional<WatchEvent>>;

  Result<kube::ListPage> List(const std::string& token, std::stop_token /*stop*/) override {
    calls.push_back("list " + token);
    if (pages.empty()) return Fault(ErrorCode::kInternal);
    auto page = std::move(pages.front());
    pages.pop_front();
    return page;
  }

  Result<std::unique_ptr<EventSource>> Watch(const std::string& version,
                                             std::stop_token /*stop*/) override {
    calls.push_back("watch " + version);
    if (refusals.empty()) return std::unique_ptr<EventSource>(std::make_unique<Stream>(*this));
    const Error refusal = refusals.front();
    refusals.pop_front();
    return refusal;
  }

  std::deque<Result<kube::ListPage>> pages;
  std::deque<Error> refusals;  // of watches; empty: accept
  std::deque<Outcome> events;  // of all streams, in order; empty: a clean end
  std::vector<std::string> calls;

 private:
  class Stream final : public EventSource {
   public:
    explicit Stream(FakeListerWatcher& owner) : owner_(owner) {}
    Outcome Next(std::stop_token /*stop*/) override {
      if (owner_.events.empty()) return std::optional<WatchEvent>();
      auto event = std::move(owner_.events.front());
      owner_.events.pop_front();
      return event;
    }

   private:
    FakeListerWatcher& owner_;
  };
};

class RecordingSink final : public ObjectSink {
 public:
  // One object named so is too much for it.
  static constexpr char kPoison[] = "poison";

  void TakePage(std::vector<json> objects, PagePlace place) override {
    for (const json& object : objects) Taste(object);
    std::string line = place.first ? "first" : "next";
    if (place.last) line = place.first ? "list" : "last";
    for (const json& object : objects) line += " " + object["metadata"]["name"].get<std::string>();
    lines.push_back(line);
  }
  void Apply(const WatchEvent& event) override {
    Taste(event.object);
    const char* const names[] = {"added ", "modified ", "deleted ", "bookmark "};
    lines.push_back(names[static_cast<int>(event.type)] +
                    event.object["metadata"]["name"].get<std::string>());
  }
  std::vector<std::string> lines;

 private:
  static void Taste(const json& object) {
    if (object["metadata"]["name"] == kPoison) throw std::runtime_error("spat out");
  }
};

class ReflectorTest : public ::testing::Test {
 protected:
  ReflectorTest() {
    clock_.SkipSleeps();
    RedirectLog([this](std::string_view line) { log_.emplace_back(line); });
  }
  ~ReflectorTest() override { RedirectLog(nullptr); }

  static kube::ListPage Page(std::vector<json> items, const std::string& version,
                             const std::string& token = "") {
    return {std::move(items), version, token};
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) reflector_.Step(std::stop_token());
  }
  // Empty → Listing → Watching with an open stream.
  void ListAndWatch(const std::string& version = "10") {
    source_.pages.emplace_back(Page({Object("a", "9")}, version));
    Steps(3);
    source_.calls.clear();
    sink_.lines.clear();
  }

  testing::FakeClock clock_;
  FakeListerWatcher source_;
  RecordingSink sink_;
  std::vector<std::string> log_;
  Reflector reflector_{
      {.name = "things", .source = source_, .sink = sink_, .clock = clock_, .random = [] {
         return 1.0;
       }}};
};

TEST_F(ReflectorTest, ListsOnceThenWatchesFromTheListsVersion) {
  source_.pages.emplace_back(Page({Object("a", "3"), Object("b", "7")}, "10"));
  source_.events.emplace_back(Event(WatchEventType::kAdded, "c", "11"));
  source_.events.emplace_back(Event(WatchEventType::kDeleted, "a", "12"));
  Steps(5);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "watch 10"));
  EXPECT_THAT(sink_.lines, ElementsAre("list a b", "added c", "deleted a"));
  EXPECT_EQ(reflector_.metrics().lists, 1u);
  EXPECT_EQ(reflector_.metrics().watches, 1u);
  EXPECT_EQ(reflector_.metrics().events, 2u);
  EXPECT_EQ(reflector_.metrics().failures, 0u);
  EXPECT_EQ(reflector_.metrics().last_contact, clock_.WallNow());
}

// case 64
TEST_F(ReflectorTest, PassesOverAnEventThatTheSinkCannotDigest) {
  ListAndWatch();
  source_.events.emplace_back(Event(WatchEventType::kModified, RecordingSink::kPoison, "11"));
  source_.events.emplace_back(Event(WatchEventType::kModified, "a", "12"));
  source_.events.emplace_back(Fault(ErrorCode::kUnavailable));
  Steps(4);
  EXPECT_THAT(sink_.lines, ElementsAre("modified a"));
  EXPECT_THAT(source_.calls, ElementsAre("watch 12"));
  EXPECT_THAT(log_, Contains(HasSubstr("spat out")));
}

// case 64
TEST_F(ReflectorTest, MakesAListAnewThatTheSinkCannotDigest) {
  source_.pages.emplace_back(Page({Object(RecordingSink::kPoison, "3")}, "10"));
  source_.pages.emplace_back(Page({Object("a", "3")}, "12"));
  Steps(5);
  EXPECT_THAT(sink_.lines, ElementsAre("list a"));
  EXPECT_THAT(source_.calls, ElementsAre("list ", "list ", "watch 12"));
  EXPECT_EQ(reflector_.metrics().failures, 1u);
  EXPECT_THAT(clock_.sleeps(), ElementsAre(250ms));
}

TEST_F(ReflectorTest, AKindThatIsNotServedIsEmptyForWhoSaysSo) {
  Reflector tolerant({.name = "things",
                      .source = source_,
                      .sink = sink_,
                      .clock = clock_,
                      .absent_is_empty = true,
                      .random = [] { return 1.0; }});
  for (int i = 0; i < 2; ++i) source_.pages.emplace_back(Fault(ErrorCode::kNotFound));
  source_.pages.emplace_back(Page({Object("a", "3")}, "10"));
  for (int i = 0; i < 5; ++i) tolerant.Step(std::stop_token());
  EXPECT_THAT(sink_.lines, ElementsAre("list", "list a")) << "empty once, then what there is";
  EXPECT_THAT(clock_.sleeps(), ElementsAre(250ms, 500ms)) << "and looked for with a back-off";
  // What has been read stays: an API server that does not know the kind yet empties nothing.
  source_.events.emplace_back(Fault(ErrorCode::kGone));
  source_.pages.emplace_back(Fault(ErrorCode::kNotFound));
  for (int i = 0; i < 3; ++i) tolerant.Step(std::stop_token());
  EXPECT_THAT(sink_.lines, ElementsAre("list", "list a"));
}

TEST_F(ReflectorTest, HandsOnPageByPage) {
  source_.pages.emplace_back(Page({Object("a", "3")}, "10", "next"));
  source_.pages.emplace_back(Page({Object("b", "4")}, "10", "last"));
  source_.pages.emplace_back(Page({Object("c", "5")}, "10"));
  Steps(5);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "list next", "list last", "watch 10"));
  EXPECT_THAT(sink_.lines, ElementsAre("first a", "next b", "last c"));
  EXPECT_EQ(reflector_.metrics().lists, 1u);
}

TEST_F(ReflectorTest, ResumesACutWatchFromTheLastEventWithoutAnotherList) {
  ListAndWatch();
  source_.events.emplace_back(Event(WatchEventType::kModified, "a", "15"));
  source_.events.emplace_back(Fault(ErrorCode::kUnavailable));
  source_.events.emplace_back(Event(WatchEventType::kModified, "a", "16"));
  Steps(4);
  EXPECT_THAT(source_.calls, ElementsAre("watch 15"));
  EXPECT_THAT(sink_.lines, ElementsAre("modified a", "modified a"));
  EXPECT_EQ(reflector_.metrics().restarts, 1u);
  EXPECT_EQ(reflector_.metrics().lists, 1u);
}

TEST_F(ReflectorTest, ResumesFromABookmarkWithoutTellingTheSink) {
  ListAndWatch();
  source_.events.emplace_back(
      WatchEvent{WatchEventType::kBookmark, {{"metadata", {{"resourceVersion", "40"}}}}});
  source_.events.emplace_back(Fault(ErrorCode::kUnavailable));
  Steps(3);
  EXPECT_THAT(source_.calls, ElementsAre("watch 40"));
  EXPECT_THAT(sink_.lines, IsEmpty());
  EXPECT_EQ(reflector_.metrics().events, 0u);
}

TEST_F(ReflectorTest, ListsAgainWhenTheStreamSaysGone) {
  ListAndWatch();
  source_.events.emplace_back(Fault(ErrorCode::kGone));
  source_.pages.emplace_back(Page({Object("b", "90")}, "99"));
  Steps(4);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "watch 99"));
  EXPECT_THAT(sink_.lines, ElementsAre("list b"));
  EXPECT_EQ(reflector_.metrics().lists, 2u);
  EXPECT_EQ(reflector_.metrics().restarts, 0u);
}

TEST_F(ReflectorTest, ListsAgainWhenTheWatchIsRefusedAsGone) {
  source_.refusals.push_back(Fault(ErrorCode::kGone));
  source_.pages.emplace_back(Page({}, "10"));
  source_.pages.emplace_back(Page({}, "99"));
  Steps(6);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "watch 10", "list ", "watch 99"));
}

TEST_F(ReflectorTest, StartsTheListOverWhenItsContinueTokenHasExpired) {
  source_.pages.emplace_back(Page({Object("old", "3")}, "10", "next"));
  source_.pages.emplace_back(Fault(ErrorCode::kGone));
  source_.pages.emplace_back(Page({Object("new", "20")}, "21"));
  Steps(5);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "list next", "list "));
  EXPECT_THAT(sink_.lines, ElementsAre("first old", "list new"));
}

TEST_F(ReflectorTest, AsksForTheSamePageAgainAfterAFailureAndKeepsTheOthers) {
  source_.pages.emplace_back(Page({Object("a", "3")}, "10", "next"));
  source_.pages.emplace_back(Fault(ErrorCode::kUnavailable));
  source_.pages.emplace_back(Page({Object("b", "4")}, "10"));
  Steps(4);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "list next", "list next"));
  EXPECT_THAT(sink_.lines, ElementsAre("first a", "last b"));
}

TEST_F(ReflectorTest, BacksOffLongerAfterEveryFailureAndBrieflyAgainAfterAnEvent) {
  ListAndWatch();
  for (int i = 0; i < 3; ++i) source_.refusals.push_back(Fault(ErrorCode::kUnavailable));
  source_.events.emplace_back(Fault(ErrorCode::kUnavailable));
  source_.events.emplace_back(Event(WatchEventType::kAdded, "b", "11"));
  source_.events.emplace_back(Fault(ErrorCode::kUnavailable));
  Steps(7);
  EXPECT_THAT(clock_.sleeps(), ElementsAre(250ms, 500ms, 1s, 2s, 250ms));
}

TEST_F(ReflectorTest, ListsAgainWhenNothingIsHeardForLongerThanBookmarksTake) {
  ListAndWatch();
  clock_.Advance(300s);
  source_.pages.emplace_back(Page({Object("restored", "3")}, "4"));
  Steps(4);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "watch 4"));
  EXPECT_THAT(sink_.lines, ElementsAre("list restored"));
  EXPECT_THAT(clock_.sleeps(), IsEmpty());
}

TEST_F(ReflectorTest, ListsAgainAfterFiveShortWatchesOnWhichNothingWasHeard) {
  ListAndWatch();
  source_.pages.emplace_back(Page({Object("restored", "3")}, "4"));
  Steps(4 * 2 + 1 + 3);
  EXPECT_THAT(source_.calls,
              ElementsAre("watch 10", "watch 10", "watch 10", "watch 10", "list ", "watch 4"));
}

TEST_F(ReflectorTest, CountsSilentWatchesAnewAfterABookmark) {
  ListAndWatch();
  Steps(4 * 2);  // four silent ones; the fifth is open
  source_.events.emplace_back(
      WatchEvent{WatchEventType::kBookmark, {{"metadata", {{"resourceVersion", "40"}}}}});
  Steps(1 + 5);
  EXPECT_EQ(source_.calls.back(), "watch 40");
  EXPECT_EQ(reflector_.metrics().lists, 1u);
}

TEST_F(ReflectorTest, ListsAgainWhenAnEventIsOlderThanWhatItHasSeen) {
  ListAndWatch("99");
  source_.events.emplace_back(Event(WatchEventType::kModified, "a", "100", "new"));
  source_.events.emplace_back(Event(WatchEventType::kModified, "a", "98", "old"));
  source_.pages.emplace_back(Page({Object("a", "100")}, "101"));
  Steps(5);
  EXPECT_THAT(source_.calls, ElementsAre("list ", "watch 101"));
  EXPECT_THAT(sink_.lines, ElementsAre("modified a", "list a"));
}

TEST_F(ReflectorTest, TakesTheSameEventTwice) {
  ListAndWatch();
  for (int i = 0; i < 2; ++i) {
    source_.events.emplace_back(Event(WatchEventType::kModified, "a", "11"));
  }
  Steps(2);
  EXPECT_EQ(reflector_.metrics().lists, 1u);
  EXPECT_EQ(reflector_.metrics().failures, 0u);
}

TEST_F(ReflectorTest, DoesNotSpinOnAServerThatEndsEveryWatchAtOnce) {
  ListAndWatch();
  Steps(6);  // three clean ends, two reopened
  EXPECT_THAT(clock_.sleeps(), ElementsAre(250ms, 500ms, 1s));
  EXPECT_EQ(reflector_.metrics().lists, 1u);
}

TEST_F(ReflectorTest, ReopensAtOnceWhenAWatchEndsAtItsTimeOut) {
  ListAndWatch();
  source_.events.emplace_back(
      WatchEvent{WatchEventType::kBookmark, {{"metadata", {{"resourceVersion", "40"}}}}});
  Steps(1);
  clock_.Advance(300s);
  Steps(2);
  EXPECT_THAT(source_.calls, ElementsAre("watch 40"));
  EXPECT_THAT(clock_.sleeps(), IsEmpty());
  EXPECT_EQ(reflector_.metrics().failures, 0u);
}

TEST_F(ReflectorTest, SaysThatACrdIsMissingAndKeepsAsking) {
  source_.pages.emplace_back(Fault(ErrorCode::kNotFound));
  source_.pages.emplace_back(Page({}, "10"));
  Steps(2);
  EXPECT_THAT(sink_.lines, IsEmpty());
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_THAT(log_[0], HasSubstr("the API server does not serve this kind yet: apply its CRD"));
  EXPECT_THAT(log_[0], HasSubstr(R"("resource":"things")"));
  Steps(1);
  EXPECT_THAT(sink_.lines, ElementsAre("list"));
}

TEST_F(ReflectorTest, RunEndsWhenAskedToDuringTheBackOff) {
  testing::FakeClock clock;  // sleeps until stopped
  Reflector reflector({.name = "things", .source = source_, .sink = sink_, .clock = clock});
  source_.pages.emplace_back(Fault(ErrorCode::kUnavailable));
  Manager manager;
  manager.Add("reflector", [&](std::stop_token stop) { reflector.Run(stop); });
  clock.WaitForSleepers(1);
  manager.Stop();
  EXPECT_EQ(reflector.metrics().failures, 1u);
}

}  // namespace
}  // namespace remora::runtime
