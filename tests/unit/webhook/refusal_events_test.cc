#include "webhook/refusal_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/requests.h"
#include "webhook/endpoints.h"

namespace remora::webhook {
namespace {

using nlohmann::json;
using remora::testing::PodReview;
using remora::testing::WorkloadReview;
using runtime::Event;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

json Pattern(const std::string& kind, const std::string& name) {
  json pattern = {{"apiVersion", "patterns.remora.dev/v1alpha1"},
                  {"kind", kind},
                  {"metadata", {{"namespace", "shop"}, {"name", name}}},
                  {"spec", {{"container", {{"image", "saver:1"}}}}}};
  if (kind == "Ambassador") {
    pattern["spec"]["endpoints"] = json::parse(R"([{"name": "redis", "port": 6379}])");
  }
  return pattern;
}

class Patterns final : public PatternSource {
 public:
  std::shared_ptr<const injection::PatternIndex> Current() const override {
    if (throws) throw std::runtime_error("a bug");
    return index;
  }
  std::string Missing() const override { return "sidecars"; }

  std::shared_ptr<const injection::PatternIndex> index;
  bool throws = false;
};

class RefusalEventsTest : public ::testing::Test {
 protected:
  RefusalEventsTest() {
    injection::PatternIndex::Builder builder;
    builder.Add(injection::StoredPattern::FromObject(Pattern("Sidecar", "saver")));
    builder.Add(injection::StoredPattern::FromObject(Pattern("Ambassador", "redis")));
    builder.AddNamespace({.name = "shop", .labels = {}, .annotations = {}});
    patterns_.index = std::move(builder).Build();
  }

  // Of a ReplicaSet's Pod.
  static json Review(const json& annotations) {
    json review = PodReview("u1", annotations);
    review["request"]["object"]["metadata"]["ownerReferences"] = json::parse(R"([
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "uid-2"},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-5d", "uid": "uid-1",
         "controller": true, "blockOwnerDeletion": true}])");
    return review;
  }
  json Ask(const json& review, const std::string& path = "/v1/pods/named") {
    const std::string body = review.dump();
    Response response;
    endpoints_.Handle({.method = "POST", .path = path, .content_type = kJsonType, .body = body},
                      response);
    EXPECT_EQ(response.status, 200);
    return json::parse(response.body)["response"];
  }

  remora::testing::LogCapture log_;
  Patterns patterns_;
  injection::Environment environment_;
  Metrics metrics_;
  std::vector<Event> events_;
  Endpoints endpoints_{{.pods = {patterns_, environment_, metrics_, nullptr,
                                 [this](Event event) { events_.push_back(std::move(event)); }},
                        .not_ready = [] { return std::string(); }}};
};

const json kDenied = {{"patterns.remora.dev/ambassador", "reddis"}};
const json kUnreadable = {{"patterns.remora.dev/sidecar", "saver,saver"}};
const json kTwoAdmitted = {{"patterns.remora.dev/sidecar", "savr,saver,other"}};

TEST_F(RefusalEventsTest, ADenialIsOneAboutThePodsController) {
  const json response = Ask(Review(kDenied));
  ASSERT_FALSE(response["allowed"]);
  ASSERT_THAT(events_, SizeIs(1));
  const Event& event = events_[0];
  EXPECT_EQ(event.regarding,
            (runtime::ObjectReference{"apps/v1", "ReplicaSet", "shop", "cart-5d", "uid-1"}));
  EXPECT_EQ(event.related, (runtime::ObjectReference{"patterns.remora.dev/v1alpha1", "Ambassador",
                                                     "", "reddis", ""}))
      << "it was found in no namespace";
  EXPECT_TRUE(event.warning);
  EXPECT_EQ(event.reason, "PatternNotFound");
  EXPECT_EQ(event.action, "Deny");
  EXPECT_EQ(response["status"]["message"], event.reason + ": " + event.note);
  EXPECT_THAT(event.note, HasSubstr("did you mean \"redis\"?"));
}

TEST_F(RefusalEventsTest, NamesTheNamespaceOfThePattern) {
  json review = Review({{"patterns.remora.dev/ambassador", "redis"}});
  review["request"]["object"]["spec"]["containers"][0]["ports"] =
      json::parse(R"([{"containerPort": 6379}])");
  ASSERT_FALSE(Ask(review)["allowed"]);
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].reason, "PortTaken");
  EXPECT_EQ(events_[0].related.namespace_name, "shop");
}

TEST_F(RefusalEventsTest, EachPatternThatAPodGoesWithoutIsOne) {
  const json response = Ask(Review(kTwoAdmitted));
  ASSERT_TRUE(response["allowed"]);
  ASSERT_THAT(response["warnings"], SizeIs(2));
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[0].related.name, "other");
  EXPECT_EQ(events_[1].related.name, "savr");
  for (const Event& event : events_) {
    EXPECT_EQ(event.action, "Admit");
    EXPECT_EQ(event.reason, "PatternNotFound");
    EXPECT_EQ(event.related.kind, "Sidecar");
  }
}

// What would have been admitted is no reason of a denial.
TEST_F(RefusalEventsTest, OfADenialOnlyThePatternsThatDeny) {
  json annotations = kTwoAdmitted;
  annotations.update(kDenied);
  ASSERT_FALSE(Ask(Review(annotations))["allowed"]);
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].related.name, "reddis");
}

TEST_F(RefusalEventsTest, AnAnnotationThatCannotBeReadIsRelatedToNoPattern) {
  const json response = Ask(Review(kUnreadable));
  ASSERT_FALSE(response["allowed"]);
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].reason, "DuplicateName");
  EXPECT_EQ(events_[0].action, "Deny");
  EXPECT_EQ(events_[0].related, runtime::ObjectReference());
  EXPECT_EQ(response["status"]["message"], "DuplicateName: " + events_[0].note);
}

TEST_F(RefusalEventsTest, ADryRunIsNone) {
  for (const json& annotations : {kDenied, kUnreadable, kTwoAdmitted}) {
    json review = Review(annotations);
    review["request"]["dryRun"] = true;
    Ask(review);
  }
  patterns_.throws = true;
  json review = Review(kDenied);
  review["request"]["dryRun"] = true;
  Ask(review);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(RefusalEventsTest, APodWithoutAControllerIsNone) {
  json owned = Review(kDenied);
  owned["request"]["object"]["metadata"]["ownerReferences"].erase(1);
  Ask(owned);
  Ask(PodReview("u1", kDenied));
  Ask(PodReview("u1", kTwoAdmitted));
  patterns_.index = nullptr;
  Ask(PodReview("u1", kDenied));
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(RefusalEventsTest, APodThatGetsAllItAsksForIsNone) {
  ASSERT_TRUE(Ask(Review({{"patterns.remora.dev/sidecar", "saver"}})).contains("patch"));
  Ask(Review(json::object()));
  Ask(Review({{"patterns.remora.dev/sidecar", "saver"}, {"patterns.remora.dev/inject", "false"}}));
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(RefusalEventsTest, AWorkloadIsNone) {
  json review = WorkloadReview("Deployment", kDenied);
  review["request"]["object"]["metadata"]["ownerReferences"] =
      Review({})["request"]["object"]["metadata"]["ownerReferences"];
  ASSERT_TRUE(Ask(review, "/v1/workloads").contains("warnings"));
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(RefusalEventsTest, AnInternalErrorIsOneToo) {
  patterns_.throws = true;
  const json denied = Ask(Review(kDenied));
  Ask(Review(kDenied), "/v1/pods/automatic");
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[0].reason, "InternalError");
  EXPECT_EQ(events_[0].action, "Deny");
  EXPECT_EQ(denied["status"]["message"], "InternalError: " + events_[0].note);
  EXPECT_EQ(events_[1].action, "Admit");
}

}  // namespace
}  // namespace remora::webhook
