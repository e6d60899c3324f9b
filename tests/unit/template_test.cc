#include "operator/injection/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace remora::injection {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A pattern with parameters `text` and `number`, an endpoint and a share.
api::Pattern SomePattern() {
  api::Pattern pattern;
  pattern.kind = api::PatternKind::kAmbassador;
  pattern.name = "redis";
  api::Parameter text;
  text.name = "text";
  api::Parameter number;
  number.name = "number";
  number.type = api::ParameterType::kInteger;
  pattern.spec.parameters = {text, number};
  api::Endpoint endpoint;
  endpoint.name = "redis";
  endpoint.upstream = "real:6379";
  pattern.spec.endpoints = {endpoint};
  api::Share share;
  share.name = "logs";
  pattern.spec.share = {share};
  return pattern;
}

class TemplateTest : public ::testing::Test {
 protected:
  // `$(params.text)` is `value`, `$(params.number)` is 7.
  std::string Render(const Template& text, std::string_view value) {
    const auto& references = table_.references();
    std::vector<Value> values(references.size());
    for (std::size_t i = 0; i < references.size(); ++i) {
      values[i] = references[i].text == "params.number" ? Value{"7", true} : Value{value, false};
    }
    std::pmr::string out;
    text.AppendTo(values, out);
    return std::string(out);
  }

  std::string Text(std::string_view text, std::string_view value = "v") {
    auto compiled = Template::FromText(text, table_, Stage::kAll);
    return compiled.ok() ? Render(*compiled, value) : compiled.error().message();
  }

  json Json(const json& value, std::string_view parameter = "v") {
    auto compiled = Template::FromMembers(value, table_, "spec.container", {});
    if (!compiled.ok()) return compiled.error().message();
    return json::parse("{" + Render(*compiled, parameter) + "}");
  }

  api::Pattern pattern_ = SomePattern();
  ReferenceTable table_{pattern_};
};

TEST_F(TemplateTest, LeavesKubernetesOwnReferencesAlone) {
  EXPECT_EQ(Text("a $(HOME) $$(HOME) $ $$ $(a.b) $("), "a $(HOME) $$(HOME) $ $$ $(a.b) $(");
}

TEST_F(TemplateTest, WritesAnEscapedReferenceAsItself) {
  EXPECT_EQ(Text("$$(params.text) is $(params.text)", "v"), "$(params.text) is v");
}

TEST_F(TemplateTest, GivesAWholeReferenceTheTypeOfItsValue) {
  const json result = Json({{"containerPort", "$(params.number)"}, {"a", "x$(params.number)"}});
  EXPECT_EQ(result["containerPort"], 7);
  EXPECT_EQ(result["a"], "x7");
}

// Better than the bare rule: a number there would make the Pod invalid.
TEST_F(TemplateTest, KeepsStringsWhereKubernetesHasStrings) {
  const json result = Json({{"args", {"$(params.number)"}},
                            {"env", {{{"name", "A"}, {"value", "$(params.number)"}}}},
                            {"image", "$(params.number)"}});
  EXPECT_EQ(result["args"][0], "7");
  EXPECT_EQ(result["env"][0]["value"], "7");
  EXPECT_EQ(result["image"], "7");
}

// case 38
TEST_F(TemplateTest, ArrivesAsTheSameBytesAndInjectsNoStructure) {
  const std::string nasty = "\"}],\"x\":[{\"\\\n\t\x01 ${{ $(HOME) ' \u00e9";
  const json result = Json({{"a", "<$(params.text)>"}, {"b", "$(params.text)"}}, nasty);
  EXPECT_EQ(result["a"], "<" + nasty + ">");
  EXPECT_EQ(result["b"], nasty);
  EXPECT_EQ(result.size(), 2U);
  EXPECT_EQ(Text("<$(params.text)>", nasty), "<" + nasty + ">");
}

TEST_F(TemplateTest, DoublesTheDollarOfAValueWhereKubernetesExpands) {
  const json result =
      Json({{"command", {"sh", "$(params.text)"}},
            {"args", {"-c $(HOME) $(params.text)"}},
            {"env", {{{"name", "A"}, {"value", "$(params.text)"}}}},
            {"workingDir", "$(params.text)"},
            {"lifecycle", {{"preStop", {{"exec", {{"command", {"$(params.text)"}}}}}}}}},
           "$(X)");
  EXPECT_EQ(result["command"][1], "$$(X)");
  EXPECT_EQ(result["args"][0], "-c $(HOME) $$(X)");
  EXPECT_EQ(result["env"][0]["value"], "$$(X)");
  EXPECT_EQ(result["workingDir"], "$(X)");
  EXPECT_EQ(result["lifecycle"]["preStop"]["exec"]["command"][0], "$(X)") << "hooks are run as is";
}

TEST_F(TemplateTest, NamesTheReferenceThatLeadsNowhereAndTheNearest) {
  EXPECT_EQ(Text("$(params.txt)"), "$(params.txt): no such parameter; did you mean text?");
  EXPECT_THAT(Text("$(endpoints.rediz.port)"), HasSubstr("did you mean redis?"));
  EXPECT_THAT(Text("$(share.log.path)"), HasSubstr("did you mean logs?"));
  EXPECT_THAT(Text("$(endpoints.redis.prot)"),
              HasSubstr("expected .host, .port, .address or .upstream"));
  EXPECT_THAT(Text("$(pod.name)"), HasSubstr("unknown reference"));
  EXPECT_THAT(Text("$(metrics.port)"), HasSubstr("no metrics"));
}

TEST_F(TemplateTest, RefusesAReferenceToWhatIsNotKnownYet) {
  const auto compiled = Template::FromText("$(share.logs.path)", table_, Stage::kPorts);
  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(compiled.error().message(), HasSubstr("not known yet"));
}

TEST_F(TemplateTest, RefusesMoreThan64ReferencesInOneString) {
  std::string text;
  for (int i = 0; i < 65; ++i) text += "$(params.text)";
  EXPECT_THAT(Text(text), HasSubstr("more than 64 references"));
}

}  // namespace
}  // namespace remora::injection
