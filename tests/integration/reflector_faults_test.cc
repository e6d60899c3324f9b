// What a Reflector makes of an API server at its worst, over TLS: nothing may be lost.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/base/mutex.h"
#include "operator/runtime/lister_watcher.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/reflector.h"
#include "operator/runtime/store.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using remora::testing::FakeApiServer;
using std::chrono::steady_clock;

class ReflectorFaultsTest : public KubeClientTest {
 protected:
  ReflectorFaultsTest() {
    RedirectLog([](std::string_view) {});
  }
  ~ReflectorFaultsTest() override {
    manager_.Stop();
    RedirectLog(nullptr);
  }

  void Start() {
    manager_.Add("reflector", [this](std::stop_token stop) { reflector_->Run(stop); });
    ASSERT_TRUE(server_.WaitForOpenWatches(1));
  }
  // Before Start().
  void MakeReflector(Client& client, runtime::KubeListerWatcher::Options options = {}) {
    source_.emplace(client, kThing, options);
    reflector_.emplace(runtime::Reflector::Options{.name = "things",
                                                   .source = *source_,
                                                   .sink = store_,
                                                   .clock = clock_,
                                                   .backoff = {.initial = 1ms, .max = 10ms}});
  }

  std::string Put(const std::string& name, const std::string& text) {
    want_[name] = text;
    return server_.Put(kThings, Thing(name, text));
  }

  // Waits until the store holds what was Put(), and nothing else.
  bool HoldsAll() {
    MutexLock lock(mutex_);
    return changed_.WaitUntil(mutex_, std::stop_token(), steady_clock::now() + kSoon, [&] {
      std::map<std::string, std::string> held;
      const auto contents = lister_.Load();
      for (const auto& entry : contents->entries) held[entry->key.name] = *entry->value;
      return held == want_;
    });
  }

  static Result<std::shared_ptr<const std::string>> Decode(const json& object) {
    return std::make_shared<const std::string>(object.at("text").get<std::string>());
  }

  static json Versioned(const std::string& name, const std::string& text,
                        const std::string& version) {
    json thing = Thing(name, text);
    thing["metadata"]["resourceVersion"] = version;
    return thing;
  }

  std::map<std::string, std::string> want_;
  Mutex mutex_;
  CondVar changed_;
  runtime::Store<std::string> store_{&Decode, [this] {
                                       MutexLock lock(mutex_);
                                       changed_.NotifyAll();
                                     }};
  runtime::Lister<std::string> lister_ = store_.lister();
  SystemClock clock_;
  std::optional<runtime::KubeListerWatcher> source_;
  std::optional<runtime::Reflector> reflector_;
  runtime::Manager manager_;
};

TEST_F(ReflectorFaultsTest, GoneInMidStream) {
  Put("a", "1");
  MakeReflector(*client_);
  Start();
  ASSERT_TRUE(HoldsAll());
  server_.MuteWatches();  // what happens now is in no stream
  Put("a", "2");
  server_.SendToWatches(FakeApiServer::EventLine(
      "ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}, {"message", "too old"}}));
  EXPECT_TRUE(HoldsAll());
  EXPECT_EQ(server_.Count("list"), 2);
}

TEST_F(ReflectorFaultsTest, HalfALineThenACut) {
  Put("a", "1");
  MakeReflector(*client_);
  Start();
  ASSERT_TRUE(HoldsAll());
  const std::string line = FakeApiServer::EventLine("MODIFIED", Versioned("a", "half", "101"));
  server_.SendToWatches(std::string_view(line).substr(0, line.size() / 2));
  server_.MuteWatches();
  Put("b", "while half");
  server_.CutWatches();
  EXPECT_TRUE(HoldsAll());
  EXPECT_EQ(server_.Count("list"), 1);
}

TEST_F(ReflectorFaultsTest, SilenceBeyondTheTimeOut) {
  Put("a", "1");
  client_ = MakeClient({}, {.watch_slack = 100ms});
  MakeReflector(*client_, {.shortest_watch = 1s, .longest_watch = 1s});
  Start();
  ASSERT_TRUE(HoldsAll());
  server_.MuteWatches();
  Put("a", "unheard");
  EXPECT_TRUE(HoldsAll());
  EXPECT_EQ(server_.Count("list"), 1) << "resumed, not listed";
}

TEST_F(ReflectorFaultsTest, AnExpiredTokenThenANewOne) {
  std::string name = (std::filesystem::temp_directory_path() / "remora-token-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const auto path = std::filesystem::path(name) / "token";
  const auto write = [&](const char* token) { std::ofstream(path) << token << "\n"; };
  Config config;
  config.token_file = path;
  client_ = MakeClient(config);
  write("old");
  server_.RequireToken("old");
  Put("a", "1");
  MakeReflector(*client_);
  Start();
  ASSERT_TRUE(HoldsAll());
  const int before = server_.Count("watch");
  server_.RequireToken("new");
  server_.CutWatches();
  Put("a", "with the new token");
  ASSERT_TRUE(server_.WaitForCount("watch", before + 2)) << "refused and tried again";
  write("new");
  EXPECT_TRUE(HoldsAll());
  EXPECT_EQ(server_.Count("list"), 1);
  std::filesystem::remove_all(name);
}

TEST_F(ReflectorFaultsTest, DuplicateAndReorderedEvents) {
  MakeReflector(*client_);
  Start();
  const std::string first = Put("a", "first");
  const std::string second = Put("b", "second");
  const std::string third = Put("a", "third");
  ASSERT_TRUE(HoldsAll());
  // Sent again, the last one first.
  for (const auto& [object, version] : {std::pair{Thing("a", "third"), third},
                                        {Thing("b", "second"), second},
                                        {Thing("a", "first"), first}}) {
    json again = object;
    again["metadata"]["resourceVersion"] = version;
    server_.SendToWatches(FakeApiServer::EventLine("MODIFIED", again));
  }
  Put("c", "last");
  EXPECT_TRUE(HoldsAll());
}

TEST_F(ReflectorFaultsTest, ManyCuts) {
  MakeReflector(*client_);
  Start();
  for (int i = 0; i < 60; ++i) {
    Put("thing-" + std::to_string(i % 7), std::to_string(i));
    if (i % 3 == 0) server_.CutWatches();
    if (i % 5 == 0) server_.CutAllConnections();
    if (i % 20 == 19) {
      server_.Remove(kThings, "shop", "thing-3");
      want_.erase("thing-3");
    }
  }
  EXPECT_TRUE(HoldsAll());
}

TEST_F(ReflectorFaultsTest, AnEtcdThatWasRestoredFromABackup) {
  for (int i = 0; i < 50; ++i) Put("a", std::to_string(i));
  MakeReflector(*client_);
  Start();
  ASSERT_TRUE(HoldsAll());
  server_.Restore(10);
  server_.EndWatches();
  Put("b", "after the restore");  // a version that the watch has long passed
  const auto limit = steady_clock::now() + kSoon;
  while (!lister_.Find({"shop", "b"}) && steady_clock::now() < limit) {
    server_.WaitForOpenWatches(1);
    server_.EndWatches();
  }
  EXPECT_TRUE(HoldsAll());
  EXPECT_EQ(server_.Count("list"), 2);
}

}  // namespace
}  // namespace remora::kube
