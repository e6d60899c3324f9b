#include "operator/webhook_removal.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "operator/base/log.h"
#include "tests/fakes/fake_api_server.h"

namespace remora {
namespace {

constexpr const char* kMutating =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
constexpr const char* kValidating =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

class WebhookRemovalTest : public ::testing::Test {
 protected:
  WebhookRemovalTest() {
    RedirectLog([](std::string_view /*line*/) {});
    for (const char* collection : {kMutating, kValidating}) {
      server_.Put(collection, {{"metadata", {{"name", "remora"}}}});
      server_.Put(collection, {{"metadata", {{"name", "other"}}}});
    }
  }
  ~WebhookRemovalTest() override { RedirectLog(nullptr); }

  bool OnlyTheOtherIsIn(const char* collection) const {
    const auto all = server_.All(collection);
    return all.size() == 1 && all.front().at("metadata").at("name") == "other";
  }

  testing::FakeApiServer server_;
  std::unique_ptr<kube::Client> client_ = *kube::Client::Make(
      {.server = server_.url(), .authority_pem = server_.certificate().authority_pem});
};

TEST_F(WebhookRemovalTest, RemovesBothAndThoseOfNobodyElse) {
  EXPECT_TRUE(RemoveWebhooks(*client_).ok());
  EXPECT_TRUE(OnlyTheOtherIsIn(kMutating));
  EXPECT_TRUE(OnlyTheOtherIsIn(kValidating));
}

TEST_F(WebhookRemovalTest, IsDoneWhereThereIsNone) {
  ASSERT_TRUE(RemoveWebhooks(*client_).ok());
  EXPECT_TRUE(RemoveWebhooks(*client_).ok());
}

TEST_F(WebhookRemovalTest, RemovesTheSecondWhereTheFirstIsRefusedAndSaysWhich) {
  server_.FailNext("delete", {.status = 403, .reason = "Forbidden"});
  const auto removed = RemoveWebhooks(*client_);
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_NE(removed.error().message().find("mutatingwebhookconfigurations/remora"),
            std::string::npos)
      << removed.error().message();
  EXPECT_FALSE(OnlyTheOtherIsIn(kMutating));
  EXPECT_TRUE(OnlyTheOtherIsIn(kValidating));
}

}  // namespace
}  // namespace remora
