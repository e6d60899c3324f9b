#include "webhook/http_request_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remora::webhook {
namespace {

using Stage = HttpRequestReader::Stage;

// As a connection does it: what is not taken comes again with the next piece.
struct Feeder {
  HttpRequestReader reader{{.header_bytes = 1024, .body_bytes = 100}};
  std::string pending = {};

  void Feed(std::string_view bytes) {
    pending.append(bytes);
    std::size_t used = 0;
    do {
      used = reader.Feed(pending);
      pending.erase(0, used);
    } while (used > 0 && !reader.refusal() && reader.stage() != Stage::kDone);
  }
  int status() const { return reader.refusal() ? reader.refusal()->status : 0; }
};

constexpr std::string_view kPost =
    "POST /v1/pods/named?timeout=5s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; "
    "charset=utf-8\r\nContent-Length: 5\r\n\r\nhello";

TEST(HttpRequestReader, ReadsTheSameRequestHoweverItIsCut) {
  for (std::size_t cut = 0; cut <= kPost.size(); ++cut) {
    Feeder feeder;
    feeder.Feed(kPost.substr(0, cut));
    feeder.Feed(kPost.substr(cut));
    ASSERT_EQ(feeder.reader.stage(), Stage::kDone) << cut;
    const RequestView request = feeder.reader.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/pods/named");
    EXPECT_EQ(request.content_type, "application/json");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(feeder.reader.keep_alive());
  }
}

TEST(HttpRequestReader, ReadsOneRequestAfterTheOther) {
  Feeder feeder;
  feeder.Feed(std::string(kPost) + std::string(kPost));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(feeder.reader.stage(), Stage::kDone);
    EXPECT_EQ(feeder.reader.request().body, "hello");
    feeder.reader.Next();
    feeder.Feed("");
  }
  EXPECT_EQ(feeder.reader.stage(), Stage::kIdle);
}

TEST(HttpRequestReader, StopsWhereTheHeaderEnds) {
  HttpRequestReader reader({});
  EXPECT_EQ(reader.Feed(kPost), kPost.size() - 5);
  EXPECT_EQ(reader.stage(), Stage::kBody);
  EXPECT_EQ(reader.content_length(), 5U);
  EXPECT_FALSE(reader.expects_continue());
}

TEST(HttpRequestReader, SeesWhoWaitsForAContinue) {
  HttpRequestReader reader({});
  reader.Feed("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(reader.expects_continue());
}

TEST(HttpRequestReader, EndsTheConnectionWithOldOrLeavingClients) {
  for (const std::string& head : {std::string("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                                  std::string("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                              "\r\n")}) {
    HttpRequestReader reader({});
    reader.Feed(head);
    ASSERT_EQ(reader.stage(), Stage::kDone) << head;
    EXPECT_FALSE(reader.keep_alive()) << head;
  }
}

struct Bad {
  std::string bytes;
  int status;
  std::string reason;
};

TEST(HttpRequestReader, RefusesHoweverItIsCut) {
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const Bad& bad : std::vector<Bad>{
           {post + "Content-Length: 101\r\n\r\n", 413, "a large body, before it comes"},
           {post + "Transfer-Encoding: chunked\r\n\r\n", 411, "chunks"},
           {post + "Transfer-Encoding: gzip\r\n\r\n", 501, "an unknown coding"},
           {post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400, "smuggling"},
           {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "two lengths"},
           {post + "Content-Length: 18446744073709551616\r\n\r\n", 400, "2^64"},
           {post + "Content-Length: -1\r\n\r\n", 400, "a negative length"},
           {post + "Host: y\r\n\r\n", 400, "two hosts"},
           {"GET / HTTP/1.1\r\n\r\n", 400, "no host"},
           {"GET / HTTP/2.0\r\n\r\n", 400, "another version"},
           {"GET /" + std::string(2000, 'x'), 431, "an endless line"},
           {post + "X: " + std::string(2000, 'x'), 431, "an endless field"},
           {"\x16\x03\x01", 400, "TLS inside TLS"}}) {
    Feeder whole;
    whole.Feed(bad.bytes);
    EXPECT_EQ(whole.status(), bad.status) << bad.reason;
    Feeder bytewise;
    for (const char byte : bad.bytes) {
      if (!bytewise.reader.refusal()) bytewise.Feed({&byte, 1});
    }
    EXPECT_EQ(bytewise.status(), bad.status) << bad.reason << ", byte by byte";
  }
}

TEST(HttpRequestReader, LimitsAHeaderThatComesFieldByField) {
  Feeder feeder;
  feeder.Feed("GET / HTTP/1.1\r\nHost: x\r\n");
  int fields = 0;
  for (; fields < 1000 && feeder.status() == 0; ++fields) feeder.Feed("X: 0123456789\r\n");
  EXPECT_EQ(feeder.status(), 431);
  EXPECT_LT(fields, 1024 / 15 + 2);
}

}  // namespace
}  // namespace remora::webhook
