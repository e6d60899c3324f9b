#include "operator/injection/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
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

// Whether all strings and keys can be unescaped; what is found is put together again in `json`.
bool ToNlohmann(JsonValue value, Arena& arena, nlohmann::json& json) {
  switch (value.type()) {
    case JsonType::kAbsent: return false;
    case JsonType::kString: {
      const auto text = value.String(arena);
      if (text) json = std::string(*text);
      return text.has_value();
    }
    case JsonType::kArray:
      json = nlohmann::json::array();
      for (const JsonValue element : value.elements()) {
        if (!ToNlohmann(element, arena, json.emplace_back())) return false;
      }
      return json.size() == value.size();
    case JsonType::kObject:
      json = nlohmann::json::object();
      for (const JsonValue::Member member : value.members()) {
        const auto key = member.Key(arena);
        if (!key || !member.KeyIs(*key)) return false;
        if (!ToNlohmann(member.value(), arena, json[std::string(*key)])) return false;
      }
      return true;
    default: json = nlohmann::json::parse(value.raw(), nullptr, false); return !json.is_discarded();
  }
}

// Both parsers' opinion of one text; the escapes are ours to read later.
class Comparison {
 public:
  void Check(const std::string& text) {
    const bool parsed = document_.Parse(text).ok();
    arena_.Reset();
    nlohmann::json ours;
    const bool accepted = parsed && ToNlohmann(document_.root(), arena_, ours);
    // No JSON, but the end of the text or nothing at all for the other parser.
    if (text.find('\0') != std::string::npos || text.starts_with("\xEF\xBB\xBF")) {
      ASSERT_FALSE(accepted) << text;
      return;
    }
    const nlohmann::json theirs = nlohmann::json::parse(text, nullptr, false);
    accepted_ += accepted ? 1 : 0;
    if (accepted && theirs.is_discarded()) {
      // A lone surrogate is U+FFFD with us, as in Go; the other parser refuses it.
      ASSERT_NE(text.find("\\u"), std::string::npos) << text;
      ASSERT_NE(ours.dump().find("\uFFFD"), std::string::npos) << text;
      return;
    }
    ASSERT_EQ(accepted, !theirs.is_discarded()) << text;
    if (accepted) {
      ASSERT_EQ(ours, theirs) << text;
    }
  }

  int accepted() const { return accepted_; }

 private:
  JsonDocument document_;
  Arena arena_;
  int accepted_ = 0;
};

std::vector<std::string> Seeds() {
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += R"({"a":[)";
  deep += "null";
  for (int i = 0; i < 30; ++i) deep += "]}";
  return {
      R"({"metadata":{"name":"web","labels":{}},"spec":{"containers":[{"name":"a"},{}],"n":0}})",
      R"( [ 1 , -0.5e+10 , 10 , 0 , true , false , null , "" , [ ] , { } , [[]] ] )",
      R"({"a\u0041\n":"\ud83d\ude00 long enough for a block of sixteen \\ \" \/ \b\f\r\t","":""})",
      "{\"\xC3\xA9\":\"\xE2\x82\xAC \xF0\x9F\x98\x80\",\"\x7f\":\"\xEF\xBF\xBD\"}",
      R"("a string alone")",
      " -12.5E-3 ",
      deep};
}

TEST(JsonDocument, AgreesWithAnotherParserOnTextsCutAnywhere) {
  Comparison comparison;
  for (const std::string& seed : Seeds()) {
    for (std::size_t length = 0; length <= seed.size(); ++length) {
      ASSERT_NO_FATAL_FAILURE(comparison.Check(seed.substr(0, length)));
      ASSERT_NO_FATAL_FAILURE(comparison.Check(seed.substr(length)));
    }
  }
  EXPECT_GE(comparison.accepted(), 14) << "a seed uncut is JSON";
}

TEST(JsonDocument, AgreesWithAnotherParserOnMutatedTexts) {
  using std::string_literals::operator""s;
  const std::vector<std::string> pieces = {"{",
                                           "}",
                                           "[",
                                           "]",
                                           ",",
                                           ":",
                                           "\"",
                                           "\\",
                                           "\\u",
                                           "\\ud800",
                                           "\\udc00",
                                           "\\u00e9",
                                           "\\q",
                                           "\\\"",
                                           "\0"s,
                                           "\t",
                                           "\n",
                                           "\f",
                                           "\x1a",
                                           "\x1f",
                                           "\x7f",
                                           "\x80",
                                           "\xC0\x80",
                                           "\xC3",
                                           "\xED\xA0\x80",
                                           "\xE2\x82",
                                           "\xF4\x90\x80\x80",
                                           "\xF0\x9F\x98\x80",
                                           "\xFF",
                                           "\xEF\xBB\xBF",
                                           "0",
                                           "-",
                                           "1",
                                           ".",
                                           "e",
                                           "E+",
                                           "true",
                                           "nul",
                                           "false",
                                           " ",
                                           "\"\"",
                                           "\"a\":",
                                           "[]",
                                           "{}",
                                           "//",
                                           "'"};
  std::mt19937 random(2);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  const std::vector<std::string> seeds = Seeds();
  Comparison comparison;
  for (int i = 0; i < 60000; ++i) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(text.size() + 1);
      switch (below(3)) {
        case 0: text.insert(at, pieces[below(pieces.size())]); break;
        case 1: text.erase(at, 1 + below(2)); break;
        default: text.replace(at, 1, pieces[below(pieces.size())]); break;
      }
    }
    ASSERT_NO_FATAL_FAILURE(comparison.Check(text));
  }
  EXPECT_GT(comparison.accepted(), 3000) << "the texts must not all be refused";
}

TEST(JsonDocument, FindsAKeyOnlyByWhatItMeans) {
  Parsed json(R"({"\u0061bc":1,"a\\c":2,"a\"c":3,"":4,"abcd":5})");
  ASSERT_TRUE(json.ok);
  const JsonValue root = json.document.root();
  EXPECT_EQ(root["abc"].Integer(), 1);
  EXPECT_EQ(root["a\\c"].Integer(), 2);
  EXPECT_EQ(root["a\"c"].Integer(), 3);
  EXPECT_EQ(root[""].Integer(), 4);
  EXPECT_EQ(root["abcd"].Integer(), 5);
  EXPECT_FALSE(root["a\\\\c"].exists());
  EXPECT_FALSE(root["a"].exists());
}

}  // namespace
}  // namespace remora::injection
