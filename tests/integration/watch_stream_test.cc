// kube::WatchStream against a fake API server, over TLS.
#include "operator/kube/watch_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <utility>

#include "tests/fakes/fake_api_server.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::kube {
namespace {

using namespace std::chrono_literals;
using remora::testing::FakeApiServer;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

class WatchStreamTest : public KubeClientTest {
 protected:
  std::unique_ptr<WatchStream> Watch(const std::string& version = "") {
    auto stream = client_->Watch(kThing, {.resource_version = version});
    EXPECT_TRUE(stream.ok()) << stream.error().message();
    EXPECT_TRUE(server_.WaitForOpenWatches(1));
    return *std::move(stream);
  }

  // "ADDED a", or how the stream ended.
  static std::string Next(WatchStream& stream) {
    const auto event = stream.Next(std::stop_token());
    if (!event.ok()) return std::string(ErrorCodeName(event.error().code()));
    if (!event->has_value()) return "end";
    const char* const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"};
    return names[static_cast<int>((*event)->type)] + std::string(" ") +
           (*event)->object["metadata"].value("name", (*event)->ResourceVersion());
  }
};

TEST_F(WatchStreamTest, BringsEveryChangeAfterItsVersionInOrder) {
  server_.Put(kThings, Thing("before"));
  const std::string version = server_.Put(kThings, Thing("listed"));
  server_.Put(kThings, Thing("missed"));
  const auto stream = Watch(version);
  server_.Put(kThings, Thing("missed", "changed"));
  server_.Remove(kThings, "shop", "listed");
  server_.Bookmark(kThings);
  EXPECT_EQ(Next(*stream), "ADDED missed");
  EXPECT_EQ(Next(*stream), "MODIFIED missed");
  EXPECT_EQ(Next(*stream), "DELETED listed");
  EXPECT_EQ(Next(*stream), "BOOKMARK 106");
  const auto query = server_.recorded().back().request.query;
  EXPECT_EQ(query.at("allowWatchBookmarks"), "true");
  EXPECT_EQ(query.at("timeoutSeconds"), "300");
  EXPECT_EQ(query.at("resourceVersion"), version);
}

TEST_F(WatchStreamTest, PutsTogetherEventsThatArriveByteByByte) {
  server_.SplitEvents(1);
  const auto stream = Watch();
  server_.Put(kThings, Thing("a", "grüße\nund mehr"));
  server_.Put(kThings, Thing("b"));
  EXPECT_EQ(Next(*stream), "ADDED a");
  EXPECT_EQ(Next(*stream), "ADDED b");
}

TEST_F(WatchStreamTest, TakesApartEventsThatArriveTogetherAndKeepsTheHalfOne) {
  const auto stream = Watch();
  const std::string three = FakeApiServer::EventLine("ADDED", Thing("a")) + "\r\n" +
                            FakeApiServer::EventLine("ADDED", Thing("b")) +
                            FakeApiServer::EventLine("ADDED", Thing("c"));
  server_.SendToWatches(three.substr(0, three.size() - 20));
  EXPECT_EQ(Next(*stream), "ADDED a");
  EXPECT_EQ(Next(*stream), "ADDED b");
  server_.SendToWatches(three.substr(three.size() - 20));
  EXPECT_EQ(Next(*stream), "ADDED c");
}

TEST_F(WatchStreamTest, ReadsAnEventOfAMegabyteInPieces) {
  server_.SplitEvents(4096);
  const auto stream = Watch();
  server_.Put(kThings, Thing("large", std::string(1 << 20, 'x')));
  EXPECT_EQ(Next(*stream), "ADDED large");
}

TEST_F(WatchStreamTest, EndsCleanlyAtTheServersTimeOutAndStaysOver) {
  const auto stream = Watch();
  server_.Put(kThings, Thing("a"));
  server_.EndWatches();
  EXPECT_EQ(Next(*stream), "ADDED a");
  EXPECT_EQ(Next(*stream), "end");
  EXPECT_EQ(Next(*stream), "end");
}

TEST_F(WatchStreamTest, ACutConnectionIsUnavailableAndStaysSo) {
  const auto stream = Watch();
  server_.CutWatches();
  EXPECT_EQ(Next(*stream), "Unavailable");
  EXPECT_EQ(Next(*stream), "Unavailable");
}

TEST_F(WatchStreamTest, NeverDeliversHalfAnEvent) {
  const std::string line = FakeApiServer::EventLine("ADDED", Thing("a"));
  for (const bool cleanly : {true, false}) {
    const auto stream = Watch();
    // All but the newline: valid JSON, and yet nobody knows whether it is all.
    server_.SendToWatches(line.substr(0, line.size() - 1));
    cleanly ? server_.EndWatches() : server_.CutWatches();
    EXPECT_EQ(Next(*stream), "Unavailable") << (cleanly ? "ended" : "cut");
    ASSERT_TRUE(server_.WaitForOpenWatches(0));
  }
}

TEST_F(WatchStreamTest, NonsenseInTheStreamIsUnavailable) {
  for (const char* line : {"nonsense\n", "{}\n", "{\"type\":\"ADDED\",\"object\":7}\n",
                           "{\"type\":\"RENAMED\",\"object\":{}}\n"}) {
    const auto stream = Watch();
    server_.SendToWatches(line);
    EXPECT_EQ(Next(*stream), "Unavailable") << line;
    ASSERT_TRUE(server_.WaitForOpenWatches(0));
  }
}

TEST_F(WatchStreamTest, SilenceBeyondItsTimeOutIsDeath) {
  client_ = MakeClient({}, {.watch_slack = 60ms});
  auto stream = client_->Watch(kThing, {.server_timeout = 0s});
  ASSERT_TRUE(stream.ok());
  const auto before = steady_clock::now();
  const auto event = (*stream)->Next(std::stop_token());
  const auto took = steady_clock::now() - before;
  ASSERT_FALSE(event.ok());
  EXPECT_EQ(event.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(event.error().message(), HasSubstr("silent for longer than its time-out"));
  EXPECT_GE(took, 60ms);
  EXPECT_LT(took, kSoon);
  EXPECT_TRUE(server_.WaitForConnections(0));
}

TEST_F(WatchStreamTest, ACompactedVersionIsGoneAsStatusAndAsEvent) {
  const std::string version = server_.Put(kThings, Thing("a"));
  server_.Compact();
  const auto refused = client_->Watch(kThing, {.resource_version = version});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kGone);

  server_.TellGoneByEvent();
  const auto accepted = client_->Watch(kThing, {.resource_version = version});
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ(Next(**accepted), "Gone");
  EXPECT_EQ(Next(**accepted), "Gone");
}

TEST_F(WatchStreamTest, AStopEndsItPromptlyAndClosesTheConnection) {
  const auto time = MedianTimeToStop([&](std::stop_token stop) {
    const auto stream = Watch();
    const auto event = stream->Next(std::move(stop));
    ASSERT_FALSE(event.ok());
    EXPECT_EQ(event.error().code(), ErrorCode::kCancelled);
    EXPECT_TRUE(server_.WaitForOpenWatches(0)) << "although the stream is still there";
  });
  EXPECT_LT(time, kPromptly);
  EXPECT_TRUE(server_.WaitForConnections(0));
}

TEST_F(WatchStreamTest, DestructionClosesTheConnection) {
  auto stream = Watch();
  stream.reset();
  EXPECT_TRUE(server_.WaitForConnections(0));
}

}  // namespace
}  // namespace remora::kube
