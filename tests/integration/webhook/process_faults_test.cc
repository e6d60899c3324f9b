// The shipped binary under load and under attack: certificates that change, names that only the API
// server knows, crowds, bodies that are too large, and its end in the middle of a request.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/webhook/process_fixture.h"

namespace remora::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

constexpr auto kPatience = 20s;  // the binary may be a sanitizer's

bool Eventually(const std::function<bool()>& condition) {
  const auto limit = steady_clock::now() + kPatience;
  while (!condition()) {
    if (steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

// A folder of certificate and key as the kubelet mounts a Secret: both change in one step.
class SecretMount {
 public:
  explicit SecretMount(const std::filesystem::path& folder) : folder_(folder) {
    for (const char* name : {"tls.crt", "tls.key"}) {
      std::filesystem::create_symlink(std::filesystem::path("..data") / name, folder_ / name);
    }
  }

  void Publish(const std::string& certificate, const std::string& key) {
    const std::string generation = "..generation-" + std::to_string(++generation_);
    std::filesystem::create_directory(folder_ / generation);
    std::ofstream(folder_ / generation / "tls.crt") << certificate;
    std::ofstream(folder_ / generation / "tls.key") << key;
    std::filesystem::create_symlink(generation, folder_ / "..next");
    std::filesystem::rename(folder_ / "..next", folder_ / "..data");
  }

 private:
  const std::filesystem::path folder_;
  int generation_ = 0;
};

// Sends requests at a rate over connections that it changes now and then, until its end.
class Load {
 public:
  static constexpr int kThreads = 5;
  static constexpr auto kInterval = 10ms;  // of each thread: 500 requests a second
  static constexpr int kRequestsOnOneConnection = 25;

  explicit Load(std::uint16_t port) {
    for (int i = 0; i < kThreads; ++i) {
      threads_.emplace_back([this, port](const std::stop_token& stop) { Run(port, stop); });
    }
  }
  void Stop() { threads_.clear(); }
  int answered() const { return answered_; }
  int failed() const { return failed_; }

 private:
  void Run(std::uint16_t port, const std::stop_token& stop) {
    const std::string request = Post(PodReview("load").dump());
    auto next = steady_clock::now();
    while (!stop.stop_requested()) {
      RawClient client(port);
      bool good = client.connected() && client.Handshake();
      for (int i = 0; good && i < kRequestsOnOneConnection; ++i) {
        std::this_thread::sleep_until(next += kInterval);
        const auto answer = client.Send(request) ? client.Read() : std::nullopt;
        good = answer && answer->status == 200;
        if (good) ++answered_;
      }
      if (!good) ++failed_;
    }
  }

  std::atomic<int> answered_ = 0;
  std::atomic<int> failed_ = 0;
  std::vector<std::jthread> threads_;
};

class WebhookFaultsTest : public WebhookProcessTest {
 protected:
  std::uint16_t StartReady(const std::vector<std::string>& flags) {
    webhook_ = std::make_unique<WebhookProcess>(flags);
    const std::uint16_t port = webhook_->WaitForPort();
    EXPECT_TRUE(WaitUntilReady(port));
    EXPECT_TRUE(server_.WaitForOpenWatches(7));
    return port;
  }

  static std::string CertificateAt(std::uint16_t port) {
    RawClient client(port);
    return client.Handshake() ? client.certificate_pem() : "";
  }

  static json Review(std::uint16_t port, const json& annotations) {
    return json::parse(Ask(port, Post(PodReview("u1", annotations).dump())).body)["response"];
  }

  std::unique_ptr<WebhookProcess> webhook_;
};

// case 59
TEST_F(WebhookFaultsTest, ExchangesCertificatesUnderLoadWithoutAFailure) {
  const TemporaryFolder folder;
  SecretMount mount(folder.path());
  TestCertificate served = MakeTestCertificate();
  mount.Publish(served.certificate_pem, served.key_pem);
  std::vector<std::string> flags =
      FlagsWith("--tls-cert-file=" + (folder.path() / "tls.crt").string());
  std::erase_if(flags, [](const std::string& f) { return f.starts_with("--tls-private-key"); });
  flags.push_back("--tls-private-key-file=" + (folder.path() / "tls.key").string());
  const std::uint16_t port = StartReady(flags);
  Load load(port);
  const auto started = steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    served = MakeTestCertificate();
    mount.Publish(served.certificate_pem, served.key_pem);
    EXPECT_TRUE(Eventually([&] { return CertificateAt(port) == served.certificate_pem; })) << i;
  }
  mount.Publish(MakeTestCertificate().certificate_pem, MakeTestCertificate().key_pem);
  EXPECT_TRUE(Eventually([&] {
    return webhook_->standard_error().find("does not belong to the certificate") !=
           std::string::npos;
  }));
  EXPECT_EQ(CertificateAt(port), served.certificate_pem);
  load.Stop();
  const auto seconds = std::chrono::duration<double>(steady_clock::now() - started).count();
  std::printf("%d requests in %.1f s\n", load.answered(), seconds);
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.answered(), 0);
  webhook_->Signal(SIGTERM);  // it is the same process still
  EXPECT_EQ(webhook_->WaitForExit(), 0);
}

TEST_F(WebhookFaultsTest, InjectsAPatternOfWhichNoEventHasCome) {
  const std::uint16_t port = StartReady(flags_);
  server_.MuteWatches();
  server_.Put(kSidecars, Sidecar("saver:1"));
  const json asked = {{"patterns.remora.dev/sidecar", "saver"}};
  EXPECT_TRUE(Review(port, asked).contains("patch"));
  const json missing = Review(port, {{"patterns.remora.dev/sidecar", "none"}});
  EXPECT_THAT(missing["warnings"][0].get<std::string>(), HasSubstr("PatternNotFound"));
}

TEST_F(WebhookFaultsTest, SaysThatTheApiServerIsSilentAndServesOthersMeanwhile) {
  const std::uint16_t port = StartReady(flags_);
  FakeApiServer::Fault silent;
  silent.silent = true;
  for (int i = 0; i < 2; ++i) server_.FailNext("get", silent);  // own namespace and catalog
  RawClient waits(port);
  ASSERT_TRUE(waits.Handshake());
  waits.Send(Post(PodReview("u1", {{"patterns.remora.dev/ambassador", "none"}}).dump()));
  ASSERT_TRUE(server_.WaitForCount("get", 2));
  EXPECT_EQ(Ask(port, Post(PodReview("u2").dump())).status, 200);
  const auto answer = waits.Read();
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->body, HasSubstr("DeadlineExceeded"));
  EXPECT_THAT(answer->body, HasSubstr(R"("allowed":false)"));
}

TEST_F(WebhookFaultsTest, AsksOnceForWhatManyMiss) {
  const std::uint16_t port = StartReady(flags_);
  std::vector<std::future<json>> answers;
  for (int i = 0; i < 40; ++i) {
    answers.push_back(std::async(std::launch::async, [port] {
      return Review(port, {{"patterns.remora.dev/sidecar", "none"}});
    }));
  }
  for (auto& answer : answers) EXPECT_TRUE(answer.get()["allowed"]);
  // Own namespace and catalog; once more if the machine is slow enough for a second to pass.
  EXPECT_LE(server_.Count("get"), 4);
}

TEST_F(WebhookFaultsTest, FinishesARequestThatWaitsForTheApiServerWhenItEnds) {
  const std::uint16_t port = StartReady(flags_);
  FakeApiServer::Fault silent;
  silent.silent = true;
  for (int i = 0; i < 2; ++i) server_.FailNext("get", silent);
  RawClient client(port);
  ASSERT_TRUE(client.Handshake());
  client.Send(Post(PodReview("last", {{"patterns.remora.dev/sidecar", "none"}}).dump()));
  ASSERT_TRUE(server_.WaitForCount("get", 2));
  webhook_->Signal(SIGTERM);
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->body, HasSubstr(R"("uid":"last","allowed":true)"));
  EXPECT_EQ(webhook_->WaitForExit(), 0);
}

TEST_F(WebhookFaultsTest, ServesBesideFiveHundredIdleConnections) {
  const std::uint16_t port = StartReady(flags_);
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 511; ++i) {
    crowd.push_back(std::make_unique<RawClient>(port));
    ASSERT_TRUE(crowd.back()->Handshake()) << i;
  }
  EXPECT_EQ(Ask(port, Post(PodReview("one-more").dump())).status, 200);
  // More than it takes: those who never asked for anything make room.
  for (int i = 0; i < 8; ++i) crowd.push_back(std::make_unique<RawClient>(port));
  EXPECT_TRUE(Eventually([&] { return Ask(port, Get("/healthz")).status == 200; }));
}

TEST_F(WebhookFaultsTest, RefusesBodiesOfTenMegabytesAndGoesOn) {
  const std::uint16_t port = StartReady(flags_);
  const std::string body(10 * 1024 * 1024, ' ');
  for (int i = 0; i < 5; ++i) {
    RawClient client(port);
    ASSERT_TRUE(client.Handshake());
    client.Send(Post(body));
    const auto answer = client.Read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413);
  }
  EXPECT_EQ(Ask(port, Post(PodReview("good").dump())).status, 200);
}

TEST_F(WebhookFaultsTest, AllowsWorkloadsOfEightMegabytesAndWhatIsNone) {
  const std::uint16_t port = StartReady(flags_);
  const auto allows = [&](const json& review) {
    const HttpAnswer answer = Ask(port, PostWorkload(review.dump()));
    return answer.status == 200 && json::parse(answer.body)["response"]["allowed"] == true;
  };
  json large = WorkloadReview("Deployment", {{"patterns.remora.dev/sidecar", "none"}});
  json& containers = TemplateOf(large)["spec"]["containers"];
  for (int i = 0; i < 7000; ++i) {
    containers.push_back({{"name", "c" + std::to_string(i)}, {"image", std::string(1100, 'x')}});
  }
  EXPECT_GT(large.dump().size(), 7u * 1024 * 1024);
  EXPECT_TRUE(allows(large));
  for (const json& garbage : {json(7), json("x"), json::array({json::array()}), json(nullptr)}) {
    json review = WorkloadReview("CronJob");
    TemplateOf(review) = garbage;
    EXPECT_TRUE(allows(review)) << garbage;
  }
  EXPECT_THAT(Ask(port, Get("/metrics")).body,
              HasSubstr("remora_admission_requests_total{webhook=\"workloads\",verdict=\"error\"} "
                        "4\n"));
}

}  // namespace
}  // namespace remora::testing
