#include "operator/runtime/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "operator/base/log.h"

namespace remora::runtime {
namespace {

using kube::WatchEvent;
using kube::WatchEventType;
using nlohmann::json;
using ::testing::HasSubstr;

json Object(const std::string& name, const std::string& version, const std::string& text = "") {
  return {{"metadata", {{"namespace", "shop"}, {"name", name}, {"resourceVersion", version}}},
          {"text", text}};
}

WatchEvent Event(WatchEventType type, const std::string& name, const std::string& version,
                 const std::string& text = "") {
  return {type, Object(name, version, text)};
}

// What the tests decode into.
struct Thing {
  std::string text;
};

class StoreTest : public ::testing::Test {
 protected:
  ~StoreTest() override { RedirectLog(nullptr); }

  Result<std::shared_ptr<const Thing>> Decode(const json& object) {
    ++decoded_;
    const std::string text = object.at("text");
    if (text == "throw") throw std::runtime_error("thrown");
    if (text == "refuse") return Error(ErrorCode::kInvalid, "refused");
    if (text == "null") return std::shared_ptr<const Thing>();
    return std::make_shared<const Thing>(Thing{text});
  }

  int decoded_ = 0;
  int changes_ = 0;
  Store<Thing> store_{[this](const json& object) { return Decode(object); },
                      [this] { ++changes_; }};
  Lister<Thing> lister_ = store_.lister();
};

TEST_F(StoreTest, IsSyncedByTheFirstReplaceEvenIfThereIsNothing) {
  EXPECT_FALSE(lister_.HasSynced());
  store_.TakePage({}, kWholeList);
  EXPECT_TRUE(lister_.HasSynced());
  EXPECT_EQ(changes_, 1);
}

TEST_F(StoreTest, FindsByNamespaceAndName) {
  store_.TakePage({Object("b", "2", "two"), Object("a", "1", "one")}, kWholeList);
  EXPECT_EQ(lister_.Find({"shop", "a"})->text, "one");
  EXPECT_EQ(lister_.Find({"shop", "b"})->text, "two");
  EXPECT_EQ(lister_.Find({"other", "a"}), nullptr);
}

TEST_F(StoreTest, AppliesEventsAndTellsOnceForEach) {
  store_.TakePage({Object("a", "1", "one")}, kWholeList);
  store_.Apply(Event(WatchEventType::kAdded, "b", "4", "two"));
  store_.Apply(Event(WatchEventType::kModified, "a", "5", "uno"));
  EXPECT_EQ(lister_.Find({"shop", "a"})->text, "uno");
  store_.Apply(Event(WatchEventType::kDeleted, "a", "6", "uno"));
  EXPECT_EQ(lister_.Find({"shop", "a"}), nullptr);
  EXPECT_EQ(lister_.Find({"shop", "b"})->text, "two");
  EXPECT_EQ(changes_, 4);
  EXPECT_EQ(lister_.Load()->generation, 4u);
}

TEST_F(StoreTest, AReaderKeepsTheMomentThatItLoaded) {
  store_.TakePage({Object("a", "1", "one")}, kWholeList);
  const auto before = lister_.Load();
  store_.Apply(Event(WatchEventType::kDeleted, "a", "4"));
  EXPECT_EQ(before->Find({"shop", "a"})->value->text, "one");
  EXPECT_TRUE(lister_.Load()->entries.empty());
}

TEST_F(StoreTest, DecodesAVersionOnceAlthoughItIsListedAgain) {
  store_.TakePage({Object("a", "1", "one"), Object("b", "2", "two")}, kWholeList);
  const auto before = lister_.Find({"shop", "a"});
  store_.TakePage({Object("a", "1", "one"), Object("b", "7", "zwei")}, kWholeList);
  store_.Apply(Event(WatchEventType::kModified, "b", "7", "zwei"));  // seen in the list
  EXPECT_EQ(decoded_, 3);
  EXPECT_EQ(lister_.Find({"shop", "a"}), before);
  EXPECT_EQ(changes_, 2);
}

TEST_F(StoreTest, ShowsAListWithItsLastPageAndForgetsAnUnfinishedOne) {
  store_.TakePage({Object("stale", "1", "one")}, {.first = true, .last = false});
  EXPECT_FALSE(lister_.HasSynced());
  store_.TakePage({Object("b", "2", "two")}, {.first = true, .last = false});
  EXPECT_EQ(lister_.Find({"shop", "b"}), nullptr);
  store_.TakePage({Object("a", "3", "three")}, {.first = false, .last = true});
  EXPECT_EQ(lister_.Load()->entries.size(), 2U);
  EXPECT_EQ(lister_.Find({"shop", "b"})->text, "two");
  EXPECT_EQ(changes_, 1);
}

TEST_F(StoreTest, APoisonObjectIsOutOfServiceAlone) {
  std::vector<std::string> log;
  RedirectLog([&](std::string_view line) { log.emplace_back(line); });
  store_.TakePage(
      {Object("good", "1", "one"), Object("p1", "2", "throw"), Object("p2", "3", "refuse"),
       Object("p3", "4", "null"), json::parse(R"({"metadata":{"name":"p4"}})"),
       json::parse(R"({"metadata":7})"), json::parse("[]")},
      kWholeList);
  EXPECT_EQ(lister_.Find({"shop", "good"})->text, "one");
  EXPECT_EQ(lister_.Load()->entries.size(), 5u);
  EXPECT_EQ(lister_.Find({"shop", "p1"}), nullptr);
  EXPECT_EQ(lister_.Load()->Find({"shop", "p1"})->complaint, "thrown");
  EXPECT_EQ(lister_.Load()->Find({"shop", "p2"})->complaint, "refused");
  EXPECT_EQ(lister_.Load()->Find({"shop", "p3"})->complaint, "not understood");
  EXPECT_THAT(lister_.Load()->Find({"", "p4"})->complaint, HasSubstr("text"));
  EXPECT_EQ(log.size(), 4u);
  store_.Apply(Event(WatchEventType::kModified, "p1", "9", "healed"));
  EXPECT_EQ(lister_.Find({"shop", "p1"})->text, "healed");
  store_.Apply(Event(WatchEventType::kModified, "good", "10", "throw"));
  EXPECT_EQ(lister_.Find({"shop", "good"}), nullptr) << "an old version must not stay in force";
}

TEST_F(StoreTest, ForgettingWhatIsUnknownChangesNothing) {
  store_.TakePage({}, kWholeList);
  store_.Apply(Event(WatchEventType::kDeleted, "never-seen", "2"));
  EXPECT_EQ(changes_, 1);
}

// The tripwire: a reader must see both objects in the same version, at every moment.
TEST_F(StoreTest, ReadersNeverSeeHalfAReplace) {
  std::atomic<bool> torn = false;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&, lister = lister_](std::stop_token stop) {
        while (!stop.stop_requested()) {
          const auto contents = lister.Load();
          if (contents->entries.empty()) continue;
          const auto a = contents->Find({"shop", "a"});
          const auto b = contents->Find({"shop", "b"});
          if (a->value->text != b->value->text) torn = true;
        }
      });
    }
    for (int i = 0; i < 500; ++i) {
      const std::string version = std::to_string(i);
      store_.TakePage({Object("a", version, version), Object("b", version, version)}, kWholeList);
    }
  }
  EXPECT_FALSE(torn);
}

}  // namespace
}  // namespace remora::runtime
