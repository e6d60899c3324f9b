// The listener with well-behaved clients: keep-alive, pipelining, draining, certificates.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/raw_client.h"
#include "tests/integration/webhook/served_webhook.h"

namespace remora::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Listener, ServesManyRequestsOnOneConnection) {
  LogCapture log;
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  for (int i = 0; i < 1000; ++i) {
    const std::string uid = "uid-" + std::to_string(i);
    client.Send(Post(PodReview(uid).dump()));
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << i;
    ASSERT_EQ(nlohmann::json::parse(answer->body)["response"]["uid"], uid);
  }
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST(Listener, AnswersPipelinedRequestsInTheirOrder) {
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  std::string all;
  for (int i = 0; i < 50; ++i) all += Post(PodReview("uid-" + std::to_string(i)).dump());
  client.Send(all);
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.Read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(nlohmann::json::parse(answer->body)["response"]["uid"], "uid-" + std::to_string(i));
  }
}

TEST(Listener, ReadsARequestHoweverItIsCut) {
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  for (const char byte : Post(PodReview("bytewise").dump())) client.Send({&byte, 1});
  EXPECT_THAT(client.Read()->body, HasSubstr("bytewise"));
}

TEST(Listener, ServesManyConnectionsAtOnce) {
  LogCapture log;
  ServedWebhook webhook;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        RawClient client(webhook.port());
        if (!client.Handshake()) return;
        for (int request = 0; request < 100; ++request) {
          client.Send(Post(PodReview("uid").dump()));
          const auto answer = client.Read();
          if (answer && answer->status == 200) ++answered;
        }
      });
    }
  }
  EXPECT_EQ(answered, 800);
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST(Listener, AnswersHeadWithoutABody) {
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  client.Send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + Get("/healthz"));
  EXPECT_EQ(client.Read(false)->headers["content-length"], "3");
  EXPECT_EQ(client.Read()->body, "ok\n");
}

TEST(Listener, ClosesWhenTheClientAsksForIt) {
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  client.Send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read()->headers["connection"], "close");
  EXPECT_TRUE(client.WaitForClose());
}

TEST(Listener, SaysWhatIsMissingUntilItIsReady) {
  LogCapture log;
  ServedWebhook webhook(TestListenerOptions(), nullptr);
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  client.Send(Get("/readyz"));
  const auto readiness = client.Read();
  EXPECT_EQ(readiness->status, 503);
  EXPECT_EQ(readiness->body, "sidecars\n");
  EXPECT_THAT(log.lines(), IsEmpty());
  client.Send(Post(PodReview("early").dump()));
  EXPECT_THAT(client.Read()->body, HasSubstr(R"("allowed":false,"status":{"code":503)"));
  client.Send(Get("/healthz"));
  EXPECT_EQ(client.Read()->status, 200);
}

TEST(Listener, NamesThePortThatIsInUse) {
  ServedWebhook webhook;
  webhook::ListenerOptions options = TestListenerOptions();
  options.port = webhook.port();
  const auto second = webhook::HttpListener::Start(
      options, [&] { return webhook.certificate().context(); }, [] { return nullptr; });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(second.error().message(), "cannot listen on 127.0.0.1 port " +
                                          std::to_string(webhook.port()) +
                                          ": Address already in use");
}

TEST(Listener, DrainsIdleConnectionsAtOnceAndAcceptsNoMore) {
  LogCapture log;
  ServedWebhook webhook;
  RawClient fresh(webhook.port());
  RawClient used(webhook.port());
  ASSERT_TRUE(fresh.Handshake());
  ASSERT_TRUE(used.Handshake());
  used.Send(Get("/healthz"));
  ASSERT_EQ(used.Read()->status, 200);
  const auto started = std::chrono::steady_clock::now();
  std::jthread drain([&] { webhook.listener().Drain(seconds(30)); });
  EXPECT_TRUE(fresh.WaitForClose());
  EXPECT_TRUE(used.WaitForClose());
  drain.join();
  EXPECT_LT(std::chrono::steady_clock::now() - started, seconds(5));
  EXPECT_FALSE(RawClient(webhook.port()).connected());
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST(Listener, TellsClientsToGoElsewhereBeforeItDrains) {
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  webhook.listener().AnnounceClose();
  client.Send(Get("/healthz"));
  EXPECT_EQ(client.Read()->headers["connection"], "close");
  RawClient next(webhook.port());
  ASSERT_TRUE(next.Handshake());
  next.Send(Get("/healthz"));
  EXPECT_EQ(next.Read()->status, 200);
}

// A handler that answers when the test says so.
class Held final : public webhook::Handler {
 public:
  Held(std::latch& entered, std::latch& release) : entered_(entered), release_(release) {}
  void Handle(const webhook::RequestView&, webhook::Response& response) override {
    entered_.count_down();
    release_.wait();
    response.body.append("at last");
  }

 private:
  std::latch& entered_;
  std::latch& release_;
};

TEST(Listener, FinishesWhatIsInFlightWhenItDrains) {
  SystemClock clock;
  TemporaryFolder folder;
  const auto certificate =
      *webhook::TlsCertificate::Load(WriteTlsFiles(folder, MakeTestCertificate()), clock);
  std::latch entered(1);
  std::latch release(1);
  const auto listener = *webhook::HttpListener::Start(
      TestListenerOptions(), [&] { return certificate->context(); },
      [&] { return std::make_unique<Held>(entered, release); });
  RawClient client(listener->port());
  ASSERT_TRUE(client.Handshake());
  client.Send(Get("/"));
  entered.wait();
  auto drained = std::async(std::launch::async, [&] { listener->Drain(seconds(30)); });
  // The port is closed before the answer is there.
  while (RawClient(listener->port()).connected()) std::this_thread::yield();
  EXPECT_EQ(drained.wait_for(seconds(0)), std::future_status::timeout);
  release.count_down();
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "at last");
  EXPECT_EQ(answer->headers.at("connection"), "close");
  drained.get();
}

// A handler that waits for `/later`, and answers all else at once.
class Later final : public webhook::Handler {
 public:
  using Resume = std::function<void()>;
  explicit Later(std::function<void(Resume)> wait) : wait_(std::move(wait)) {}
  void Handle(const webhook::RequestView& request, webhook::Response& response) override {
    if (request.path == "/later" && !request.resumed) {
      response.wait = wait_;
    } else {
      response.body.append(request.resumed ? "resumed" : "at once");
    }
  }

 private:
  const std::function<void(Resume)> wait_;
};

class WaitingListener : public ::testing::Test {
 protected:
  WaitingListener() {
    webhook::ListenerOptions options = TestListenerOptions();
    options.threads = 1;
    listener_ = *webhook::HttpListener::Start(
        std::move(options), [this] { return certificate_->context(); },
        [this] {
          return std::make_unique<Later>(
              [this](Later::Resume resume) { waiting_.set_value(std::move(resume)); });
        });
  }

  SystemClock clock_;
  TemporaryFolder folder_;
  std::unique_ptr<webhook::TlsCertificate> certificate_ =
      *webhook::TlsCertificate::Load(WriteTlsFiles(folder_, MakeTestCertificate()), clock_);
  std::promise<Later::Resume> waiting_;
  std::unique_ptr<webhook::HttpListener> listener_;
};

TEST_F(WaitingListener, ServesOthersOnTheSameThreadMeanwhile) {
  RawClient waits(listener_->port());
  RawClient other(listener_->port());
  ASSERT_TRUE(waits.Handshake());
  ASSERT_TRUE(other.Handshake());
  waits.Send(Get("/later") + Get("/next"));
  const auto resume = waiting_.get_future().get();
  other.Send(Get("/other"));
  EXPECT_EQ(other.Read()->body, "at once");
  resume();
  EXPECT_EQ(waits.Read()->body, "resumed");
  EXPECT_EQ(waits.Read()->body, "at once") << "the one that was pipelined behind it";
}

TEST_F(WaitingListener, FinishesARequestThatWaitsWhenItDrains) {
  RawClient client(listener_->port());
  ASSERT_TRUE(client.Handshake());
  client.Send(Get("/later"));
  const auto resume = waiting_.get_future().get();
  auto drained = std::async(std::launch::async, [&] { listener_->Drain(seconds(30)); });
  while (RawClient(listener_->port()).connected()) std::this_thread::yield();
  EXPECT_EQ(drained.wait_for(seconds(0)), std::future_status::timeout);
  resume();
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "resumed");
  EXPECT_EQ(answer->headers.at("connection"), "close");
  drained.get();
}

TEST_F(WaitingListener, SurvivesAClientThatDoesNotWait) {
  LogCapture log;
  Later::Resume resume;
  {
    RawClient client(listener_->port());
    ASSERT_TRUE(client.Handshake());
    client.Send(Get("/later"));
    resume = waiting_.get_future().get();
  }
  resume();
  RawClient next(listener_->port());
  ASSERT_TRUE(next.Handshake());
  next.Send(Get("/"));
  EXPECT_EQ(next.Read()->body, "at once");
}

TEST(Listener, CutsWhoDoesNotEndInTime) {
  webhook::ListenerOptions options = TestListenerOptions();
  options.time.body = seconds(60);
  LogCapture log;
  ServedWebhook webhook(options);
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  const std::string request = Post(PodReview("never").dump(), "Expect: 100-continue\r\n");
  client.Send(request.substr(0, request.find("\r\n\r\n") + 4));
  ASSERT_EQ(client.Read()->status, 100);  // it is inside the body now
  const auto started = std::chrono::steady_clock::now();
  webhook.listener().Drain(std::chrono::milliseconds(300));
  EXPECT_LT(std::chrono::steady_clock::now() - started, seconds(5));
  EXPECT_TRUE(client.WaitForClose());
}

TEST(Listener, ServesANewCertificateToNewConnectionsOnly) {
  LogCapture log;
  ServedWebhook webhook;
  RawClient before(webhook.port());
  ASSERT_TRUE(before.Handshake());
  const TestCertificate next = MakeTestCertificate();
  WriteTlsFiles(webhook.folder(), next);
  EXPECT_TRUE(webhook.certificate().Reload());
  RawClient after(webhook.port());
  ASSERT_TRUE(after.Handshake());
  EXPECT_EQ(after.certificate_pem(), next.certificate_pem);
  EXPECT_NE(before.certificate_pem(), next.certificate_pem);
  before.Send(Get("/healthz"));
  EXPECT_EQ(before.Read()->status, 200);
  EXPECT_THAT(log.lines(), SizeIs(1));
}

TEST(Listener, GoesOnWithTheOldCertificateWhenTheNewPairIsBroken) {
  LogCapture log;
  ServedWebhook webhook;
  webhook.folder().Write("tls.crt", MakeTestCertificate().certificate_pem);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(webhook.certificate().Reload());
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  client.Send(Get("/healthz"));
  EXPECT_EQ(client.Read()->status, 200);
  ASSERT_THAT(log.lines(), SizeIs(1));
  EXPECT_THAT(log.lines().front(), HasSubstr("does not belong to the certificate"));
}

TEST(Listener, SwapsCertificatesWhileItServes) {
  ServedWebhook webhook;
  std::atomic<int> failures = 0;
  std::jthread clients([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      RawClient client(webhook.port());
      if (!client.Handshake()) ++failures;
      client.Send(Get("/healthz"));
      const auto answer = client.Read();
      if (!answer || answer->status != 200) ++failures;
    }
  });
  for (int i = 0; i < 20; ++i) {
    WriteTlsFiles(webhook.folder(), MakeTestCertificate());
    EXPECT_TRUE(webhook.certificate().Reload());
  }
  clients.request_stop();
  clients.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace remora::testing
