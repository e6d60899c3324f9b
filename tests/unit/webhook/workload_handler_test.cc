// What the workloads' entry answers: always allowed, whatever it is asked about.
#include "webhook/workload_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/requests.h"

namespace remora::webhook {
namespace {

using injection::StoredPattern;
using nlohmann::json;
using remora::testing::LogCapture;
using remora::testing::TemplateOf;
using remora::testing::WorkloadReview;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const json kAllowed = json::parse(R"({"uid":"u1","allowed":true})");
const json kMisspelt = {{"patterns.remora.dev/sidecar", "savr"}};

json Saver() {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", "Sidecar"},
          {"metadata", {{"namespace", "shop"}, {"name", "saver"}}},
          {"spec", {{"container", {{"image", "saver:1"}}}}}};
}

class Patterns final : public PatternSource {
 public:
  std::shared_ptr<const injection::PatternIndex> Current() const override {
    if (throws) throw std::runtime_error("a bug");
    return index;
  }
  std::string Missing() const override { return "sidecars"; }

  std::shared_ptr<const injection::PatternIndex> index = injection::PatternIndex::Builder().Build();
  bool throws = false;
};

class WorkloadHandlerTest : public ::testing::Test {
 protected:
  json Ask(const json& review) { return Ask(handler_, review); }
  static json Ask(WorkloadHandler& handler, const json& review) {
    const std::string body = review.dump();
    RequestView request{.method = "POST", .path = "", .content_type = kJsonType, .body = body};
    Response response;
    handler.Handle(request, response);
    if (response.wait) {
      std::latch resumed(1);
      response.wait([&] { resumed.count_down(); });
      resumed.wait();
      request.resumed = true;
      response.Clear();
      handler.Handle(request, response);
      EXPECT_FALSE(response.wait);
    }
    EXPECT_EQ(response.status, 200);
    const json answer = json::parse(response.body)["response"];
    EXPECT_EQ(answer["allowed"], true);
    EXPECT_FALSE(answer.contains("patch"));
    return answer;
  }
  ::testing::AssertionResult Counted(const std::string& verdict, int count) {
    const std::string line = "remora_admission_requests_total{webhook=\"workloads\",verdict=\"" +
                             verdict + "\"} " + std::to_string(count) + "\n";
    if (metrics_.Render().find(line) != std::string::npos) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "no " << line;
  }

  LogCapture log_;
  Patterns patterns_;
  injection::Environment environment_;
  Metrics metrics_;
  WorkloadHandler handler_{{patterns_, environment_, metrics_}};
};

TEST_F(WorkloadHandlerTest, WarnsWhereAllIsNotWell) {
  const json answer = Ask(WorkloadReview("Deployment", kMisspelt));
  EXPECT_THAT(answer["warnings"], Not(IsEmpty()));
  EXPECT_TRUE(Counted("unchanged", 1));
}

TEST_F(WorkloadHandlerTest, HasNoEffectButItsAnswerAndACount) {
  Ask(WorkloadReview("Deployment", kMisspelt));
  EXPECT_THAT(log_.lines(), IsEmpty());
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("reason=\"PatternNotFound\"} 1")));
}

TEST_F(WorkloadHandlerTest, AnswersADryRunAndAnUpdateAsACreation) {
  const json answer = Ask(WorkloadReview("Deployment", kMisspelt));
  json review = WorkloadReview("Deployment", kMisspelt);
  review["request"]["dryRun"] = true;
  EXPECT_EQ(Ask(review), answer);
  review["request"]["operation"] = "UPDATE";
  review["request"]["oldObject"] = review["request"]["object"];
  EXPECT_EQ(Ask(review), answer);
}

TEST_F(WorkloadHandlerTest, SaysNothingAboutWhatItIsNotFor) {
  struct Case {
    const char* reason;
    const char* field;
    json value;
  };
  const json replica_set = {{"group", "apps"}, {"version", "v1"}, {"kind", "ReplicaSet"}};
  const json other_group = {{"group", "example.test"}, {"version", "v1"}, {"kind", "Deployment"}};
  for (const auto& [reason, field, value] :
       {Case{"a deletion", "operation", "DELETE"}, Case{"its status", "subResource", "status"},
        Case{"a ReplicaSet", "kind", replica_set}, Case{"another's kind", "kind", other_group}}) {
    json review = WorkloadReview("Deployment", kMisspelt);
    review["request"][field] = value;
    EXPECT_EQ(Ask(review), kAllowed) << reason;
  }
  EXPECT_TRUE(Counted("unchanged", 4));
}

TEST_F(WorkloadHandlerTest, AllowsWhatItCannotRead) {
  for (const char* text : {"null", "7", "\"x\"", "[]", "{}", R"({"spec":[]})", R"({"spec":"x"})",
                           R"({"metadata":{"annotations":{"patterns.remora.dev/sidecar":"x"}}})"}) {
    for (const char* kind : {"Deployment", "CronJob"}) {
      json review = WorkloadReview(kind);
      TemplateOf(review) = json::parse(text);
      EXPECT_EQ(Ask(review), kAllowed) << text;
    }
  }
  for (const char* text : {"null", "7", "[]", R"({"spec":7})", R"({"spec":{"jobTemplate":[]}})"}) {
    json review = WorkloadReview("CronJob");
    review["request"]["object"] = json::parse(text);
    EXPECT_EQ(Ask(review), kAllowed) << text;
  }
  EXPECT_TRUE(Counted("error", 21));
}

// What the API server would refuse: any answer will do, but it must be one.
TEST_F(WorkloadHandlerTest, AllowsATemplateOfWrongTypes) {
  for (const char* text : {R"({"containers":7})", R"({"containers":[7,null,{"name":{}}]})",
                           R"({"containers":[],"initContainers":"x","volumes":{}})"}) {
    json review = WorkloadReview("StatefulSet", kMisspelt);
    TemplateOf(review)["spec"] = json::parse(text);
    review["request"]["object"]["metadata"] = json::array({1});
    review["request"]["object"]["spec"]["volumeClaimTemplates"] = {1, {{"metadata", 2}}, nullptr};
    Ask(review);
  }
  json review = WorkloadReview("Deployment");
  TemplateOf(review)["metadata"] = {{"annotations", {{"patterns.remora.dev/sidecar", 7}}}};
  review["request"]["object"]["metadata"]["annotations"] = "x";
  Ask(review);
  EXPECT_TRUE(Counted("unchanged", 4));
}

TEST_F(WorkloadHandlerTest, AllowsUntilThePatternsAreRead) {
  patterns_.index = nullptr;
  EXPECT_EQ(Ask(WorkloadReview("Deployment", kMisspelt)), kAllowed);
  EXPECT_TRUE(Counted("error", 1));
}

TEST_F(WorkloadHandlerTest, AllowsDespiteABug) {
  patterns_.throws = true;
  EXPECT_EQ(Ask(WorkloadReview("Deployment", kMisspelt)), kAllowed);
  EXPECT_TRUE(Counted("error", 1));
  ASSERT_THAT(log_.lines(), SizeIs(1));
  EXPECT_THAT(log_.lines().front(), HasSubstr("a bug"));
}

TEST_F(WorkloadHandlerTest, SaysWhoseNamespaceIsLeftAlone) {
  patterns_.index = nullptr;  // it is not needed
  for (const char* excluded : {"kube-system", "remora-system"}) {
    json review = WorkloadReview("Deployment", kMisspelt);
    review["request"]["namespace"] = excluded;
    EXPECT_THAT(Ask(review)["warnings"],
                Contains("Deployment cart: its Pods get no companion: NamespaceExcluded: Remora "
                         "leaves the Pods of " +
                         std::string(excluded) + " alone"));
  }
}

class WorkloadHandlerLookupTest : public WorkloadHandlerTest {
 protected:
  SystemClock clock_;
  ErrorCode error_ = ErrorCode::kNotFound;
  bool stored_ = false;
  LiveLookup lookup_{[this](const PatternKey& key, std::chrono::milliseconds,
                            const std::stop_token&) -> Result<LiveLookup::Pattern> {
                       if (stored_ && key.namespace_name == "shop") {
                         return StoredPattern::FromObject(Saver());
                       }
                       return Error(error_, "not there");
                     },
                     clock_,
                     {.missing_kept = std::chrono::hours(1), .found_kept = std::chrono::hours(1)}};
  WorkloadHandler asking_{{patterns_, environment_, metrics_, &lookup_}};
  const json review_ = WorkloadReview("Job", {{"patterns.remora.dev/sidecar", "saver"}});
};

TEST_F(WorkloadHandlerLookupTest, FindsAPatternThatIsAppliedTogetherWithIt) {
  stored_ = true;
  EXPECT_EQ(Ask(asking_, review_), kAllowed);
  EXPECT_TRUE(Counted("unchanged", 1));
}

TEST_F(WorkloadHandlerLookupTest, WarnsWhereTheApiServerHasNoneEither) {
  EXPECT_THAT(Ask(asking_, review_)["warnings"],
              Contains("Job cart: its Pods will be created without: Sidecar saver "
                       "(PatternNotFound)"));
}

TEST_F(WorkloadHandlerLookupTest, ForetellsNothingFromASilentApiServer) {
  error_ = ErrorCode::kDeadlineExceeded;
  EXPECT_EQ(Ask(asking_, review_), kAllowed);
}

}  // namespace
}  // namespace remora::webhook
