// kube::Client against a fake API server, over TLS.
#include "operator/kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/fakes/fake_api_server.h"
#include "tests/fakes/https_server.h"
#include "tests/fakes/test_certificate.h"
#include "tests/integration/kube_client_fixture.h"

namespace remora::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(KubeClientTest, CreatesReadsChangesAndDeletes) {
  const auto created = client_->Create(kThing, Thing("a", "one"));
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_EQ((*created)["text"], "one");

  json changed = *created;
  changed["text"] = "two";
  ASSERT_TRUE(client_->Update(kThing, changed).ok());
  EXPECT_EQ((*client_->Get(kThing, {"shop", "a"}))["text"], "two");

  const auto stale = client_->Update(kThing, changed);  // the old resourceVersion
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code(), ErrorCode::kConflict);

  EXPECT_EQ(client_->Create(kThing, Thing("a")).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(client_->Delete(kThing, {"shop", "a"}, {.resource_version = "1"}).error().code(),
            ErrorCode::kConflict);
  EXPECT_TRUE(client_->Delete(kThing, {"shop", "a"}).ok());
  EXPECT_EQ(client_->Get(kThing, {"shop", "a"}).error().code(), ErrorCode::kNotFound);
}

TEST_F(KubeClientTest, PatchesByEachTypeWithItsContentType) {
  server_.Put(kThings, Thing("a", "one"));
  const json operations = {{{"op", "replace"}, {"path", "/text"}, {"value", "two"}}};
  EXPECT_EQ((*client_->Patch(kThing, {"shop", "a"}, {PatchType::kJson, operations}))["text"],
            "two");
  const json fields = {{"text", "three"}};
  EXPECT_EQ((*client_->Patch(kThing, {"shop", "a"}, {PatchType::kMerge, fields}))["text"], "three");
  EXPECT_TRUE(client_->Patch(kThing, {"shop", "a"}, {PatchType::kApply, fields, true}).ok());
  const auto recorded = server_.recorded();
  ASSERT_EQ(recorded.size(), 3u);
  EXPECT_EQ(recorded[0].request.headers.at("content-type"), "application/json-patch+json");
  EXPECT_EQ(recorded[1].request.headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(recorded[2].request.headers.at("content-type"), "application/apply-patch+yaml");
  EXPECT_EQ(recorded[2].request.query.at("force"), "true");
  EXPECT_EQ(recorded[2].request.query.at("fieldManager"), "remora");
}

TEST_F(KubeClientTest, AsksForADryRunAndForStrictnessOnlyWhenTold) {
  const WriteOptions write{.dry_run = true, .strict = true};
  EXPECT_TRUE(client_->Create(kThing, Thing("a"), {}, write).ok());
  server_.Put(kThings, Thing("a"));
  EXPECT_TRUE(client_->Update(kThing, Thing("a"), {}, write).ok());
  const json fields = {{"text", "two"}};
  EXPECT_TRUE(client_
                  ->Patch(kThing, {"shop", "a"},
                          {.type = PatchType::kMerge, .patch = fields, .write = write})
                  .ok());
  EXPECT_TRUE(client_->Patch(kThing, {"shop", "a"}, {PatchType::kMerge, fields}).ok());
  const auto recorded = server_.recorded();
  ASSERT_EQ(recorded.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(recorded[i].request.query.at("dryRun"), "All") << recorded[i].verb;
    EXPECT_EQ(recorded[i].request.query.at("fieldValidation"), "Strict") << recorded[i].verb;
  }
  EXPECT_FALSE(recorded[3].request.query.contains("dryRun"));
  EXPECT_FALSE(recorded[3].request.query.contains("fieldValidation"));
}

TEST_F(KubeClientTest, NamesResourcesAsTheApiServerDoes) {
  const Resource namespaces{"", "v1", "namespaces"};
  server_.Put("/api/v1/namespaces", {{"metadata", {{"name", "shop"}}}});
  EXPECT_TRUE(client_->Get(namespaces, {.name = "shop"}).ok());
  EXPECT_TRUE(
      client_->List(kThing, {.scope = {.namespace_name = "shop", .label_selector = "app in (a,b)"}})
          .ok());
  EXPECT_FALSE(
      client_->Get({"example.dev", "v1", "things", "status"}, {"shop", "../evil?x=1"}).ok());
  EXPECT_THAT(Paths(),
              ElementsAre("/api/v1/namespaces/shop", "/apis/example.dev/v1/namespaces/shop/things",
                          // decoded by the fake: the slash did not split the path
                          "/apis/example.dev/v1/namespaces/shop/things/../evil?x=1/status"));
  EXPECT_EQ(server_.recorded()[1].request.query.at("labelSelector"), "app in (a,b)");
}

TEST_F(KubeClientTest, ListsPageByPageAndNamesTheKindOfEveryItem) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    server_.Put(kThings, {{"metadata", {{"namespace", "shop"}, {"name", name}}}});
  }
  std::vector<std::string> names;
  ListOptions options{.limit = 2};
  do {
    auto page = client_->List(kThing, options);
    ASSERT_TRUE(page.ok()) << page.error().message();
    EXPECT_EQ(page->resource_version, "105");
    for (const json& item : page->items) {
      names.push_back(item["metadata"]["name"]);
      EXPECT_EQ(item["kind"], "Thing");
      EXPECT_EQ(item["apiVersion"], "v1");
    }
    options.continue_token = page->continue_token;
  } while (!options.continue_token.empty());
  EXPECT_THAT(names, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(server_.Count("list"), 3);
}

TEST_F(KubeClientTest, AnExpiredContinueTokenIsGone) {
  for (const char* name : {"a", "b", "c"}) server_.Put(kThings, Thing(name));
  const auto page = client_->List(kThing, {.limit = 2});
  server_.Compact();
  const auto next = client_->List(kThing, {.limit = 2, .continue_token = page->continue_token});
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code(), ErrorCode::kGone);
}

struct StatusCase {
  int status;
  const char* reason;
  ErrorCode code;
};

TEST_F(KubeClientTest, TurnsEveryStatusIntoWhatTheCallerMayDo) {
  const StatusCase cases[] = {
      {400, "BadRequest", ErrorCode::kInvalid},
      {401, "Unauthorized", ErrorCode::kPermissionDenied},
      {403, "Forbidden", ErrorCode::kPermissionDenied},
      {404, "NotFound", ErrorCode::kNotFound},
      {405, "MethodNotAllowed", ErrorCode::kInvalid},
      {409, "Conflict", ErrorCode::kConflict},
      {409, "AlreadyExists", ErrorCode::kAlreadyExists},
      {410, "Expired", ErrorCode::kGone},
      {413, "RequestEntityTooLarge", ErrorCode::kInvalid},
      {415, "UnsupportedMediaType", ErrorCode::kInvalid},
      {422, "Invalid", ErrorCode::kInvalid},
      {429, "TooManyRequests", ErrorCode::kUnavailable},
      {500, "InternalError", ErrorCode::kUnavailable},
      {503, "ServiceUnavailable", ErrorCode::kUnavailable},
      {504, "Timeout", ErrorCode::kDeadlineExceeded},
  };
  for (const StatusCase& test : cases) {
    server_.FailNext("get", {.status = test.status, .reason = test.reason});
    const auto got = client_->Get(kThing, {"shop", "a"});
    ASSERT_FALSE(got.ok()) << test.status;
    EXPECT_EQ(ErrorCodeName(got.error().code()), ErrorCodeName(test.code)) << test.status;
    EXPECT_EQ(got.error().message(),
              "asked to fail (" + std::to_string(test.status) + " " + test.reason + ")");
  }
}

struct OddAnswer {
  const char* reason;
  int status;
  std::string body;
  std::string message;
};

TEST_F(KubeClientTest, AnAnswerThatIsNotAnApiServersIsUnavailable) {
  const OddAnswer cases[] = {
      {"a proxy's page", 502, "<html>bad gateway</html>", "the API server gave no reason (502)"},
      {"a proxy's sentence", 503, "no healthy upstream\n", "no healthy upstream (503)"},
      {"success that is no JSON", 200, "hello",
       "expected a JSON object from the API server, got: hello"},
      {"success that is no object", 200, "[1]", "expected a JSON object"},
      {"nesting that would overflow the stack", 200, std::string(100000, '['),
       "expected a JSON object"},
  };
  for (const OddAnswer& test : cases) {
    server_.FailNext("get", {.status = test.status, .raw = test.body});
    const auto got = client_->Get(kThing, {"shop", "a"});
    ASSERT_FALSE(got.ok()) << test.reason;
    EXPECT_EQ(got.error().code(), ErrorCode::kUnavailable) << test.reason;
    EXPECT_THAT(got.error().message(), HasSubstr(test.message)) << test.reason;
  }
}

TEST_F(KubeClientTest, WhatIsNestedTooDeeplyIsCutAndTheRestIsRead) {
  const std::string deep = std::string(100000, '[') + R"("]\\")" + std::string(100000, ']');
  server_.FailNext(
      "get", {.status = 200, .raw = R"({"a":1,"deep":)" + deep + R"(,"m[":{"n":"}\""},"z":[2]})"});
  auto got = client_->Get(kThing, {"shop", "a"});
  ASSERT_TRUE(got.ok()) << got.error().message();
  EXPECT_EQ(got->at("a"), 1);
  EXPECT_EQ(got->at("m[").at("n"), "}\"");
  EXPECT_EQ(got->at("z"), json::array({2}));
  const json* inner = &got->at("deep");
  int depth = 1;  // the object itself
  for (; inner->is_array(); ++depth) inner = &inner->at(0);
  EXPECT_EQ(depth, 512);
  EXPECT_EQ(*inner, "nested too deeply");
}

TEST_F(KubeClientTest, FollowsNoRedirectWithItsToken) {
  Config config;
  config.token = "secret";
  const auto client = MakeClient(config);
  server_.FailNext("get",
                   {.status = 307, .headers = "Location: " + server_.url() + "/elsewhere\r\n"});
  EXPECT_EQ(client->Get(kThing, {"shop", "a"}).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(server_.recorded().size(), 1u);
}

TEST_F(KubeClientTest, ReusesAConnectionForReadsButNeverForACreate) {
  constexpr int kReads = 20;
  server_.Put(kThings, Thing("a"));
  for (int i = 0; i < kReads; ++i) ASSERT_TRUE(client_->Get(kThing, {"shop", "a"}).ok());
  ASSERT_TRUE(client_->Create(kThing, Thing("b")).ok());
  ASSERT_TRUE(client_->Create(kThing, Thing("c")).ok());
  std::set<int> of_reads;
  std::set<int> of_creates;
  for (const auto& one : server_.recorded()) {
    (one.verb == "get" ? of_reads : of_creates).insert(one.request.connection);
  }
  // A call returns a moment before its connection can be taken again: not each read finds one.
  EXPECT_LT(of_reads.size(), std::size_t{kReads});
  EXPECT_EQ(of_creates.size(), 2u);
  for (const int connection : of_creates) EXPECT_FALSE(of_reads.contains(connection));
}

TEST_F(KubeClientTest, NeverSendsACreateTwice) {
  ASSERT_TRUE(client_->List(kThing).ok());  // leaves a kept connection behind
  server_.FailNext("create", {.cut = true});
  const auto created = client_->Create(kThing, Thing("a"));
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(server_.Count("create"), 1);
}

TEST_F(KubeClientTest, ReadsGoOnOverANewConnectionWhenTheKeptOneWasClosed) {
  ASSERT_TRUE(client_->List(kThing).ok());
  server_.CutAllConnections();
  ASSERT_TRUE(server_.WaitForConnections(0));
  EXPECT_TRUE(client_->List(kThing).ok());
}

TEST_F(KubeClientTest, ReadsTheTokenFileAgainAfter401AndTriesOnce) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "remora-token";
  const auto write = [&](const char* token) { std::ofstream(path) << token << "\n"; };
  Config config;
  config.token_file = path;
  const auto client = MakeClient(config);
  write("old");
  server_.RequireToken("new");
  server_.Put(kThings, Thing("a"));
  // The server has changed its mind already; the kubelet replaces the file a moment later.
  server_.FailNext("get", {.status = 401, .before = [&] { write("new"); }});
  EXPECT_TRUE(client->Get(kThing, {"shop", "a"}).ok());
  const auto recorded = server_.recorded();
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_EQ(recorded[0].request.headers.at("authorization"), "Bearer old");
  EXPECT_EQ(recorded[1].request.headers.at("authorization"), "Bearer new");

  write("wrong");
  EXPECT_EQ(client->Get(kThing, {"shop", "a"}).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(server_.Count("get"), 4) << "tried once more, and no oftener";
  std::filesystem::remove(path);
}

TEST_F(KubeClientTest, AFixedTokenIsNotTriedTwice) {
  Config config;
  config.token = "wrong";
  const auto client = MakeClient(config);
  server_.RequireToken("right");
  EXPECT_EQ(client->List(kThing).error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(server_.Count("list"), 1);
}

TEST_F(KubeClientTest, TrustsItsOwnAuthorityAlone) {
  Config config{.server = server_.url(),
                .authority_pem = remora::testing::MakeTestCertificate().authority_pem};
  const auto stranger = Client::Make(config);
  ASSERT_TRUE(stranger.ok());
  const auto list = (*stranger)->List(kThing);
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(list.error().message(),
            server_.url() + ": its certificate is refused: certificate signature failure");
  EXPECT_EQ(server_.Count("list"), 0);
}

TEST(KubeClient, RefusesACertificateForAnotherHost) {
  const auto certificate = remora::testing::MakeTestCertificate({"DNS:elsewhere.example"});
  std::atomic<int> requests = 0;
  remora::testing::HttpsServer server(
      certificate, [&](const auto& /*request*/, auto& /*connection*/) { ++requests; });
  const auto client = Client::Make({.server = "https://127.0.0.1:" + std::to_string(server.port()),
                                    .authority_pem = certificate.authority_pem});
  const auto list = (*client)->List(kThing);
  ASSERT_FALSE(list.ok());
  EXPECT_THAT(list.error().message(), HasSubstr("it is not valid for this host name"));
  EXPECT_EQ(requests, 0);
}

TEST(KubeClient, RefusesCertificatesThatItCannotUse) {
  const auto certificate = remora::testing::MakeTestCertificate();
  const auto other = remora::testing::MakeTestCertificate();
  Config config{
      .server = "https://127.0.0.1:1", .authority_pem = "nonsense", .source = "kubeconfig x"};
  EXPECT_THAT(Client::Make(config).error().message(),
              HasSubstr("kubeconfig x: the certificate authority cannot be read"));
  config.authority_pem = certificate.authority_pem;
  config.certificate_pem = certificate.certificate_pem;
  config.key_pem = other.key_pem;
  EXPECT_THAT(Client::Make(config).error().message(),
              HasSubstr("the client key does not belong to the client certificate"));
  EXPECT_EQ(Client::Make(config).error().code(), ErrorCode::kInvalid);
}

TEST(KubeClient, SaysWhichServerCannotBeReached) {
  const auto client = Client::Make({.server = "https://127.0.0.1:1"});
  ASSERT_TRUE(client.ok());
  const auto list = (*client)->List(kThing);
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(list.error().message(),
              HasSubstr("https://127.0.0.1:1: nobody accepts connections there"));
}

TEST_F(KubeClientTest, ASilentServerCostsTheDeadlineAndNoMore) {
  server_.FailNext("get", {.silent = true});
  const auto before = steady_clock::now();
  const auto got = client_->Get(kThing, {"shop", "a"}, {.deadline = 50ms});
  const auto took = steady_clock::now() - before;
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_GE(took, 50ms);
  EXPECT_LT(took, kSoon);
  EXPECT_TRUE(server_.WaitForConnections(0)) << "the connection must not be left behind";
}

TEST_F(KubeClientTest, AStopEndsACallPromptly) {
  const auto time = MedianTimeToStop([&](std::stop_token stop) {
    server_.FailNext("get", {.silent = true});
    const auto got = client_->Get(kThing, {"shop", "a"}, {.stop = std::move(stop)});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code(), ErrorCode::kCancelled);
  });
  EXPECT_LT(time, kPromptly);
  EXPECT_TRUE(server_.WaitForConnections(0));
}

TEST_F(KubeClientTest, ManyThreadsShareOneClient) {
  server_.Put(kThings, Thing("a", "one"));
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 25; ++n) {
          const auto got = client_->Get(kThing, {"shop", "a"});
          if (got.ok() && (*got)["text"] == "one") ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 100);
}

}  // namespace
}  // namespace remora::kube
