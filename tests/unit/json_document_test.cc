#include "operator/injection/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace remora::injection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A document and its arena, for one-line tests.
struct Parsed {
  explicit Parsed(std::string_view text) { ok = document.Parse(text).ok(); }
  JsonDocument document;
  Arena arena;
  bool ok = false;
};

TEST(JsonDocument, FindsMembersInAnyOrderAndAnyNumberOfTimes) {
  Parsed json(R"({"a":{"x":[1,2]},"b":"text","c":null})");
  ASSERT_TRUE(json.ok);
  const JsonValue root = json.document.root();
  EXPECT_EQ(root["b"].RawString(), "text");
  EXPECT_EQ(root["a"]["x"].size(), 2U);
  EXPECT_EQ(root["b"].RawString(), "text");
  EXPECT_EQ(root["c"].type(), JsonType::kNull);
  EXPECT_FALSE(root["d"].exists());
  EXPECT_FALSE(root["d"]["e"]["f"].exists());
}

TEST(JsonDocument, GivesTheTextOfAnyValue) {
  Parsed json(R"( { "list" : [ 1 , {"k":[ ]} ] , "n" : -1.5e3 , "s":"a b" } )");
  ASSERT_TRUE(json.ok);
  const JsonValue root = json.document.root();
  EXPECT_EQ(root["list"].raw(), R"([ 1 , {"k":[ ]} ])");
  EXPECT_EQ(root["n"].raw(), "-1.5e3");
  EXPECT_EQ(root["s"].raw(), R"("a b")");
}

TEST(JsonDocument, UnescapesStringsAndKeys) {
  Parsed json(R"({"a\u002fb":"x\n\"\\\u00e9\ud83d\ude00","bad":"\q","half":"\ud83d"})");
  ASSERT_TRUE(json.ok);
  const JsonValue root = json.document.root();
  EXPECT_EQ(root["a/b"].String(json.arena), "x\n\"\\\u00e9\U0001F600");
  EXPECT_EQ(root["bad"].String(json.arena), std::nullopt);
  EXPECT_EQ(root["half"].String(json.arena), "\uFFFD");
}

TEST(JsonDocument, ReadsNumbersOnlyWhereTheyAreIntegers) {
  Parsed json(R"([0,-7,9223372036854775807,9223372036854775808,1.0,1e2,"3"])");
  ASSERT_TRUE(json.ok);
  std::vector<std::optional<std::int64_t>> numbers;
  for (const JsonValue element : json.document.root().elements())
    numbers.push_back(element.Integer());
  EXPECT_THAT(numbers, ElementsAre(0, -7, INT64_MAX, std::nullopt, std::nullopt, std::nullopt,
                                   std::nullopt));
}

TEST(JsonDocument, TakesTheLastOfTwoEqualKeysAsGoDoes) {
  Parsed json(R"({"a":1,"a":2})");
  ASSERT_TRUE(json.ok);
  EXPECT_EQ(json.document.root()["a"].Integer(), 2);
}

TEST(JsonDocument, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1 2]",
                           "[1,]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "nope",
                           "[nope]",
                           "01",
                           "1.",
                           "-",
                           "\"open",
                           "[1]]",
                           "{\"a\":1}{",
                           "[tru]",
                           "{\"a\" \"b\"}",
                           "[\"tab\there\"]",
                           "\xff",
                           "[\"\xc3\x28\"]",
                           "[,]",
                           "{,}",
                           "[1,,2]",
                           ":",
                           "{\"a\"::1}"}) {
    Parsed json(text);
    EXPECT_FALSE(json.ok) << text;
    EXPECT_FALSE(json.document.root().exists()) << text;
  }
}

TEST(JsonDocument, RefusesNestingBeyondTheLimitAndSaysWhere) {
  JsonDocument document;
  const std::string deep(100000, '[');
  const auto parsed = document.Parse(deep);
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message(), HasSubstr("nested deeper than 64"));
  EXPECT_TRUE(document.Parse(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_FALSE(document.Parse(std::string(65, '[') + std::string(65, ']')).ok());
}

TEST(JsonDocument, ServesTheNextTextAfterABrokenOne) {
  JsonDocument document;
  EXPECT_FALSE(document.Parse("{\"long text that is\": [broken").ok());
  ASSERT_TRUE(document.Parse("[7]").ok());
  EXPECT_EQ(document.root().raw(), "[7]");
}

// Another parser's opinion: what we accept, and what we find in it.
TEST(JsonDocument, AgreesWithAnotherParserOnRandomTexts) {
  std::mt19937 random(1);
  const std::string alphabet = "{}[]:,\" 01-.eEtrufalsn\n";
  JsonDocument document;
  int accepted = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (std::size_t length = random() % 14; length > 0; --length) {
      text += alphabet[random() % alphabet.size()];
    }
    const bool ok = document.Parse(text).ok();
    ASSERT_EQ(ok, nlohmann::json::accept(text)) << text;
    if (!ok) continue;
    ++accepted;
    ASSERT_EQ(nlohmann::json::parse(document.root().raw()), nlohmann::json::parse(text)) << text;
  }
  EXPECT_GT(accepted, 100) << "the texts must not all be refused";
}

}  // namespace
}  // namespace remora::injection
