#include "webhook/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "webhook/json_text.h"

namespace remora::webhook {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Question() {
  return json::parse(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{
    "uid":"705ab4f5","kind":{"group":"","version":"v1","kind":"Pod"},
    "resource":{"group":"","version":"v1","resource":"pods"},"name":"cart-1","namespace":"shop",
    "operation":"CREATE","userInfo":{"username":"admin"},"dryRun":true,
    "object":{"apiVersion":"v1","kind":"Pod","spec":{}},"oldObject":null}})");
}

class ReviewTest : public ::testing::Test {
 protected:
  Result<Review> Read(const std::string& text) {
    auto parsed = document_.Parse(text);
    EXPECT_TRUE(parsed.ok()) << text;
    return ReadReview(document_.root(), arena_);
  }

  Arena arena_;
  injection::JsonDocument document_;
};

TEST_F(ReviewTest, ReadsEveryFieldThatCounts) {
  const auto review = Read(Question().dump());
  ASSERT_TRUE(review.ok());
  EXPECT_EQ(review->uid, "705ab4f5");
  EXPECT_EQ(review->kind, (GroupVersionName{"", "v1", "Pod"}));
  EXPECT_EQ(review->resource, (GroupVersionName{"", "v1", "pods"}));
  EXPECT_EQ(review->name, "cart-1");
  EXPECT_EQ(review->namespace_name, "shop");
  EXPECT_EQ(review->operation, "CREATE");
  EXPECT_TRUE(review->dry_run);
  EXPECT_EQ(json::parse(review->object.raw()), Question()["request"]["object"]);
  EXPECT_TRUE(review->CreatesPod());
}

struct Refused {
  std::string patch;  // a merge patch of the question
  std::string message;
  std::string reason;
};

TEST_F(ReviewTest, RefusesWhatItCannotAnswer) {
  const std::string other = "no AdmissionReview of admission.k8s.io/v1";
  const std::string no_uid = "no request.uid";
  for (const Refused& row : std::vector<Refused>{
           {R"({"apiVersion":"admission.k8s.io/v1beta1"})", other, "another version"},
           {R"({"apiVersion":null})", other, "no version"},
           {R"({"kind":"Pod"})", other, "another kind"},
           {R"({"kind":["AdmissionReview"]})", other, "a kind that is no string"},
           {R"({"request":null})", no_uid, "an answer, not a question"},
           {R"({"request":"x"})", no_uid, "a request that is no object"},
           {R"({"request":{"uid":null}})", no_uid, "no uid"},
           {R"({"request":{"uid":7}})", no_uid, "a number for a uid"},
           {R"({"request":{"uid":""}})", no_uid, "an empty uid"}}) {
    json question = Question();
    question.merge_patch(json::parse(row.patch));
    const auto review = Read(question.dump());
    ASSERT_FALSE(review.ok()) << row.reason;
    EXPECT_EQ(review.error().code(), ErrorCode::kInvalid) << row.reason;
    EXPECT_THAT(review.error().message(), HasSubstr(row.message)) << row.reason;
  }
}

TEST_F(ReviewTest, RefusesAUidWithABrokenEscape) {
  EXPECT_FALSE(Read(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview",
                        "request":{"uid":"a\qb"}})")
                   .ok());
}

TEST_F(ReviewTest, AsksAboutAPodOnlyWhenOneIsMade) {
  struct Row {
    std::string patch;
    std::string reason;
  };
  for (const Row& row :
       std::vector<Row>{{R"({"operation":"UPDATE"})", "an update"},
                        {R"({"operation":null})", "no operation"},
                        {R"({"subResource":"eviction"})", "a subresource"},
                        {R"({"kind":{"kind":"Deployment"}})", "another kind"},
                        {R"({"kind":{"group":"metrics.k8s.io"}})", "a Pod of another group"},
                        {R"({"resource":{"resource":"deployments"}})", "another resource"},
                        {R"({"resource":{"version":"v2"}})", "another version"},
                        {R"({"object":null})", "no object"}}) {
    json question = Question();
    question["request"].merge_patch(json::parse(row.patch));
    const auto review = Read(question.dump());
    ASSERT_TRUE(review.ok()) << row.reason;
    EXPECT_FALSE(review->CreatesPod()) << row.reason;
  }
}

TEST_F(ReviewTest, IsAnsweredWithAPatchInBase64) {
  const auto review = Read(Question().dump());
  std::string out;
  WriteAllowed(*review, "[]", {}, out);
  EXPECT_EQ(json::parse(out), json::parse(R"({
    "apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{
      "uid":"705ab4f5","allowed":true,"patchType":"JSONPatch","patch":"W10="}})"));
}

TEST_F(ReviewTest, IsAllowedWithoutAPatch) {
  const auto review = Read(Question().dump());
  std::string out;
  WriteAllowed(*review, "", {}, out);
  EXPECT_EQ(json::parse(out)["response"], json::parse(R"({"uid":"705ab4f5","allowed":true})"));
}

TEST_F(ReviewTest, IsDeniedWithAStatusAndWarnings) {
  json question = Question();
  question["request"]["uid"] = "a\"\\\n\u0001ü";
  const auto review = Read(question.dump());
  const std::vector<std::string_view> warnings = {"one \"1\"", "two"};
  std::string out = "before ";
  WriteDenied(*review, {.message = "no pattern \"x\"\n"}, warnings, out);
  EXPECT_EQ(
      json::parse(out.substr(7))["response"],
      (json{{"uid", "a\"\\\n\u0001ü"},
            {"allowed", false},
            {"status", {{"code", 403}, {"reason", "Forbidden"}, {"message", "no pattern \"x\"\n"}}},
            {"warnings", {"one \"1\"", "two"}}}));
}

TEST(Base64, IsRfc4648) {
  struct Row {
    std::string bytes;
    std::string text;
  };
  for (const Row& row : std::vector<Row>{{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"},
                                         {"\xff\xef\xfb", "/+/7"}}) {
    std::string out;
    AppendBase64String(row.bytes, out);
    EXPECT_EQ(out, "\"" + row.text + "\"");
  }
}

TEST(JsonString, EscapesWhatMustBe) {
  for (int c = 0; c < 128; ++c) {
    const std::string text = {'a', static_cast<char>(c), 'z'};
    std::string out;
    AppendJsonString(text, out);
    EXPECT_EQ(json::parse(out), text) << c;
  }
}

}  // namespace
}  // namespace remora::webhook
