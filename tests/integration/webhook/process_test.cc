// The shipped binary: its flags, its life and its end, in front of a fake API server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/webhook/process_fixture.h"

namespace remora::testing {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Usage {
  std::string flag;
  std::string sentence;
};

TEST_F(WebhookProcessTest, EndsWithTwoAndOneSentenceWhenItCannotStart) {
  WebhookProcess first(flags_);
  const std::string port = std::to_string(first.WaitForPort());
  for (const Usage& usage : std::vector<Usage>{
           {"--bogus=1", "--bogus"},
           {"--port=high", "--port"},
           {"--port=" + port, "cannot listen on 127.0.0.1 port " + port + ": Address already"},
           {"--bind-address=nowhere", "cannot listen on nowhere"},
           {"--kubeconfig=/no/kubeconfig", "/no/kubeconfig"},
           {"--tls-cert-file=/no/certificate", "/no/certificate: No such file"},
           {"--tls-private-key-file=" + authority_, "holds no unencrypted PEM private key"}}) {
    WebhookProcess webhook(FlagsWith(usage.flag));
    EXPECT_EQ(webhook.WaitForExit(), 2) << usage.flag;
    const std::string text = webhook.standard_error();
    EXPECT_THAT(text, StartsWith("remora-webhook: ")) << usage.flag;
    EXPECT_THAT(text, HasSubstr(usage.sentence)) << usage.flag;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  }
}

TEST_F(WebhookProcessTest, WaitsForACertificateThatDoesNotExistYet) {
  const std::string late = (folder_.path() / "late.crt").string();
  std::vector<std::string> flags = FlagsWith("--tls-cert-file=" + late);
  flags.emplace_back("--tls-wait");
  WebhookProcess webhook(flags);
  ASSERT_TRUE(webhook.WaitForText("waiting for the certificate"));
  std::filesystem::rename(folder_.path() / "tls.crt", late);
  EXPECT_TRUE(WaitUntilReady(webhook.WaitForPort()));
}

TEST_F(WebhookProcessTest, EndsWithZeroWhileItWaitsForItsCertificate) {
  std::vector<std::string> flags = FlagsWith("--tls-cert-file=/no/certificate");
  flags.emplace_back("--tls-wait");
  WebhookProcess webhook(flags);
  ASSERT_TRUE(webhook.WaitForText("waiting for the certificate"));
  webhook.Signal(SIGTERM);
  EXPECT_EQ(webhook.WaitForExit(), 0);
}

TEST_F(WebhookProcessTest, BecomesReadyOnceItHasReadEverything) {
  FakeApiServer::Fault silent;
  silent.silent = true;
  for (int i = 0; i < 7; ++i) server_.FailNext("list", silent);
  WebhookProcess webhook(flags_);
  const std::uint16_t port = webhook.WaitForPort();
  ASSERT_TRUE(server_.WaitForCount("list", 7));
  EXPECT_EQ(Ask(port, Get("/healthz")).status, 200);
  const HttpAnswer not_ready = Ask(port, Get("/readyz"));
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(not_ready.body,
            "not read from the API server yet: ambassadors, sidecars, adapters, "
            "controllerrevisions, namespaces, limitranges, resourcequotas\n");
  const HttpAnswer early = Ask(port, Post(PodReview("early").dump()));
  EXPECT_THAT(early.body, HasSubstr(R"("allowed":false,"status":{"code":503)"));
  server_.CutAllConnections();
  EXPECT_TRUE(WaitUntilReady(port));
  EXPECT_EQ(Ask(port, Post(PodReview("now").dump())).status, 200);
}

TEST_F(WebhookProcessTest, InjectsAnEditWithin100MillisecondsOfItsEvent) {
  server_.Put(kSidecars, Sidecar("saver:1"));
  WebhookProcess webhook(flags_);
  const std::uint16_t port = webhook.WaitForPort();
  ASSERT_TRUE(WaitUntilReady(port));
  ASSERT_TRUE(server_.WaitForOpenWatches(7));
  const std::string before = PatchOf(port);
  ASSERT_NE(before, "");
  server_.Put(kSidecars, Sidecar("saver:2"));
  const auto edited = steady_clock::now();
  while (PatchOf(port) == before && steady_clock::now() - edited < std::chrono::seconds(5)) {
  }
  EXPECT_LT(steady_clock::now() - edited, std::chrono::milliseconds(100));
  EXPECT_EQ(server_.Count("list"), 7);
  EXPECT_EQ(server_.Count("watch"), 7);
}

TEST_F(WebhookProcessTest, CountsWhatItDid) {
  server_.Put(kSidecars, Sidecar("saver:1"));
  WebhookProcess webhook(flags_);
  const std::uint16_t port = webhook.WaitForPort();
  ASSERT_TRUE(WaitUntilReady(port));
  PatchOf(port);
  const std::string text = Ask(port, Get("/metrics")).body;
  for (const char* line :
       {"remora_admission_requests_total{webhook=\"named\",verdict=\"patched\"} 1\n",
        "remora_decisions_total{kind=\"Sidecar\",reason=\"Injected\"} 1\n",
        "remora_patterns{kind=\"Sidecar\",accepted=\"true\"} 1\n",
        "remora_reflector_lists_total{resource=\"sidecars\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  for (const char* name : {"remora_admission_duration_seconds_bucket",
                           "remora_cache_age_seconds{resource=\"namespaces\"}",
                           "remora_certificate_expiry_seconds{certificate=\"webhook\"}"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  EXPECT_THAT(text, Not(HasSubstr("namespaces\"} +Inf")));  // never heard
}

TEST_F(WebhookProcessTest, DrainsOnSigtermAndEndsWithZero) {
  WebhookProcess webhook(FlagsWith("--drain-seconds=1"));
  const std::uint16_t port = webhook.WaitForPort();
  ASSERT_TRUE(WaitUntilReady(port));
  RawClient idle(port);
  ASSERT_TRUE(idle.Handshake());
  webhook.Signal(SIGTERM);
  // Not ready any more, but still there for whoever has not heard of it.
  HttpAnswer readiness;
  for (int i = 0; i < 1000 && readiness.status != 503; ++i) readiness = Ask(port, Get("/readyz"));
  EXPECT_EQ(readiness.body, "draining: no new requests, please\n");
  EXPECT_EQ(readiness.headers["connection"], "close");
  EXPECT_EQ(Ask(port, Post(PodReview("late").dump())).status, 200);
  EXPECT_TRUE(idle.WaitForClose());
  EXPECT_EQ(webhook.WaitForExit(), 0);
  EXPECT_THAT(webhook.standard_error(), HasSubstr("remora-webhook stopped"));
}

TEST_F(WebhookProcessTest, EndsAtOnceAtTheSecondSignal) {
  WebhookProcess webhook(FlagsWith("--drain-seconds=600"));
  ASSERT_NE(webhook.WaitForPort(), 0);
  webhook.Signal(SIGTERM);
  webhook.Signal(SIGINT);
  EXPECT_EQ(webhook.WaitForExit(), 0);
}

}  // namespace
}  // namespace remora::testing
