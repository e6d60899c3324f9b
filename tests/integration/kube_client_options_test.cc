// What a kube::Client is told to keep to: which writes it may send, and in which form objects come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/kube_client_fixture.h"

namespace remora::kube {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(KubeClientTest, SendsNoWriteThatIsNotAllowedAnyMore) {
  server_.Put(kThings, Thing("cart"));
  bool may_write = true;
  const auto client = MakeClient({}, {.may_write = [&] { return may_write; }});
  const ObjectKey cart{"shop", "cart"};
  const auto write_all = [&](bool dry_run) {
    const WriteOptions write{.dry_run = dry_run};
    return std::vector<Result<json>>{
        client->Create(kThing, Thing("box"), {}, write),
        client->Update(kThing, Thing("cart", "full"), {}, write),
        client->Patch(kThing, cart,
                      {.type = PatchType::kMerge, .patch = json::object(), .write = write})};
  };
  may_write = false;
  const auto count = [&] {
    return server_.Count("create") + server_.Count("update") + server_.Count("patch") +
           server_.Count("delete");
  };
  for (const auto& refused : write_all(false)) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kCancelled);
    EXPECT_THAT(refused.error().message(), HasSubstr("the Lease is not ours"));
  }
  EXPECT_EQ(client->Delete(kThing, cart).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(client->Get(kThing, cart).ok());
  EXPECT_TRUE(client->List(kThing).ok());
  for (const auto& tried : write_all(true)) EXPECT_TRUE(tried.ok()) << "a dry run is no write";
  EXPECT_EQ(count(), 3);
  may_write = true;
  for (const auto& written : write_all(false)) EXPECT_TRUE(written.ok());
  EXPECT_TRUE(client->Delete(kThing, cart).ok());
}

TEST_F(KubeClientTest, NoWriteLastsLongerThanTheClientMayWrite) {
  const auto client = MakeClient({}, {.longest_write = std::chrono::milliseconds(50)});
  server_.FailNext("create", {.silent = true});
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client->Create(kThing, Thing("box")).error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kSoon);
}

bool DropsSecrets(std::string_view member) { return member.starts_with("secret"); }

TEST_F(KubeClientTest, MetadataOnlyIsAskedForInListsAndWatches) {
  server_.Put(kThings, Thing("a"));
  const Form form{.metadata_only = true};
  ASSERT_TRUE(client_->List(kThing, {.form = form}).ok());
  ASSERT_TRUE(client_->Watch(kThing, {.form = form}).ok());
  ASSERT_TRUE(client_->List(kThing).ok());
  ASSERT_TRUE(client_->Watch(kThing, {}).ok());
  std::vector<std::string> accepted;
  for (const auto& one : server_.recorded()) {
    const auto at = one.request.headers.find("accept");
    accepted.push_back(at == one.request.headers.end() ? "" : at->second);
  }
  ASSERT_EQ(accepted.size(), 4U);
  EXPECT_THAT(accepted[0], HasSubstr("as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"));
  EXPECT_THAT(accepted[1], HasSubstr("as=PartialObjectMetadata;g=meta.k8s.io;v=v1"));
  EXPECT_THAT(accepted[2], Not(HasSubstr("as=")));
  EXPECT_THAT(accepted[3], Not(HasSubstr("as=")));
}

TEST_F(KubeClientTest, MembersThatNobodyReadsAreDroppedFromListsAndWatches) {
  json thing = Thing("a");
  thing["metadata"]["annotations"] = {{"secret-file", "x"}, {"kept", "y"}};
  thing["secrets"] = {{"deep", json::array({1, json{{"more", 2}}})}};
  thing["list"] = json::array({json{{"secret", 1}, {"open", 2}}});
  const std::string version = server_.Put(kThings, thing);
  const Form form{.drops = &DropsSecrets};
  const auto expect_dropped = [&](const json& object) {
    EXPECT_EQ(object["metadata"]["annotations"], (json{{"kept", "y"}}));
    EXPECT_FALSE(object.contains("secrets"));
    EXPECT_EQ(object["list"], json::array({json{{"open", 2}}}));
  };
  const auto page = client_->List(kThing, {.form = form});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->items.size(), 1U);
  expect_dropped(page->items[0]);
  const auto stream = client_->Watch(kThing, {.form = form, .resource_version = version});
  ASSERT_TRUE(stream.ok());
  server_.Put(kThings, thing);
  const auto event = (*stream)->Next({});
  ASSERT_TRUE(event.ok() && event->has_value());
  expect_dropped((**event).object);
}

}  // namespace
}  // namespace remora::kube
