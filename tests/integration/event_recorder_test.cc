#include "operator/runtime/event_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "operator/runtime/manager.h"
#include "tests/fakes/fake_api_server.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/troubles.h"
#include "tests/integration/webhook/log_capture.h"

namespace remora::runtime {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FakeApiServer;
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kEvents = "/apis/events.k8s.io/v1/events";

Event About(const std::string& name) {
  return {.regarding = {"apps/v1", "ReplicaSet", "shop", name, "uid-" + name},
          .related = {"patterns.remora.dev/v1alpha1", "Sidecar", "shop", "saver", ""},
          .warning = true,
          .reason = "PortTaken",
          .action = "Deny",
          .note = "port 9000 is taken"};
}

class EventRecorderTest : public ::testing::Test {
 protected:
  EventRecorder::Options Limits(std::size_t waiting, std::size_t kept) {
    return {.client = *client_,
            .clock = clock_,
            .reporter = {"patterns.remora.dev/webhook", "webhook-7"},
            .random = [] { return 0.5; },
            .max_waiting = waiting,
            .max_kept = kept};
  }
  bool Send() { return recorder_.SendOne(std::stop_token()); }
  // All that is due now.
  int SendAll() {
    int count = 0;
    while (Send()) ++count;
    return count;
  }
  static void Finish(EventRecorder& recorder) {
    std::stop_source stopped;
    stopped.request_stop();
    recorder.Run(stopped.get_token());
  }
  std::vector<json> Stored() {
    const auto page = client_->List(EventResource());
    EXPECT_TRUE(page.ok());
    return page.ok() ? page->items : std::vector<json>();
  }
  std::vector<std::string> CreatedAbout() const {
    std::vector<std::string> names;
    for (const auto& one : server_.recorded()) {
      if (one.verb != "create") continue;
      names.push_back(json::parse(one.request.body)["regarding"]["name"]);
    }
    return names;
  }
  static std::uint64_t CountOf(const json& event) {
    return event.contains("series") ? event["series"]["count"].get<std::uint64_t>() : 1;
  }

  testing::LogCapture log_;
  FakeApiServer server_;
  std::unique_ptr<kube::Client> client_ = *kube::Client::Make(
      {.server = server_.url(), .authority_pem = server_.certificate().authority_pem});
  FakeClock clock_;
  EventRecorder recorder_{Limits(1000, 1000)};
};

TEST_F(EventRecorderTest, CreatesAnEventInTheNamespaceOfWhatItRegards) {
  recorder_.Record(About("cart"));
  EXPECT_EQ(server_.Count("create"), 0) << "Record() itself asks nobody";
  EXPECT_TRUE(Send());
  EXPECT_FALSE(Send());
  const auto stored = Stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0]["metadata"]["namespace"], "shop");
  EXPECT_EQ(stored[0]["metadata"]["name"], "cart.18867251edfa0000");
  EXPECT_EQ(stored[0]["regarding"]["uid"], "uid-cart");
  EXPECT_EQ(stored[0]["reportingController"], "patterns.remora.dev/webhook");
  EXPECT_EQ(stored[0]["reportingInstance"], "webhook-7");
  EXPECT_FALSE(stored[0].contains("series"));
}

TEST_F(EventRecorderTest, GathersWhatIsSeenAgainIntoOneSeries) {
  recorder_.Record(About("cart"));
  ASSERT_TRUE(Send());
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(seconds(1));
    recorder_.Record(About("cart"));
    EXPECT_FALSE(Send()) << "less than five seconds after the last request";
  }
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Send());
  EXPECT_FALSE(Send());
  const auto stored = Stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0]["series"],
            json::parse(R"({"count": 5, "lastObservedTime": "2026-01-01T00:00:04.000000Z"})"));
  EXPECT_EQ(stored[0]["eventTime"], "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(server_.Count("patch"), 1);
  recorder_.Record(About("cart"));
  EXPECT_FALSE(Send());
  clock_.Advance(seconds(5));
  EXPECT_TRUE(Send());
  EXPECT_EQ(Stored()[0]["series"]["count"], 6);
}

TEST_F(EventRecorderTest, CreatesASeriesAtOnceOfWhatWasSeenTwiceBefore) {
  recorder_.Record(About("cart"));
  recorder_.Record(About("cart"));
  EXPECT_EQ(SendAll(), 1);
  EXPECT_EQ(Stored()[0]["series"]["count"], 2);
}

TEST_F(EventRecorderTest, TellsApartWhateverDiffers) {
  std::vector<Event> events(7, About("cart"));
  events[1].regarding.uid = "another";
  events[2].related.name = "another";
  events[3].warning = false;
  events[4].reason = "Another";
  events[5].action = "Another";
  events[6].note = "another";
  for (const Event& event : events) recorder_.Record(event);
  EXPECT_EQ(SendAll(), 7) << "also names that are made in the same moment differ";
  EXPECT_THAT(Stored(), SizeIs(7));
}

TEST_F(EventRecorderTest, BeginsAnotherEventAfterSixQuietMinutes) {
  recorder_.Record(About("cart"));
  ASSERT_TRUE(Send());
  clock_.Advance(minutes(6) - seconds(1));
  recorder_.Record(About("cart"));
  ASSERT_TRUE(Send());
  EXPECT_EQ(server_.Count("patch"), 1) << "and the six minutes begin again";
  clock_.Advance(minutes(6) - seconds(1));
  recorder_.Record(About("cart"));
  ASSERT_TRUE(Send());
  EXPECT_EQ(server_.Count("patch"), 2);
  clock_.Advance(minutes(6));
  recorder_.Record(About("cart"));
  ASSERT_TRUE(Send());
  const auto stored = Stored();
  ASSERT_THAT(stored, SizeIs(2));
  EXPECT_EQ(CountOf(stored[0]) + CountOf(stored[1]), 4u);
}

TEST_F(EventRecorderTest, CreatesAnewWhatHasVanished) {
  recorder_.Record(About("cart"));
  ASSERT_TRUE(Send());
  server_.Remove(kEvents, "shop", Stored()[0]["metadata"]["name"]);
  recorder_.Record(About("cart"));
  clock_.Advance(seconds(5));
  EXPECT_EQ(SendAll(), 2) << "a patch, then a creation";
  ASSERT_THAT(Stored(), SizeIs(1));
  EXPECT_EQ(Stored()[0]["series"]["count"], 2);
  EXPECT_EQ(recorder_.dropped(), 0u);
}

TEST_F(EventRecorderTest, DropsAndCountsWhatDoesNotFit) {
  EventRecorder recorder(Limits(3, 1000));
  recorder.Record(About("told"));
  ASSERT_TRUE(recorder.SendOne(std::stop_token()));
  for (const char* name : {"a", "b", "c", "d", "e"}) recorder.Record(About(name));
  EXPECT_EQ(recorder.dropped(), 2u);
  recorder.Record(About("a"));
  EXPECT_EQ(recorder.dropped(), 2u) << "it waits already";
  recorder.Record(About("told"));
  EXPECT_EQ(recorder.dropped(), 3u) << "it would have to wait, too";
  EXPECT_THAT(RenderMetrics(std::vector{EventFamilies(recorder)}),
              HasSubstr("remora_events_dropped_total 3\n"));
  while (recorder.SendOne(std::stop_token())) {
  }
  EXPECT_THAT(CreatedAbout(), ElementsAre("told", "a", "b", "c"));
  recorder.Record(About("d"));
  EXPECT_TRUE(recorder.SendOne(std::stop_token())) << "there is room again";
}

TEST_F(EventRecorderTest, RemembersSoManyThatWereTold) {
  EventRecorder recorder(Limits(1000, 2));
  for (const char* name : {"a", "b", "c"}) {
    recorder.Record(About(name));
    ASSERT_TRUE(recorder.SendOne(std::stop_token()));
    clock_.Advance(seconds(5));
  }
  EXPECT_FALSE(recorder.SendOne(std::stop_token()));
  recorder.Record(About("b"));
  ASSERT_TRUE(recorder.SendOne(std::stop_token()));
  EXPECT_EQ(server_.Count("patch"), 1);
  recorder.Record(About("a"));
  ASSERT_TRUE(recorder.SendOne(std::stop_token()));
  EXPECT_THAT(CreatedAbout(), ElementsAre("a", "b", "c", "a")) << "the oldest was forgotten";
}

TEST_F(EventRecorderTest, WaitsForAnApiServerThatIsDownAndKeepsTheOrder) {
  for (const char* name : {"z", "a", "m"}) recorder_.Record(About(name));
  for (int i = 0; i < 3; ++i) server_.FailNext("create", {.status = 503});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Send());
    EXPECT_FALSE(Send()) << "not before the back-off has passed";
    clock_.Advance(seconds(10));
  }
  recorder_.Record(About("b"));
  EXPECT_EQ(SendAll(), 4);
  EXPECT_THAT(CreatedAbout(), ElementsAre("z", "z", "z", "z", "a", "m", "b"));
  EXPECT_THAT(Stored(), SizeIs(4));
  EXPECT_EQ(recorder_.dropped(), 0u);
  EXPECT_THAT(log_.WaitFor(1), SizeIs(1)) << "one complaint, not one for each attempt";
}

TEST_F(EventRecorderTest, GivesUpOneThatFailsTwelveTimes) {
  recorder_.Record(About("poison"));
  recorder_.Record(About("cart"));
  for (int i = 0; i < 12; ++i) {
    server_.FailNext("create", {.status = 500});
    ASSERT_TRUE(Send());
    clock_.Advance(seconds(10));
  }
  EXPECT_EQ(recorder_.dropped(), 1u);
  EXPECT_EQ(SendAll(), 1);
  ASSERT_THAT(Stored(), SizeIs(1));
  EXPECT_EQ(Stored()[0]["regarding"]["name"], "cart");
}

TEST_F(EventRecorderTest, DoesNotRepeatWhatTheApiServerRefuses) {
  for (const int status : {401, 403, 404, 410, 422}) {
    server_.FailNext("create", {.status = status});
    recorder_.Record(About("cart"));
    recorder_.Record(About("cart"));
    EXPECT_EQ(SendAll(), 1) << status;
  }
  EXPECT_EQ(recorder_.dropped(), 10u);
  EXPECT_THAT(Stored(), SizeIs(0));
}

TEST_F(EventRecorderTest, TellsOnceWhateverBecomesOfARequest) {
  const auto impatient = *kube::Client::Make(
      {.server = server_.url(), .authority_pem = server_.certificate().authority_pem},
      {.longest_write = std::chrono::milliseconds(300)});
  EventRecorder recorder({.client = *impatient,
                          .clock = clock_,
                          .reporter = {"patterns.remora.dev/webhook", "webhook-7"},
                          .random = [] { return 0.5; }});
  for (const auto& trouble : testing::AllTroubles()) {
    const int status = trouble.fault.status;
    if (status == 401 || status == 403 || status == 410) continue;  // refused: see above
    server_.FailNext("create", trouble.At(kEvents));
    server_.FailNext("patch", trouble.At(kEvents));
    recorder.Record(About(trouble.name));
    for (int turn = 0; turn < 8; ++turn) {
      while (recorder.SendOne(std::stop_token())) {
      }
      if (turn == 1) recorder.Record(About(trouble.name));
      clock_.Advance(seconds(10));
    }
    std::uint64_t told = 0;
    for (const json& event : Stored()) {
      if (event["regarding"]["name"] == trouble.name) told += CountOf(event);
    }
    EXPECT_EQ(told, 2U) << trouble.name;
  }
  EXPECT_EQ(recorder.dropped(), 0u);
}

// The answer to the first attempt was lost.
TEST_F(EventRecorderTest, TakesOneThatExistsAlreadyForItsOwn) {
  recorder_.Record(About("cart"));
  server_.FailNext("create", {.status = 409, .reason = "AlreadyExists"});
  EXPECT_EQ(SendAll(), 1);
  EXPECT_EQ(recorder_.dropped(), 0u);
  recorder_.Record(About("cart"));
  EXPECT_TRUE(Send());
  EXPECT_EQ(server_.Count("patch"), 1);
}

TEST_F(EventRecorderTest, SendsOneAfterTheOtherOnItsThread) {
  Manager manager;
  manager.Add("events", [this](const std::stop_token& stop) { recorder_.Run(stop); });
  for (const char* name : {"a", "b", "c"}) recorder_.Record(About(name));
  for (int sent = 1; sent <= 3; ++sent) {
    clock_.WaitForSleepers(1);
    EXPECT_EQ(server_.Count("create"), sent);
    clock_.Advance(EventRecorder::kRequestInterval);
    ASSERT_TRUE(server_.WaitForCount("create", std::min(sent + 1, 3)));
  }
}

TEST_F(EventRecorderTest, SendsWhatWaitsWhenItIsStopped) {
  Manager manager;
  manager.Add("events", [this](const std::stop_token& stop) { recorder_.Run(stop); });
  recorder_.Record(About("a"));
  clock_.WaitForSleepers(1);
  recorder_.Record(About("a"));
  recorder_.Record(About("b"));
  manager.Stop();
  EXPECT_THAT(Stored(), SizeIs(2));
  EXPECT_EQ(server_.Count("patch"), 1) << "without waiting for its time";
  EXPECT_EQ(recorder_.dropped(), 0u);
}

TEST_F(EventRecorderTest, DropsWhatCannotBeSentWhenItIsStopped) {
  recorder_.Record(About("a"));
  recorder_.Record(About("a"));
  recorder_.Record(About("b"));
  server_.FailNext("create", {.status = 503});
  Finish(recorder_);
  EXPECT_EQ(server_.Count("create"), 1);
  EXPECT_EQ(recorder_.dropped(), 3u);
}

TEST_F(EventRecorderTest, AStopEndsARequestThatIsUnderWay) {
  server_.FailNext("create", {.silent = true});
  Manager manager;
  manager.Add("events", [this](const std::stop_token& stop) { recorder_.Run(stop); });
  recorder_.Record(About("a"));
  ASSERT_TRUE(server_.WaitForCount("create", 1));
  manager.Stop();
  EXPECT_THAT(Stored(), SizeIs(1)) << "the second attempt";
  EXPECT_EQ(recorder_.dropped(), 0u);
}

TEST_F(EventRecorderTest, LosesNoneOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 250;
  clock_.SkipSleeps();
  Manager manager;
  manager.Add("events", [this](const std::stop_token& stop) { recorder_.Run(stop); });
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) recorder_.Record(About(std::to_string(i % 3)));
      });
    }
  }
  manager.Stop();
  std::uint64_t told = 0;
  for (const json& event : Stored()) told += CountOf(event);
  EXPECT_EQ(told + recorder_.dropped(), std::uint64_t{kThreads * kEach});
}

}  // namespace
}  // namespace remora::runtime
