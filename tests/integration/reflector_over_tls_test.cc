// The whole way of an event: fake API server, TLS, watch, reflector, store.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

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
using std::chrono::steady_clock;

class ReflectorOverTlsTest : public KubeClientTest {
 protected:
  ReflectorOverTlsTest() {
    RedirectLog([](std::string_view) {});
    for (const char* name : {"a", "b", "c"}) server_.Put(kThings, Thing(name, "listed"));
    manager_.Add("reflector", [this](std::stop_token stop) { reflector_.Run(stop); });
    EXPECT_TRUE(server_.WaitForOpenWatches(1));
  }
  ~ReflectorOverTlsTest() override {
    manager_.Stop();
    RedirectLog(nullptr);
  }

  // Waits until the store holds `text` under this name; nothing: until it holds no such object.
  bool Holds(const std::string& name, const std::string& text) {
    MutexLock lock(mutex_);
    return changed_.WaitUntil(mutex_, std::stop_token(), steady_clock::now() + 2s, [&] {
      const auto found = lister_.Find({"shop", name});
      return found ? *found == text : text.empty();
    });
  }

  static Result<std::shared_ptr<const std::string>> Decode(const json& object) {
    return std::make_shared<const std::string>(object.at("text").get<std::string>());
  }

  Mutex mutex_;
  CondVar changed_;
  steady_clock::time_point changed_at_ GUARDED_BY(mutex_);
  runtime::Store<std::string> store_{&Decode, [this] {
                                       MutexLock lock(mutex_);
                                       changed_at_ = steady_clock::now();
                                       changed_.NotifyAll();
                                     }};
  runtime::Lister<std::string> lister_ = store_.lister();
  SystemClock clock_;
  runtime::KubeListerWatcher source_{*client_, kThing, {.page_size = 2}};
  runtime::Reflector reflector_{{.name = "things",
                                 .source = source_,
                                 .sink = store_,
                                 .clock = clock_,
                                 .backoff = {.initial = 1ms, .max = 10ms}}};
  runtime::Manager manager_;
};

TEST_F(ReflectorOverTlsTest, ResumesACutWatchFromItsVersionWithExactlyOneList) {
  ASSERT_TRUE(Holds("c", "listed"));
  EXPECT_EQ(server_.Count("list"), 2) << "two pages of one list";
  const std::string seen = server_.Put(kThings, Thing("a", "seen"));
  ASSERT_TRUE(Holds("a", "seen"));

  server_.CutWatches();
  server_.Put(kThings, Thing("b", "changed while cut"));
  server_.Remove(kThings, "shop", "c");
  EXPECT_TRUE(Holds("b", "changed while cut"));
  EXPECT_TRUE(Holds("c", ""));
  EXPECT_EQ(server_.Count("list"), 2);
  EXPECT_EQ(server_.Count("watch"), 2);
  EXPECT_EQ(server_.recorded().back().request.query.at("resourceVersion"), seen);
  EXPECT_EQ(reflector_.metrics().restarts, 1u);
}

TEST_F(ReflectorOverTlsTest, ListsAgainAfterACompactionWhetherByStatusOrByEvent) {
  for (const bool by_event : {false, true}) {
    if (by_event) server_.TellGoneByEvent();
    const int lists = server_.Count("list");
    // Refused until the history is gone, so that the watch cannot slip in before.
    for (int i = 0; i < 3; ++i) server_.FailNext("watch", {.status = 500});
    server_.CutWatches();
    server_.WaitForCount("watch", 2);
    server_.Put(kThings, Thing("a", by_event ? "by event" : "by status"));
    server_.Compact();
    EXPECT_TRUE(Holds("a", by_event ? "by event" : "by status"));
    EXPECT_EQ(server_.Count("list"), lists + 2) << "two pages of one list";
    EXPECT_TRUE(server_.WaitForOpenWatches(1));
  }
}

TEST_F(ReflectorOverTlsTest, AnEventReachesTheStoreWithinMilliseconds) {
  ASSERT_TRUE(Holds("c", "listed"));
  std::vector<double> milliseconds;
  for (int i = 0; i < 50; ++i) {
    const auto before = steady_clock::now();
    server_.Put(kThings, Thing("a", std::to_string(i)));
    ASSERT_TRUE(Holds("a", std::to_string(i)));
    MutexLock lock(mutex_);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(changed_at_ - before).count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  RecordProperty("median_ms", std::to_string(milliseconds[25]));
  RecordProperty("worst_ms", std::to_string(milliseconds.back()));
  std::printf("event to store: median %.2f ms, worst %.2f ms\n", milliseconds[25],
              milliseconds.back());
  EXPECT_LT(milliseconds[25], static_cast<double>(kPromptly.count()));
}

}  // namespace
}  // namespace remora::kube
