#include "webhook/pattern_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/integration/webhook/log_capture.h"

namespace remora::webhook {
namespace {

using nlohmann::json;
using remora::testing::LogCapture;
using ::testing::HasSubstr;
using ::testing::SizeIs;

json Saver(const json& spec) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", "Sidecar"},
          {"metadata", {{"namespace", "shop"}, {"name", "saver"}}},
          {"spec", spec}};
}

const json kGood = {{"container", {{"image", "saver:1"}}}};
const json kUnknownField = {{"container", {{"image", "saver:1"}}}, {"shares", json::array()}};
const json kBadReference = {{"container", {{"image", "saver:$(params.version)"}}}};

class Patterns final : public PatternSource {
 public:
  std::shared_ptr<const injection::PatternIndex> Current() const override {
    if (throws) throw std::runtime_error("a bug");
    return index;
  }
  std::string Missing() const override { return ""; }
  std::shared_ptr<const injection::PatternIndex> index;  // not read yet
  bool throws = false;
};

// A test of the pattern: it serves the container web.
json Tested(const std::string& want_image) {
  json spec = kGood;
  const json pod = {{"metadata", {{"annotations", {{"patterns.remora.dev/sidecar", "saver"}}}}},
                    {"spec", {{"containers", {{{"name", "web"}, {"image", "web"}}}}}}};
  const json want = {{"spec", {{"initContainers", {{{"name", "saver"}, {"image", want_image}}}}}}};
  spec["tests"] = {
      {{"name", "serves-web"}, {"pod", pod}, {"want", {{"reason", "Injected"}, {"pod", want}}}}};
  return spec;
}

class PatternHandlerTest : public ::testing::Test {
 protected:
  static json Review(const std::string& operation, const json& object, const json& old = nullptr) {
    return {
        {"apiVersion", "admission.k8s.io/v1"},
        {"kind", "AdmissionReview"},
        {"request",
         {{"uid", "u1"},
          {"kind",
           {{"group", "patterns.remora.dev"}, {"version", "v1alpha1"}, {"kind", "Sidecar"}}},
          {"resource",
           {{"group", "patterns.remora.dev"}, {"version", "v1alpha1"}, {"resource", "sidecars"}}},
          {"namespace", "shop"},
          {"name", "saver"},
          {"operation", operation},
          {"object", object},
          {"oldObject", old}}}};
  }

  json Ask(const json& review) {
    const std::string body = review.dump();
    Response response;
    handler_.Handle({.method = "POST", .path = "", .content_type = kJsonType, .body = body},
                    response);
    EXPECT_EQ(response.status, 200);
    const json answer = json::parse(response.body)["response"];
    EXPECT_EQ(answer["uid"], "u1");
    return answer;
  }

  LogCapture log_;
  Patterns patterns_;
  injection::Environment environment_;
  Metrics metrics_;
  PatternHandler handler_{{patterns_, environment_, metrics_}};
};

TEST_F(PatternHandlerTest, AllowsAGoodPattern) {
  EXPECT_EQ(Ask(Review("CREATE", Saver(kGood))), json::parse(R"({"uid":"u1","allowed":true})"));
  EXPECT_TRUE(Ask(Review("UPDATE", Saver(kGood), Saver(kUnknownField)))["allowed"]);
  EXPECT_THAT(metrics_.Render(), HasSubstr("remora_admission_requests_total{webhook=\"patterns\","
                                           "verdict=\"unchanged\"} 2\n"));
}

TEST_F(PatternHandlerTest, RefusesWhatCannotBeReadAndNamesTheField) {
  const json answer = Ask(Review("CREATE", Saver(kUnknownField)));
  EXPECT_FALSE(answer["allowed"]);
  EXPECT_EQ(answer["status"]["code"], 422);
  EXPECT_EQ(answer["status"]["reason"], "Invalid");
  const auto message = answer["status"]["message"].get<std::string>();
  EXPECT_THAT(message, HasSubstr("Sidecar shop/saver: "));
  EXPECT_THAT(message, HasSubstr("shares"));
  ASSERT_THAT(log_.lines(), SizeIs(1));
  EXPECT_THAT(log_.lines().front(), HasSubstr("pattern refused"));
  EXPECT_THAT(metrics_.Render(), HasSubstr("remora_admission_requests_total{webhook=\"patterns\","
                                           "verdict=\"denied\"} 1\n"));
}

TEST_F(PatternHandlerTest, RefusesWhatCannotBeCompiled) {
  const json answer = Ask(Review("UPDATE", Saver(kBadReference), Saver(kGood)));
  EXPECT_FALSE(answer["allowed"]);
  const auto message = answer["status"]["message"].get<std::string>();
  EXPECT_THAT(message, HasSubstr("params.version"));
  EXPECT_THAT(message, HasSubstr("container.image"));
}

TEST_F(PatternHandlerTest, RunsThePatternsOwnTests) {
  EXPECT_TRUE(Ask(Review("CREATE", Saver(Tested("saver:1"))))["allowed"]);
  const json answer = Ask(Review("CREATE", Saver(Tested("saver:2"))));
  EXPECT_FALSE(answer["allowed"]);
  EXPECT_THAT(answer["status"]["message"].get<std::string>(),
              HasSubstr("spec.tests: the test \"serves-web\" fails: "
                        "spec.initContainers[saver].image"));
}

// The stored version is not the one that is tested, other patterns are.
TEST_F(PatternHandlerTest, TestsThePatternAmongTheOthersAndInItsOwnNewVersion) {
  injection::PatternIndex::Builder builder;
  json old = kGood;
  old["container"]["image"] = "saver:0";
  builder.Add(injection::StoredPattern::FromObject(Saver(old)));
  patterns_.index = std::move(builder).Build();
  EXPECT_TRUE(Ask(Review("UPDATE", Saver(Tested("saver:1")), Saver(old)))["allowed"]);
}

TEST_F(PatternHandlerTest, DeniesWhatABugKeepsItFromJudging) {
  patterns_.throws = true;
  const json answer = Ask(Review("CREATE", Saver(Tested("saver:1"))));
  EXPECT_FALSE(answer["allowed"]);
  EXPECT_EQ(answer["status"]["code"], 500);
  EXPECT_EQ(answer["status"]["message"], "InternalError: Remora could not judge it: a bug");
}

TEST_F(PatternHandlerTest, LetsMetadataOfABadPatternBeEdited) {
  json labelled = Saver(kBadReference);
  labelled["metadata"]["labels"]["team"] = "a";
  EXPECT_TRUE(Ask(Review("UPDATE", labelled, Saver(kBadReference)))["allowed"]);
}

TEST_F(PatternHandlerTest, HasNoSayInDeletionsSubresourcesAndOtherKinds) {
  EXPECT_TRUE(Ask(Review("DELETE", nullptr, Saver(kBadReference)))["allowed"]);
  json status = Review("UPDATE", Saver(kBadReference), Saver(kGood));
  status["request"]["subResource"] = "status";
  EXPECT_TRUE(Ask(status)["allowed"]);
  json other = Review("CREATE", Saver(kBadReference));
  other["request"]["kind"] = {{"group", "example.test"}, {"version", "v1"}, {"kind", "Sidecar"}};
  EXPECT_TRUE(Ask(other)["allowed"]);
}

TEST_F(PatternHandlerTest, RefusesAPatternWithoutAName) {
  json nameless = Saver(kGood);
  nameless["metadata"].erase("name");
  const json answer = Ask(Review("CREATE", nameless));
  EXPECT_FALSE(answer["allowed"]);
  EXPECT_THAT(answer["status"]["message"].get<std::string>(), HasSubstr("metadata.name"));
}

// nlohmann refuses to convert what is neither an object nor null.
TEST_F(PatternHandlerTest, IsTotal) {
  for (const json& spec : {json(), json(1), json("x"), json::array({1})}) {
    EXPECT_FALSE(Ask(Review("CREATE", Saver(spec)))["allowed"]) << spec;
  }
}

}  // namespace
}  // namespace remora::webhook
