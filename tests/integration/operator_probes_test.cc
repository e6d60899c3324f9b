// What the operator says of itself over HTTP.
#include "operator/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/integration/operator_fixture.h"
#include "tests/integration/webhook/raw_client.h"

namespace remora::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class OperatorProbesTest : public OperatorTest {
 protected:
  void Serve() {
    operator_.emplace(*server_);
    OperatorOptions options;
    options.bind_address = "127.0.0.1";
    options.port = 0;
    probes_ = *StartProbes(
        options, {[this] { return leads_.load(); }, operator_->work(), certificates_, events_});
  }
  void TearDown() override { probes_.reset(); }

  HttpAnswer Ask(const std::string& path) const {
    RawClient client(probes_->port());
    client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.Read().value_or(HttpAnswer());
  }
  // The value of a series in what is scraped.
  std::optional<double> Scraped(const std::string& series) const {
    const std::string text = "\n" + Ask("/metrics").body;
    const std::size_t at = text.find("\n" + series + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::stod(text.substr(at + series.size() + 2));
  }

  std::atomic<bool> leads_ = true;
  SystemClock clock_;
  std::unique_ptr<kube::Client> client_ = *kube::Client::Make({.server = "https://127.0.0.1:1"});
  CertificateWork certificates_{{}, {*client_, clock_, [] { return false; }}};
  runtime::EventRecorder events_{{.client = *client_, .clock = clock_, .reporter = {"x", "y"}}};
  std::unique_ptr<runtime::ProbeServer> probes_;
};

TEST_F(OperatorProbesTest, IsReadyOnceAllCachesAreRead) {
  struct Missing {
    const char* collection;
    const char* says;
  };
  for (const auto& [collection, says] :
       {Missing{kPods, "Pods are not read yet\n"},
        Missing{"/apis/apps/v1/controllerrevisions", "ControllerRevisions are not read yet\n"},
        Missing{kSidecars, "patterns and Namespaces are not read yet\n"},
        Missing{kNamespaces, "patterns and Namespaces are not read yet\n"}}) {
    std::atomic<bool> may_answer = false;
    server_->FailNext("list",
                      {.before = [&] { may_answer.wait(false); }, .collection = collection});
    Serve();
    ASSERT_TRUE(server_->WaitUntil(kPatience, [&] { return Ask("/readyz").body == says; }))
        << Ask("/readyz").body << " instead of " << says;
    EXPECT_EQ(Ask("/readyz").status, 503);
    EXPECT_EQ(Ask("/healthz").status, 200) << "it is not killed for that";
    leads_ = false;
    EXPECT_EQ(Ask("/readyz").status, 200) << "who waits for the Lease needs no caches";
    leads_ = true;
    may_answer = true;
    may_answer.notify_all();
    EXPECT_TRUE(server_->WaitUntil(kPatience, [&] { return Ask("/readyz").status == 200; }));
    probes_.reset();
    operator_.reset();
  }
}

TEST_F(OperatorProbesTest, MetricsCountWhatHasHappened) {
  Serve();
  ASSERT_TRUE(Settles());
  ASSERT_TRUE(server_->WaitForOpenWatches(6));
  EXPECT_EQ(Scraped("remora_leader"), 1);
  EXPECT_EQ(Scraped("remora_pods"), 4);
  EXPECT_EQ(Scraped("remora_reflector_lists_total{resource=\"pods\"}"), 1);
  EXPECT_EQ(Scraped("remora_reflector_watch_restarts_total{resource=\"pods\"}"), 0);
  EXPECT_LT(Scraped("remora_cache_age_seconds{resource=\"sidecars\"}").value_or(100), 60);
  const std::string taken = "remora_workqueue_taken_total{queue=\"patterns\"}";
  const double before = *Scraped(taken);
  EXPECT_GE(before, 3) << "one of each kind";
  EXPECT_GE(Scraped("remora_workqueue_adds_total{queue=\"patterns\"}"), 3);
  EXPECT_GT(Scraped("remora_workqueue_queue_seconds_total{queue=\"patterns\"}"), 0);
  EXPECT_GT(Scraped("remora_workqueue_work_seconds_total{queue=\"patterns\"}"), 0);

  server_->CutWatches();
  ASSERT_TRUE(server_->WaitForCount("watch", 12));
  EXPECT_TRUE(
      operator_->WaitForMetric("remora_reflector_watch_restarts_total{resource=\"pods\"}", 1));
  EXPECT_EQ(Scraped("remora_reflector_watch_restarts_total{resource=\"pods\"}"), 1);

  // A write that hangs is work under way.
  std::atomic<bool> may_answer = false;
  server_->FailNext("patch", {.before = [&] { may_answer.wait(false); }, .collection = kSidecars});
  json saver = Pattern("Sidecar", "saver", SaverSpec("saver:2"));
  saver["metadata"]["generation"] = 2;
  const int patches = server_->Count("patch");
  server_->Put(kSidecars, saver);
  ASSERT_TRUE(server_->WaitForCount("patch", patches + 1));
  EXPECT_GT(Scraped("remora_workqueue_longest_running_seconds{queue=\"patterns\"}"), 0);
  may_answer = true;
  may_answer.notify_all();
  ASSERT_TRUE(Settles());
  EXPECT_GT(Scraped(taken), before);
  leads_ = false;
  EXPECT_EQ(Scraped("remora_leader"), 0);
}

}  // namespace
}  // namespace remora::testing
