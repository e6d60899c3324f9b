// What hostile, broken and slow clients get, and that the next one does not notice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/raw_client.h"
#include "tests/integration/webhook/served_webhook.h"

namespace remora::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kClosed = 0;

struct BadClient {
  std::string name;
  bool tls;
  std::vector<std::string> bytes;  // each in a TLS record of its own
  int status;                      // kClosed: no answer at all
  std::string reason;              // in the one log line
};

std::string Nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

std::string Header(const std::string& fields) {
  return "POST /v1/pods/named HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + fields +
         "\r\n";
}

std::vector<std::string> EndlessHeader() {
  std::vector<std::string> pieces{"GET /healthz HTTP/1.1\r\nHost: x\r\n"};
  for (int i = 0; i < 40; ++i) pieces.push_back("X-Piece: " + std::string(1000, 'x') + "\r\n");
  return pieces;
}

std::vector<BadClient> BadBodies() {
  return {
      {"NotAReview", true, {Post(R"({"kind":"Pod"})")}, 400, "no AdmissionReview"},
      {"OldReview",
       true,
       {Post(R"({"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"})")},
       400,
       "no AdmissionReview"},
      {"NoUid",
       true,
       {Post(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}})")},
       400,
       "no request.uid"},
      {"NoObject", true, {Post("[1]")}, 400, "no AdmissionReview"},
      {"NotJson", true, {Post("hello")}, 400, "not JSON"},
      {"Empty", true, {Post("")}, 400, "not JSON"},
      {"HalfJson", true, {Post(R"({"kind":)")}, 400, "not JSON"},
      {"TooDeep", true, {Post(Nested(65))}, 400, "not JSON"},
      {"MuchTooDeep", true, {Post(Nested(100'000))}, 400, "not JSON"},
      {"NotUtf8", true, {Post("{\"kind\":\"\xff\xfe\"}")}, 400, "not JSON"},
      {"TooLarge", true, {Post(std::string(300 * 1024, ' '))}, 413, "larger than 262144"},
      {"AnnouncedTooLarge", true, {Header("Content-Length: 99999999999\r\n")}, 413, "larger than"},
  };
}

std::vector<BadClient> BadRequests() {
  return {
      {"WrongPath", true, {Get("/")}, 404, "nothing at this path"},
      {"WrongMethod", true, {Get("/v1/pods/named")}, 405, "POST only"},
      {"PostToHealth",
       true,
       {"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
       405,
       "GET, HEAD only"},
      {"WrongType",
       true,
       {"POST /v1/pods/named HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"},
       415,
       "application/json"},
      {"Chunked",
       true,
       {Header("Transfer-Encoding: chunked\r\n"), "ffffffffffffffff\r\nx"},
       411,
       "Content-Length"},
      {"UnknownCoding", true, {Header("Transfer-Encoding: gzip\r\n")}, 501, "coding"},
      {"LengthAndChunked",
       true,
       {Header("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
       400,
       "no HTTP/1.1"},
      {"TwoLengths",
       true,
       {Header("Content-Length: 5\r\nContent-Length: 6\r\n")},
       400,
       "no HTTP/1.1"},
      {"NegativeLength", true, {Header("Content-Length: -1\r\n")}, 400, "no HTTP/1.1"},
      {"NoHost", true, {"GET /healthz HTTP/1.1\r\n\r\n"}, 400, "Host"},
      {"Http2", true, {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}, 400, "no HTTP/1.1"},
      {"Junk", true, {std::string("\x00\x01\x02junk\r\n\r\n", 11)}, 400, "no HTTP/1.1"},
      {"LargeHeader",
       true,
       {"GET /healthz HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"},
       431,
       "larger than 16384"},
      {"EndlessHeader", true, EndlessHeader(), 431, "larger than 16384"},
  };
}

std::vector<BadClient> BrokenConnections() {
  return {
      {"PlainHttp", false, {Get("/healthz")}, 400, "without TLS"},
      {"NotTls", false, {"EHLO mail.example.org\r\n\r\n"}, kClosed, "TLS handshake failed"},
      {"HalfHello", false, {"\x16\x03\x01\x02"}, kClosed, "too slow"},
      {"Silent", false, {}, kClosed, "too slow"},
      {"SlowHeader", true, {"GET /healthz HT"}, kClosed, "inside a header"},
      {"SlowBody", true, {Header("Content-Length: 100\r\n") + "{"}, kClosed, "inside a body"},
  };
}

class BadClients : public ::testing::TestWithParam<BadClient> {
 protected:
  static void ExpectGoodRequest(std::uint16_t port) {
    RawClient good(port);
    ASSERT_TRUE(good.Handshake());
    good.Send(Post(PodReview("good-one").dump()));
    const auto answer = good.Read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_THAT(answer->body, HasSubstr(R"("uid":"good-one","allowed":true)"));
  }
};

TEST_P(BadClients, GetARefusalAndOneLogLineAndTheNextRequestIsServed) {
  const BadClient& bad = GetParam();
  LogCapture log;
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(!bad.tls || client.Handshake());
  for (const std::string& bytes : bad.bytes) client.Send(bytes);
  const auto answer = client.Read();
  EXPECT_EQ(answer ? answer->status : kClosed, bad.status);
  if (bad.tls && answer) {
    EXPECT_THAT(nlohmann::json::parse(answer->body)["error"].get<std::string>(),
                HasSubstr(bad.reason));
  }
  if (!answer) {
    EXPECT_TRUE(client.WaitForClose());
  }

  ExpectGoodRequest(webhook.port());
  const auto lines = log.WaitFor(1);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines.front(), HasSubstr(bad.reason));
}

std::string CaseName(const ::testing::TestParamInfo<BadClient>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Bodies, BadClients, ::testing::ValuesIn(BadBodies()), CaseName);
INSTANTIATE_TEST_SUITE_P(Requests, BadClients, ::testing::ValuesIn(BadRequests()), CaseName);
INSTANTIATE_TEST_SUITE_P(Broken, BadClients, ::testing::ValuesIn(BrokenConnections()), CaseName);

// Each byte comes in time, and all of them would take minutes.
TEST(BadClient, ThatSendsByteByByteIsCutAllTheSame) {
  const std::string header = Header("Content-Length: 100000\r\n");
  for (const std::string& begun : {std::string("GET /healthz HTTP/1.1\r\nX: "), header}) {
    LogCapture log;
    ServedWebhook webhook;
    RawClient client(webhook.port());
    ASSERT_TRUE(client.Handshake());
    client.Send(begun);
    // Under TLS a client learns of the end when it writes again.
    while (client.Send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto lines = log.WaitFor(1);
    ASSERT_THAT(lines, SizeIs(1));
    EXPECT_THAT(lines.front(), HasSubstr(begun == header ? "inside a body" : "inside a header"));
  }
}

TEST(BadClient, ThatGoesAwayInsideABodyIsOneLogLine) {
  LogCapture log;
  ServedWebhook webhook;
  {
    RawClient client(webhook.port());
    ASSERT_TRUE(client.Handshake());
    client.Send(Header("Content-Length: 100\r\n") + "{");
  }
  EXPECT_THAT(log.WaitFor(1), SizeIs(1));
  EXPECT_THAT(log.lines().front(), HasSubstr("inside a body"));
}

TEST(BadClient, ThatOnlyProbesThePortIsNoEvent) {
  LogCapture log;
  ServedWebhook webhook;
  for (int i = 0; i < 5; ++i) RawClient probe(webhook.port());
  {
    RawClient client(webhook.port());
    EXPECT_TRUE(client.Handshake());
  }
  webhook.listener().Drain(std::chrono::seconds(5));
  EXPECT_THAT(log.lines(), SizeIs(0));
}

TEST(BadClient, MayNotSpeakTls11) {
  LogCapture log;
  ServedWebhook webhook;
  constexpr int kTls11 = 0x0302;
  EXPECT_FALSE(RawClient(webhook.port()).Handshake(kTls11));
  EXPECT_THAT(log.WaitFor(1), SizeIs(1));
  constexpr int kTls12 = 0x0303;
  EXPECT_TRUE(RawClient(webhook.port()).Handshake(kTls12));
}

TEST(BadClient, PipelinesJunkBehindAGoodRequestAndGetsBothAnswers) {
  LogCapture log;
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  client.Send(Post(PodReview("first").dump()) + "junk\r\n\r\n");
  EXPECT_THAT(client.Read()->body, HasSubstr("first"));
  EXPECT_EQ(client.Read()->status, 400);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_THAT(log.WaitFor(1), SizeIs(1));
}

TEST(BadClient, ReadsItsRefusalThoughItSendsTheWholeBodyFirst) {
  ServedWebhook webhook;
  RawClient client(webhook.port());
  ASSERT_TRUE(client.Handshake());
  client.Send(Post(std::string(std::size_t{3} * 1024 * 1024, ' ')));
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST(BadClient, SquattersMakeRoomForWhoWaits) {
  webhook::ListenerOptions options = TestListenerOptions();
  options.max_connections = 3;
  LogCapture log;
  ServedWebhook webhook(options);
  std::vector<std::unique_ptr<RawClient>> squatters;
  for (int i = 0; i < 3; ++i) {
    squatters.push_back(std::make_unique<RawClient>(webhook.port()));
    ASSERT_TRUE(squatters.back()->Handshake());
  }
  RawClient late(webhook.port());  // waits in the kernel's queue
  ASSERT_TRUE(late.Handshake());
  late.Send(Get("/healthz"));
  EXPECT_EQ(late.Read()->status, 200);
  EXPECT_THAT(log.lines().front(), HasSubstr("connection limit reached"));
}

TEST(BadClient, LargeBodiesShareTheirMemory) {
  webhook::ListenerOptions options = TestListenerOptions();
  options.time.body = std::chrono::seconds(30);
  options.max_large_body_bytes = 300 * 1024;
  ServedWebhook webhook(options);
  RawClient holder(webhook.port());
  ASSERT_TRUE(holder.Handshake());
  holder.Send(Header("Content-Length: 200000\r\nExpect: 100-continue\r\n"));
  ASSERT_EQ(holder.Read()->status, 100);  // it has its share now

  RawClient second(webhook.port());
  ASSERT_TRUE(second.Handshake());
  second.Send(Header("Content-Length: 200000\r\n"));
  EXPECT_EQ(second.Read()->status, 503);

  holder.Send(std::string(200'000, ' '));
  EXPECT_EQ(holder.Read()->status, 400);  // spaces are no JSON; its share is free again
  RawClient third(webhook.port());
  ASSERT_TRUE(third.Handshake());
  third.Send(Header("Content-Length: 200000\r\n") + std::string(200'000, ' '));
  EXPECT_EQ(third.Read()->status, 400);
}

}  // namespace
}  // namespace remora::testing
