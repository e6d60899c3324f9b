#include "webhook/pod_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/requests.h"

namespace remora::webhook {
namespace {

using nlohmann::json;
using remora::testing::LogCapture;
using remora::testing::PodReview;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

json Sidecar(const std::string& name) {
  return {{"apiVersion", "patterns.remora.dev/v1alpha1"},
          {"kind", "Sidecar"},
          {"metadata", {{"namespace", "shop"}, {"name", name}}},
          {"spec", {{"container", {{"image", "saver:1"}}}}}};
}

class Patterns final : public PatternSource {
 public:
  std::shared_ptr<const injection::PatternIndex> Current() const override {
    if (throws) throw std::runtime_error(sentence);
    return index;
  }
  std::string Missing() const override { return "sidecars"; }

  std::shared_ptr<const injection::PatternIndex> index;
  bool throws = false;
  std::string sentence = "a bug";
};

class PodHandlerTest : public ::testing::Test {
 protected:
  PodHandlerTest() {
    injection::PatternIndex::Builder builder;
    builder.Add(injection::StoredPattern::FromObject(Sidecar("saver")));
    builder.AddNamespace({.name = "shop", .labels = {}, .annotations = {}});
    patterns_.index = std::move(builder).Build();
  }

  static Response Handle(PodHandler& handler, const std::string& body) {
    Response response;
    handler.Handle({.method = "POST", .path = "", .content_type = kJsonType, .body = body},
                   response);
    return response;
  }
  Response Handle(const std::string& body) { return Handle(handler_, body); }
  static json AnswerOf(const Response& response) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.refusal, "");
    const json answer = json::parse(response.body);
    EXPECT_EQ(answer["response"]["uid"], "u1");
    return answer["response"];
  }
  json Ask(const json& annotations) {
    const Response response = Handle(PodReview("u1", annotations).dump());
    EXPECT_EQ(response.status, 200);
    const json answer = json::parse(response.body);
    EXPECT_EQ(answer["kind"], "AdmissionReview");
    EXPECT_EQ(answer["response"]["uid"], "u1");
    return answer["response"];
  }
  std::string Counted(const std::string& verdict) {
    const std::string text = metrics_.Render();
    const std::string key = "{webhook=\"named\",verdict=\"" + verdict + "\"} ";
    const std::size_t at = text.find(key) + key.size();
    return text.substr(at, text.find('\n', at) - at);
  }

  LogCapture log_;
  Patterns patterns_;
  injection::Environment environment_;
  Metrics metrics_;
  PodHandler handler_{Entry::kNamed, {patterns_, environment_, metrics_}};
  PodHandler automatic_{Entry::kAutomatic, {patterns_, environment_, metrics_}};
};

TEST_F(PodHandlerTest, PatchesAPodThatAsksForAPattern) {
  const json response = Ask({{"patterns.remora.dev/sidecar", "saver"}});
  EXPECT_TRUE(response["allowed"]);
  EXPECT_EQ(response["patchType"], "JSONPatch");
  EXPECT_THAT(response["patch"].get<std::string>(), StartsWith("W3"));  // [{
  EXPECT_EQ(Counted("patched"), "1");
  EXPECT_THAT(metrics_.Render(),
              HasSubstr("remora_decisions_total{kind=\"Sidecar\",reason=\"Injected\"} 1\n"));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(PodHandlerTest, LeavesAPodThatAsksForNothing) {
  EXPECT_EQ(Ask(json::object()), json::parse(R"({"uid":"u1","allowed":true})"));
  EXPECT_EQ(Counted("unchanged"), "1");
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(PodHandlerTest, DeniesWithTheEnginesSentenceAndOneLogLine) {
  const json response = Ask({{"patterns.remora.dev/sidecar", "saver,saver"}});
  EXPECT_FALSE(response["allowed"]);
  EXPECT_EQ(response["status"]["code"], 403);
  EXPECT_EQ(response["status"]["reason"], "Forbidden");
  EXPECT_THAT(response["status"]["message"].get<std::string>(), HasSubstr("saver"));
  EXPECT_EQ(Counted("denied"), "1");
  ASSERT_THAT(log_.lines(), SizeIs(1));
  for (const char* part : {"admission denied", "u1", "shop", "cart-"}) {
    EXPECT_THAT(log_.lines().front(), HasSubstr(part));
  }
}

TEST_F(PodHandlerTest, SaysWhichCompanionAnAdmittedPodGoesWithout) {
  const json response = Ask({{"patterns.remora.dev/sidecar", "savr"}});
  EXPECT_TRUE(response["allowed"]);
  EXPECT_THAT(response["warnings"], SizeIs(1));
  EXPECT_THAT(metrics_.Render(),
              HasSubstr("remora_decisions_total{kind=\"Sidecar\",reason=\"PatternNotFound\"} 1\n"));
  ASSERT_THAT(log_.lines(), SizeIs(1));
  EXPECT_THAT(log_.lines().front(), HasSubstr("PatternNotFound"));
}

TEST_F(PodHandlerTest, AllowsWhatIsNoPodThatIsMade) {
  json review = PodReview("u1", {{"patterns.remora.dev/sidecar", "savr"}});
  review["request"]["operation"] = "UPDATE";
  const json answer = json::parse(Handle(review.dump()).body);
  EXPECT_EQ(answer["response"], json::parse(R"({"uid":"u1","allowed":true})"));
}

TEST_F(PodHandlerTest, DeniesWhoAskedUntilThePatternsAreRead) {
  patterns_.index = nullptr;
  for (const char* on_error : {"Deny", "Admit"}) {
    const json response = Ask({{"patterns.remora.dev/on-error", on_error}});
    EXPECT_FALSE(response["allowed"]);
    EXPECT_EQ(response["status"]["code"], 503);
    EXPECT_EQ(response["status"]["reason"], "ServiceUnavailable");
    EXPECT_EQ(response["status"]["message"],
              "InternalError: not ready: not read from the API server yet: sidecars");
  }
  EXPECT_EQ(Counted("error"), "2");
  ASSERT_THAT(log_.lines(), SizeIs(2));
  EXPECT_THAT(log_.lines().front(), HasSubstr("admission denied"));
}

TEST_F(PodHandlerTest, AllowsWhoDidNotAskUntilThePatternsAreRead) {
  patterns_.index = nullptr;
  const json response = AnswerOf(Handle(automatic_, PodReview("u1").dump()));
  EXPECT_TRUE(response["allowed"]);
  EXPECT_FALSE(response.contains("patch"));
  ASSERT_THAT(response["warnings"], SizeIs(1));
  EXPECT_EQ(response["warnings"][0],
            "InternalError: not ready: not read from the API server yet: sidecars");
}

TEST_F(PodHandlerTest, DeniesWhoAskedWhenThereIsABug) {
  patterns_.throws = true;
  const json response = Ask({{"patterns.remora.dev/sidecar", "saver"}});
  EXPECT_FALSE(response["allowed"]);
  EXPECT_EQ(response["status"]["code"], 500);
  EXPECT_EQ(response["status"]["reason"], "InternalError");
  EXPECT_EQ(response["status"]["message"], "InternalError: Remora could not decide: a bug");
  EXPECT_EQ(Counted("error"), "1");
  EXPECT_THAT(metrics_.Render(),
              HasSubstr("remora_decisions_total{kind=\"\",reason=\"InternalError\"} 1\n"));
  ASSERT_THAT(log_.lines(), SizeIs(1));
  EXPECT_THAT(log_.lines().front(), HasSubstr("a bug"));
  patterns_.throws = false;
  EXPECT_TRUE(Ask(json::object())["allowed"]);
}

TEST_F(PodHandlerTest, AdmitsDespiteABugWhoAskedForThatOrDidNotAsk) {
  patterns_.throws = true;
  const json asked = Ask({{"patterns.remora.dev/on-error", "Admit"}});
  const json automatic = AnswerOf(Handle(automatic_, PodReview("u1").dump()));
  for (const json& response : {asked, automatic}) {
    EXPECT_TRUE(response["allowed"]);
    ASSERT_THAT(response["warnings"], SizeIs(1));
    EXPECT_EQ(response["warnings"][0], "InternalError: Remora could not decide: a bug");
  }
}

TEST_F(PodHandlerTest, CutsALongWarningWhereACharacterEnds) {
  patterns_.throws = true;
  patterns_.sentence = std::string(200, 'x').replace(80, 2, "\xc3\xa9");
  for (int shift = 0; shift < 4; ++shift) {
    patterns_.sentence.insert(0, "y");
    const json response = AnswerOf(Handle(automatic_, PodReview("u1").dump()));
    const auto warning = response["warnings"][0].get<std::string>();
    EXPECT_LE(warning.size(), 120u);
    EXPECT_THAT(warning, ::testing::EndsWith("..."));
  }
}

TEST_F(PodHandlerTest, CountsTheAutomaticEntryByItself) {
  AnswerOf(Handle(automatic_, PodReview("u1").dump()));
  EXPECT_THAT(metrics_.Render(), HasSubstr("remora_admission_requests_total{webhook=\"automatic\","
                                           "verdict=\"unchanged\"} 1\n"));
  EXPECT_EQ(Counted("unchanged"), "0");
}

TEST_F(PodHandlerTest, RefusesWhatIsNoReview) {
  for (const char* body : {"", "{", "[]", "{}", R"({"kind":"AdmissionReview"})"}) {
    const Response response = Handle(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(json::parse(response.body)["error"], response.refusal) << body;
  }
}

}  // namespace
}  // namespace remora::webhook
