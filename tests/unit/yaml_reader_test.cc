#include "operator/cli/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "operator/cli/json_reader.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

json Read(const std::string& text) {
  auto parsed = ReadYaml(text, {"x.yaml", 1});
  return parsed.ok() ? parsed->value : json("ERROR " + parsed.error().message());
}

std::string Complaint(const std::string& text) {
  auto parsed = ReadYaml(text, {"x.yaml", 1});
  return parsed.ok() ? "read as " + parsed->value.dump() : parsed.error().message();
}

struct Row {
  std::string scalar;
  std::string value;
  std::string key;
};

std::vector<Row> ReadTable() {
  std::ifstream in(REMORA_YAML_SCALARS);
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("# ")) continue;
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    rows.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1),
                    line.substr(second + 1)});
  }
  return rows;
}

// The table is kubectl's own, see tests/golden/yaml/README.md.
TEST(YamlReader, TypesScalarsAsKubectlDoes) {
  const std::vector<Row> rows = ReadTable();
  ASSERT_GT(rows.size(), 150U);
  for (const Row& row : rows) {
    auto parsed = ReadYaml("v: " + row.scalar + "\n", {"x.yaml", 1});
    if (row.value == "refused") {
      EXPECT_FALSE(parsed.ok()) << "value " << row.scalar << " read as " << parsed->value.dump();
      continue;
    }
    ASSERT_TRUE(parsed.ok()) << "value " << row.scalar << ": " << parsed.error().message();
    const json& value = parsed->value["v"];
    EXPECT_EQ(value, json::parse(row.value)) << "value " << row.scalar;
  }
}

TEST(YamlReader, TypesKeysAsKubectlDoes) {
  for (const Row& row : ReadTable()) {
    auto parsed = ReadYaml(row.scalar + ": x\n", {"x.yaml", 1});
    if (row.key == "refused") {
      EXPECT_FALSE(parsed.ok()) << "key " << row.scalar << " read as " << parsed->value.dump();
      continue;
    }
    ASSERT_TRUE(parsed.ok()) << "key " << row.scalar << ": " << parsed.error().message();
    const json want = {{json::parse(row.key).get<std::string>(), "x"}};
    EXPECT_EQ(parsed->value, want) << "key " << row.scalar;
  }
}

TEST(YamlReader, KeepsIntegersAsIntegers) {
  EXPECT_TRUE(Read("v: 1e3")["v"].is_number_integer());
  EXPECT_TRUE(Read("v: 1.0")["v"].is_number_integer());
  EXPECT_TRUE(Read("v: 1.5")["v"].is_number_float());
}

// Each row was compared with kubectl 1.36.4 by hand.
TEST(YamlReader, ReadsStructuresAsKubectlDoes) {
  struct Case {
    const char* reason;
    const char* yaml;
    const char* want;
  };
  const Case cases[] = {
      {"a merge brings keys", "b: &b {x: 1}\nv: {<<: *b, y_: 2}",
       R"({"b": {"x": 1}, "v": {"x": 1, "y_": 2}})"},
      {"a key behind the merge wins", "v: {<<: {a: 1}, a: 2}", R"({"v": {"a": 2}})"},
      {"a merge wins over a key in front of it", "v: {a: 2, <<: {a: 1}}", R"({"v": {"a": 1}})"},
      {"the first of a list wins", "v: {<<: [{a: 1}, {a: 2, b: 3}]}", R"({"v": {"a": 1, "b": 3}})"},
      {"merges nest", "b: &b {a: 1}\nc: &c {<<: *b}\nv: {<<: *c}",
       R"({"b": {"a": 1}, "c": {"a": 1}, "v": {"a": 1}})"},
      {"a quoted << is a key", "v: {\"<<\": {a: 1}}", R"({"v": {"<<": {"a": 1}}})"},
      {"nothing is merged", "v: {<<: []}", R"({"v": {}})"},
      {"an alias is a copy", "a: &a [1]\nb: *a", R"({"a": [1], "b": [1]})"},
      {"an alias as key", "k: &k foo\nv: {*k : 1}", R"({"k": "foo", "v": {"foo": 1}})"},
      {"an anchor twice", "a: &a 1\nb: *a\nc: &a 2\nd: *a", R"({"a": 1, "b": 1, "c": 2, "d": 2})"},
      {"tags of maps", "v: !!set {a}\nw: !mine {a: 1}", R"({"v": {"a": null}, "w": {"a": 1}})"},
      {"a tag without a value", "v: !!str\nw: 1", R"({"v": "", "w": 1})"},
      {"line ends of Windows", "v: |\r\n  a\r\n  b\r\nw: 1\r\n", R"({"v": "a\nb\n", "w": 1})"},
      {"literal, clipped", "v: |\n  a\n\n  b\n\nw: 1", R"({"v": "a\n\nb\n", "w": 1})"},
      {"literal, stripped", "v: |-\n  a\n\nw: 1", R"({"v": "a", "w": 1})"},
      {"literal, kept", "v: |+\n  a\n\nw: 1", R"({"v": "a\n\n", "w": 1})"},
      {"folded", "v: >\n  a\n  b\n\n  c\n    d\nw: 1", R"({"v": "a b\nc\n  d\n", "w": 1})"},
      {"folded, kept", "v: >+\n  a\n  b\n\n\nw: 1", R"({"v": "a b\n\n\n", "w": 1})"},
      {"folded, kept, nothing kept", "v: >+\n  a\nw: 1", R"({"v": "a\n", "w": 1})"},
      {"folded, kept, at the end", "v: >+\n  a\n\n", R"({"v": "a\n\n"})"},
      {"folded, kept, with a tag", "v: !!str &a >+ # c\n  a\n\nw: 1", R"({"v": "a\n\n", "w": 1})"},
      {"folded, kept, empty", "v: >+\n\nw: 1", R"({"v": "\n", "w": 1})"},
      {"folded, kept, indentation given", "v: >2+\n    a\n  b\n\nw: 1",
       R"({"v": "  a\nb\n\n", "w": 1})"},
      {"blanks behind the last line", "v: >\n  a\n  ", R"({"v": "a\n"})"},
      {"flow", "v: [a, b: c, {d: , e: [x]}]",
       R"({"v": ["a", {"b": "c"}, {"d": null, "e": ["x"]}]})"},
      {"beyond U+FFFF", "v: \"\\U0001F600\"", R"({"v": "😀"})"},
  };
  for (const Case& c : cases) EXPECT_EQ(Read(c.yaml), json::parse(c.want)) << c.reason;
}

TEST(YamlReader, ComplainsWithThePlace) {
  EXPECT_EQ(Complaint("a: 1\nb: 2\na: 3\n"),
            "x.yaml:3: the key \"a\" stands twice in one map, first in line 1");
  EXPECT_EQ(Complaint("yes: 1\ntrue: 2\n"),
            "x.yaml:2: the key \"true\" stands twice in one map, first in line 1");
  EXPECT_EQ(Complaint("a:\n\tb: 1\n"),
            "x.yaml:2: broken YAML: a tab in the indentation; expected spaces");
  EXPECT_EQ(Complaint("a: [1\n"), "x.yaml:2: broken YAML: end of sequence flow not found");
  EXPECT_EQ(Complaint("a: 1\nb: *none\n"),
            "x.yaml:2: broken YAML: the referenced anchor is not defined");
  EXPECT_EQ(Complaint("a: &a [*a]\n"), "x.yaml:1: an anchor contains itself");
  EXPECT_EQ(Complaint("a: {<<: x}\n"), "x.yaml:1: << takes a map or a list of maps");
  EXPECT_EQ(Complaint("? [a]\n: 1\n"),
            "x.yaml:1: a list or a map stands in the place of a key; expected a string");
  EXPECT_EQ(Complaint("a: 1\n~: 2\n"),
            "x.yaml:2: the key null cannot be one in JSON; expected a string");
  EXPECT_EQ(Complaint("\"d\"\n- a\n"),
            "x.yaml:2: broken YAML: more text after the end of the document; expected ---");
  EXPECT_THAT(Complaint("a: .inf\n"), StartsWith("x.yaml:1: infinity and not-a-number"));
}

TEST(YamlReader, CountsLinesFromThePlaceWhereTheTextStands) {
  auto parsed = ReadYaml("kind: List\nitems:\n- a: 1\n\n- b: 1\n", {"x.yaml", 11});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->lines.at("/items/0"), 13);
  EXPECT_EQ(parsed->lines.at("/items/1"), 15);
  EXPECT_EQ(ReadYaml("a: 1\na: 2\n", {"x.yaml", 11}).error().message(),
            "x.yaml:12: the key \"a\" stands twice in one map, first in line 11");
}

// yaml-cpp would take the first for the end of the text, and the others for letters.
TEST(YamlReader, RefusesCharactersThatOthersReadDifferently) {
  for (const char* text : {"a: x\x04y\nb: 1\n", "a: x\x01\n", "a: x\x7F\n", "a: x\xC2\x80\n"}) {
    EXPECT_EQ(Complaint(text), "x.yaml:1: a control character; expected text");
  }
  for (const char* text : {"a: x\ry\n", "a: x\xC2\x85\n",
                           "# x\xE2\x80\xA8"
                           "b: 1\n",
                           "a: x\xE2\x80\xA9\n"}) {
    EXPECT_THAT(Complaint(text), StartsWith("x.yaml:1: a line break that only YAML 1.1 knows"));
  }
  EXPECT_EQ(Complaint("a: 1\nb: \xFF\n"), "x.yaml:2: not UTF-8");
}

TEST(YamlReader, RefusesABillionLaughs) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 0; j < 9; ++j) text += ", " + alias;
    text += "]\n";
  }
  EXPECT_THAT(Complaint(text),
              HasSubstr("the aliases unfold to more than 1000000 values and bytes"));
}

TEST(YamlReader, RefusesLongTextsThatAreCopiedOften) {
  std::string text = "a: &a " + std::string(1000, 'x') + "\nb:\n";
  for (int i = 0; i < 1001; ++i) text += "- *a\n";
  EXPECT_THAT(Complaint(text), HasSubstr("the aliases unfold to more than"));
}

TEST(YamlReader, AllowsOrdinaryAliases) {
  std::string text = "a: &a {x: 1, z: [1, 2]}\nb:\n";
  for (int i = 0; i < 1000; ++i) text += "- *a\n";
  EXPECT_EQ(Read(text)["b"].size(), 1000U);
}

TEST(YamlReader, LimitsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ReadYaml(nested(64), {"x.yaml", 1}).ok());
  EXPECT_EQ(Complaint(nested(65)), "x.yaml:1: nested deeper than 64");
  EXPECT_EQ(Complaint(nested(100'000)), "x.yaml:1: nested deeper than 64");
  // 40 levels, reached again from inside 40 others.
  const std::string text =
      "a: &a " + nested(40) + "\nb: " + std::string(40, '[') + "*a" + std::string(40, ']');
  EXPECT_THAT(Complaint(text), HasSubstr("nested deeper than 64 through an alias"));
}

TEST(YamlReader, KnowsAnEmptyDocument) {
  for (const char* text : {"", "# only a comment\n", "---\n# x\n"}) {
    auto parsed = ReadYaml(text, {"x.yaml", 1});
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_TRUE(parsed->empty) << text;
  }
}

std::string JsonComplaint(const std::string& text) {
  auto parsed = ReadJson(text, {"x.json", 1});
  return parsed.ok() ? "read as " + parsed->value.dump() : parsed.error().message();
}

TEST(JsonReader, ReadsWhatYamlReadersDoNot) {
  auto parsed =
      ReadJson("{\"a\": \"\\ud83d\\ude00\\/\", \"b\": 1.0, \"c\": 0644e0}", {"x.json", 1});
  EXPECT_FALSE(parsed.ok());
  parsed = ReadJson("{\"a\": \"\\ud83d\\ude00\\/\", \"b\": 1.0}", {"x.json", 1});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->value.dump(), "{\"a\":\"😀/\",\"b\":1}");
}

TEST(JsonReader, KnowsTheLinesOfItems) {
  auto parsed = ReadJson("{\n\"items\": [\n{\"a\": 1},\n\n{\"b\": [1]}]}", {"x.json", 5});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->lines.at("/items/0"), 7);
  EXPECT_EQ(parsed->lines.at("/items/1"), 9);
}

TEST(JsonReader, ComplainsWithThePlace) {
  EXPECT_EQ(JsonComplaint("{\"a\": 1,\n \"a\": 2}"),
            "x.json:2: the key \"a\" stands twice in one object");
  EXPECT_EQ(JsonComplaint("{\"a\": {\"b\": 1}, \"b\": 1}"), R"(read as {"a":{"b":1},"b":1})");
  EXPECT_THAT(
      JsonComplaint("{\n\"a\": [1,]}"),
      StartsWith("x.json:2: broken JSON: syntax error while parsing value - unexpected ']'"));
  EXPECT_EQ(JsonComplaint(std::string(100'000, '[')), "x.json:1: nested deeper than 64");
}

}  // namespace
}  // namespace remora::cli
