// The API server's misfortunes, asked of the whole chain: Reflectors, PodTable, PatternReconciler, and
// the status that it writes. After each, every status is what it would have been without.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

#include "operator/api/revision.h"
#include "tests/integration/operator_fixture.h"

namespace remora::testing {
namespace {

using nlohmann::json;

class OperatorFaultsTest : public OperatorTest {
 protected:
  // Something in every cache, so that every status changes but the Adapter's.
  void ChangeAll() {
    json saver = Pattern("Sidecar", "saver", SaverSpec("saver:2"));
    saver["metadata"]["generation"] = 2;
    server_->Put(kSidecars, saver);
    json cache = Pattern("Ambassador", "cache", {{"container", {{"image", "c:2"}}}});
    cache["metadata"]["generation"] = 2;
    server_->Put(kAmbassadors, cache);
    server_->Put(kPods, Pod("web-5"));
    server_->Put(kPods, Pod("web-4", Record("Injected", api::RevisionOf(SaverSpec("saver:2")))));
    server_->Remove(kPods, "shop", "web-3");
  }
};

TEST_F(OperatorFaultsTest, TheFirstStatusOfASpecKnowsItsPods) {
  Start();
  json pod = Pod("late-1");
  pod["metadata"]["annotations"]["patterns.remora.dev/sidecar"] = "late";
  server_->Put(kPods, pod);
  server_->Put(kSidecars, Pattern("Sidecar", "late", SaverSpec()));
  std::string first;
  EXPECT_TRUE(server_->WaitUntil(kPatience, [&] {
    for (const auto& one : server_->recorded()) {
      const bool is_ours =
          one.verb == "patch" && one.request.path.find("/late/status") != std::string::npos;
      if (is_ours && first.empty()) first = one.request.body;
    }
    return !first.empty();
  }));
  EXPECT_EQ(json::parse(first)["status"]["pods"]["missing"], 1) << first;
}

TEST_F(OperatorFaultsTest, GoneInTheMiddleOfAList) {
  constexpr int kMoreThanAPage = 600;
  for (int i = 0; i < kMoreThanAPage; ++i) server_->Put(kPods, Pod("many-" + std::to_string(i)));
  server_->FailNext("list", {.collection = kPods});
  server_->FailNext("list", {.before =
                                 [this] {
                                   server_->Remove(kPods, "shop", "many-1");  // was on page one
                                   server_->Put(kPods, Pod("many-0", Record("Injected", "older")));
                                   server_->Compact();
                                 },
                             .collection = kPods});
  operator_.emplace(*server_);
  EXPECT_TRUE(server_->WaitForOpenWatches(6));
  EXPECT_TRUE(Settles());
  int lists = 0;
  for (const auto& one : server_->recorded()) {
    if (one.verb == "list" && one.request.path == kPods) ++lists;
  }
  EXPECT_EQ(lists, 4) << "a page, its refused successor, and two pages of a list anew";
}

TEST_F(OperatorFaultsTest, GoneOnAllWatches) {
  Start();
  server_->MuteWatches();  // what happens now is in no stream
  ChangeAll();
  server_->Compact();
  server_->SendToWatches(FakeApiServer::EventLine(
      "ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}, {"message", "too old"}}));
  EXPECT_TRUE(Settles());
}

// It is in no event, and in no list either; the rest of what was remembered of it goes.
TEST_F(OperatorFaultsTest, APatternThatWentBetweenTwoWatchesIsLookedAtOnceMore) {
  constexpr char kTaken[] = "remora_workqueue_taken_total{queue=\"missing\"}";
  Start();
  ASSERT_TRUE(operator_->WaitForMetric(kTaken, 3)) << "one of each kind";
  double before = 0;
  while (before != *operator_->Metric(kTaken)) {  // until nothing is gathered any more
    before = *operator_->Metric(kTaken);
    std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
  }
  server_->MuteWatches();
  server_->Remove(kAmbassadors, "shop", "cache");
  server_->FailNext("watch", {.status = 410, .reason = "Expired", .collection = kAmbassadors});
  server_->CutWatches();
  EXPECT_TRUE(operator_->WaitForMetric(kTaken, before + 1));
}

TEST_F(OperatorFaultsTest, ARevisionThatWentBetweenTwoWatchesComesBack) {
  constexpr char kRevisions[] = "/apis/apps/v1/controllerrevisions";
  Start();
  const std::string name = "sidecar-saver-" + api::RevisionOf(SaverSpec());
  const auto is_there = [&] {
    const std::vector<json> all = server_->All(kRevisions);
    return std::any_of(all.begin(), all.end(),
                       [&](const json& revision) { return revision["metadata"]["name"] == name; });
  };
  ASSERT_TRUE(is_there());
  server_->MuteWatches();
  server_->Remove(kRevisions, "shop", name);
  server_->FailNext("watch", {.status = 410, .reason = "Expired", .collection = kRevisions});
  server_->CutWatches();
  EXPECT_TRUE(server_->WaitUntil(kPatience, is_there));
}

// Its CRD is not installed.
TEST_F(OperatorFaultsTest, AKindThatIsNotServedHoldsUpNoOther) {
  const json meter = server_->All(kAdapters)[0];
  server_->Remove(kAdapters, "shop", "meter");
  const Statuses want = Undisturbed(*server_);
  constexpr int kTries = 6;  // eight seconds at least, with the back-off
  for (int i = 0; i < kTries; ++i) {
    server_->FailNext("list", {.status = 404, .reason = "NotFound", .collection = kAdapters});
  }
  operator_.emplace(*server_);
  EXPECT_TRUE(SettlesAs(want));
  EXPECT_TRUE(operator_->IsReady());
  int tries = 0;
  for (const auto& one : server_->recorded()) {
    if (one.verb == "list" && one.request.path == kAdapters) ++tries;
  }
  EXPECT_LE(tries, kTries) << "it was served before";
  server_->Put(kAdapters, meter);
  EXPECT_TRUE(Settles()) << "and it is watched when it is there";
  EXPECT_TRUE(server_->WaitForOpenWatches(6));
}

TEST_F(OperatorFaultsTest, SilentWatchesThatEnd) {
  Start();
  server_->MuteWatches();
  ChangeAll();
  server_->EndWatches();
  EXPECT_TRUE(Settles());
}

TEST_F(OperatorFaultsTest, APatternThatIsMadeAnewGetsNothingOfTheStatusOfTheOld) {
  Start();
  json saver = Pattern("Sidecar", "saver", SaverSpec("saver:3"));
  saver["metadata"]["uid"] = "another";
  std::vector<json> statuses;
  server_->FailNext("patch", {.before =
                                  [&] {
                                    server_->Remove(kSidecars, "shop", "saver");
                                    server_->Put(kSidecars, saver);
                                  },
                              .collection = kSidecars});
  server_->FailNext("patch", {.before =
                                  [&] {
                                    const json now = server_->All(kSidecars)[0];
                                    statuses.push_back(now.value("status", json()));
                                  },
                              .collection = kSidecars});
  json edited = Pattern("Sidecar", "saver", SaverSpec("saver:2"));
  edited["metadata"]["generation"] = 2;
  server_->Put(kSidecars, edited);
  ASSERT_TRUE(server_->WaitUntil(kPatience, [this] {
    const std::vector<json> all = server_->All(kSidecars);
    return !all.empty() && all[0]["metadata"]["uid"] == "another";
  }));
  EXPECT_TRUE(Settles());
  EXPECT_EQ(statuses, std::vector<json>{json()});
}

// Nobody knows whether it has happened.
TEST_F(OperatorFaultsTest, AWriteThatIsNeverAnswered) {
  Start();
  server_->FailNext("patch", {.silent = true, .collection = kSidecars});
  ChangeAll();
  EXPECT_TRUE(Settles());
}

TEST_F(OperatorFaultsTest, HalfALineOnAllWatches) {
  Start();
  const std::string line = FakeApiServer::EventLine("MODIFIED", Pod("web-1"));
  server_->SendToWatches(std::string_view(line).substr(0, line.size() / 2));
  server_->MuteWatches();
  ChangeAll();
  server_->CutWatches();
  EXPECT_TRUE(Settles());
}

TEST_F(OperatorFaultsTest, EventsInPiecesOfThreeBytes) {
  Start();
  server_->SplitEvents(3);
  ChangeAll();
  EXPECT_TRUE(Settles());
}

TEST_F(OperatorFaultsTest, EventsAgainAndInTheWrongOrder) {
  Start();
  const std::vector<json> pods = server_->All(kPods);
  ChangeAll();
  ASSERT_TRUE(Settles());
  // To the watches of all kinds: a Pod is no pattern, and an old one is not news.
  for (auto pod = pods.rbegin(); pod != pods.rend(); ++pod) {
    server_->SendToWatches(FakeApiServer::EventLine("MODIFIED", *pod));
  }
  server_->Put(kPods, Pod("web-6"));
  EXPECT_TRUE(Settles());
}

TEST_F(OperatorFaultsTest, ConflictOnEveryWriteTwice) {
  for (const char* collection : {kSidecars, kAmbassadors, kAdapters}) {
    for (int i = 0; i < 2; ++i) {
      server_->FailNext("patch", {.status = 409, .reason = "Conflict", .collection = collection});
    }
  }
  operator_.emplace(*server_);
  EXPECT_TRUE(Settles());
  EXPECT_EQ(server_->Count("patch"), 9) << "each refused twice, and written once";
}

TEST_F(OperatorFaultsTest, TooManyRequestsOnEveryCall) {
  Start();
  for (int i = 0; i < 6; ++i) {
    for (const char* verb : {"watch", "list", "patch"}) {
      server_->FailNext(
          verb, {.status = 429, .reason = "TooManyRequests", .headers = "Retry-After: 1\r\n"});
    }
  }
  server_->Compact();
  server_->CutAllConnections();
  ChangeAll();
  EXPECT_TRUE(Settles());
}

TEST_F(OperatorFaultsTest, ATokenThatExpiresAndANewOne) {
  std::string folder = (std::filesystem::temp_directory_path() / "remora-token-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  kube::Config config;
  config.token_file = std::filesystem::path(folder) / "token";
  const auto write = [&](const char* token) { std::ofstream(config.token_file) << token << "\n"; };
  write("old");
  server_->RequireToken("old");
  operator_.emplace(*server_, OperatorSettings{.config = config});
  ASSERT_TRUE(Settles());
  server_->RequireToken("new");
  server_->CutAllConnections();
  ChangeAll();
  const int refused = server_->Count("watch");
  ASSERT_TRUE(
      server_->WaitUntil(kPatience, [&] { return server_->Count("watch") >= refused + 5; }));
  write("new");
  EXPECT_TRUE(Settles());
  std::filesystem::remove_all(folder);
}

TEST_F(OperatorFaultsTest, ManyFaultsAtOnceAndOneAfterTheOther) {
  Start();
  for (int i = 0; i < 20; ++i) {
    server_->Put(kPods,
                 Pod("web-" + std::to_string(i % 7), i % 2 == 0 ? "" : Record("Injected", "o")));
    if (i % 3 == 0) server_->FailNext("patch", {.status = 500});
    if (i % 3 == 1) server_->CutWatches();
    if (i % 5 == 0) server_->CutAllConnections();
    if (i % 7 == 0) server_->Compact();
    if (i % 8 == 0) server_->FailNext("watch", {.cut = true});
  }
  ChangeAll();
  EXPECT_TRUE(Settles());
  // Five watches, and what their calls keep for the next one.
  EXPECT_TRUE(server_->WaitForOpenWatches(6));
}

}  // namespace
}  // namespace remora::testing
