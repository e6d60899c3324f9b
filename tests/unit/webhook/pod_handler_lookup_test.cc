// Pods that ask for patterns which the cache does not have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/base/clock.h"
#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/requests.h"
#include "webhook/pod_handler.h"

namespace remora::webhook {
namespace {

using injection::StoredPattern;
using nlohmann::json;
using remora::testing::LogCapture;
using remora::testing::PodReview;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json Object(const std::string& kind, const std::string& namespace_name, const json& spec) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", kind},
          {"metadata", {{"namespace", namespace_name}, {"name", "fresh"}}},
          {"spec", spec}};
}
json Sidecar(const std::string& namespace_name, const std::string& image) {
  return Object("Sidecar", namespace_name,
                {{"container", {{"image", image}}}, {"allowedNamespaces", {{"from", "All"}}}});
}

class Patterns final : public PatternSource {
 public:
  std::shared_ptr<const injection::PatternIndex> Current() const override { return index; }
  std::string Missing() const override { return ""; }
  std::shared_ptr<const injection::PatternIndex> index = injection::PatternIndex::Builder().Build();
};

class PodHandlerLookupTest : public ::testing::Test {
 protected:
  Result<LiveLookup::Pattern> Fetch(const PatternKey& key) {
    MutexLock lock(mutex_);
    const std::string path =
        std::string(PatternKindPlural(key.kind)) + "/" + key.namespace_name + "/" + key.name;
    asked_.push_back(path);
    if (silent_) return Error(ErrorCode::kDeadlineExceeded, "late");
    const auto at = stored_.find(path);
    if (at == stored_.end()) return Error(ErrorCode::kNotFound, "not found");
    return StoredPattern::FromObject(at->second);
  }

  // Handles it, and again once what it waits for is there.
  json Ask(const std::string& key, const std::string& list, const std::string& on_error = "") {
    json annotations = {{key, list}};
    if (!on_error.empty()) annotations["patterns.remora.dev/on-error"] = on_error;
    const std::string body = PodReview("u1", annotations).dump();
    RequestView request{.method = "POST", .path = "", .content_type = kJsonType, .body = body};
    Response response;
    const std::string before = metrics_.Render();
    handler_.Handle(request, response);
    waited_ = response.wait != nullptr;
    if (waited_) {
      EXPECT_EQ(metrics_.Render(), before) << "not counted yet";
      std::latch resumed(1);
      response.wait([&] { resumed.count_down(); });
      resumed.wait();
      request.resumed = true;
      response.Clear();
      handler_.Handle(request, response);
      EXPECT_FALSE(response.wait);
    }
    return json::parse(response.body)["response"];
  }
  json AskForSidecar(const std::string& list) { return Ask("patterns.remora.dev/sidecar", list); }

  LogCapture log_;
  Mutex mutex_;
  std::vector<std::string> asked_ GUARDED_BY(mutex_);
  std::map<std::string, json> stored_;
  bool silent_ = false;
  bool waited_ = false;
  Patterns patterns_;
  injection::Environment environment_;
  Metrics metrics_;
  SystemClock clock_;
  LiveLookup lookup_{[this](const PatternKey& key, std::chrono::milliseconds,
                            const std::stop_token&) { return Fetch(key); },
                     clock_,
                     {.missing_kept = std::chrono::hours(1), .found_kept = std::chrono::hours(1)}};
  PodHandler handler_{Entry::kNamed, {patterns_, environment_, metrics_, &lookup_}};
};

TEST_F(PodHandlerLookupTest, InjectsAPatternThatTheCacheHasNotSeenYet) {
  stored_["sidecars/shop/fresh"] = Sidecar("shop", "fresh:1");
  const json response = AskForSidecar("fresh");
  EXPECT_TRUE(waited_);
  EXPECT_TRUE(response["allowed"]);
  EXPECT_TRUE(response.contains("patch")) << response;
  EXPECT_FALSE(response.contains("warnings"));
  EXPECT_THAT(
      metrics_.Render(),
      HasSubstr("remora_admission_requests_total{webhook=\"named\",verdict=\"patched\"} 1\n"));
  // Known now: the next one does not wait.
  EXPECT_TRUE(AskForSidecar("fresh").contains("patch"));
  EXPECT_FALSE(waited_);
}

TEST_F(PodHandlerLookupTest, LooksInTheOwnNamespaceAndInTheCatalog) {
  stored_["sidecars/remora-catalog/fresh"] = Sidecar("remora-catalog", "fresh:1");
  EXPECT_TRUE(AskForSidecar("fresh").contains("patch"));
  EXPECT_THAT(asked_, ::testing::UnorderedElementsAre("sidecars/shop/fresh",
                                                      "sidecars/remora-catalog/fresh"));
}

TEST_F(PodHandlerLookupTest, LooksForAQualifiedNameExactlyThere) {
  stored_["sidecars/tools/fresh"] = Sidecar("tools", "fresh:1");
  EXPECT_TRUE(AskForSidecar("tools/fresh").contains("patch"));
  EXPECT_THAT(asked_, ElementsAre("sidecars/tools/fresh"));
}

TEST_F(PodHandlerLookupTest, FindsNothingWhereThereIsNothing) {
  const json response = AskForSidecar("fresh");
  EXPECT_TRUE(response["allowed"]);
  EXPECT_THAT(response["warnings"][0].get<std::string>(), HasSubstr("PatternNotFound"));
  AskForSidecar("fresh");
  EXPECT_FALSE(waited_);
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(PodHandlerLookupTest, DoesNotAskForWhatIsThereAndDoesNotAdmit) {
  injection::PatternIndex::Builder builder;
  builder.Add(
      StoredPattern::FromObject(Object("Sidecar", "tools", {{"container", {{"image", "x"}}}})));
  patterns_.index = std::move(builder).Build();
  const json response = AskForSidecar("tools/fresh");
  EXPECT_FALSE(waited_);
  EXPECT_THAT(response["warnings"][0].get<std::string>(), HasSubstr("PatternNotFound"));
}

TEST_F(PodHandlerLookupTest, RefusesByTheKindsOnErrorWhenTheApiServerIsSilent) {
  silent_ = true;
  const json sidecar = AskForSidecar("fresh");
  EXPECT_TRUE(sidecar["allowed"]);
  EXPECT_THAT(sidecar["warnings"][0].get<std::string>(),
              HasSubstr("DeadlineExceeded: no Sidecar \"fresh\" is known in namespace shop"));
  const json ambassador = Ask("patterns.remora.dev/ambassador", "fresh");
  EXPECT_FALSE(ambassador["allowed"]);
  EXPECT_THAT(ambassador["status"]["message"].get<std::string>(),
              HasSubstr("the API server did not answer within 500 ms"));
  EXPECT_TRUE(Ask("patterns.remora.dev/ambassador", "fresh", "Admit")["allowed"]);
  EXPECT_FALSE(Ask("patterns.remora.dev/sidecar", "tools/fresh", "Deny")["allowed"]);
  EXPECT_THAT(
      metrics_.Render(),
      HasSubstr("remora_decisions_total{kind=\"Sidecar\",reason=\"DeadlineExceeded\"} 2\n"));
}

}  // namespace
}  // namespace remora::webhook
