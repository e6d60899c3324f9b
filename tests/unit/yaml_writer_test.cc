#include "operator/cli/yaml_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "operator/cli/yaml_reader.h"

namespace remora::cli {
namespace {

using nlohmann::json;

// Empty when the text is read back as that value.
std::string ReadBack(const json& value) {
  const std::string text = WriteYaml(value);
  auto parsed = ReadYaml(text, {"x.yaml", 1});
  if (!parsed.ok()) return parsed.error().message() + " in:\n" + text;
  // The dumps tell 1 from 1.0 and from true.
  if (parsed->value.dump() == value.dump()) return {};
  return "read back as " + parsed->value.dump() + " from:\n" + text;
}

// How kubectl 1.36.4 prints the same values.
TEST(YamlWriter, WritesStringsAsKubectlDoes) {
  struct Case {
    const char* text;
    const char* want;
  };
  const Case cases[] = {
      {"", "\"\""},
      {"a b", "a b"},
      {"yes", "\"yes\""},
      {"1.10", "\"1.10\""},
      {"0644", "\"0644\""},
      {"1e3", "\"1e3\""},
      {"~", "\"~\""},
      {".inf", "\".inf\""},
      {"1:30", "\"1:30\""},
      {"08", "\"08\""},
      {"1e", "1e"},
      {"2001-01-01", "\"2001-01-01\""},
      {"-", "'-'"},
      {"- a", "'- a'"},
      {"-a", "-a"},
      {"---", "'---'"},
      {"a: b", "'a: b'"},
      {"a:b", "a:b"},
      {"a:", "'a:'"},
      {"a #b", "'a #b'"},
      {"#a", "'#a'"},
      {"?a", "?a"},
      {"? a", "'? a'"},
      {"*a", "'*a'"},
      {"'a", "'''a'"},
      {"\"a", "'\"a'"},
      {"%a", "'%a'"},
      {"@a", "'@a'"},
      {"a,b", "a,b"},
      {"[a]", "'[a]'"},
      {" a", "' a'"},
      {"a ", "'a '"},
      {"a\tb", "\"a\\tb\""},
      {"a\r\nb", "\"a\\r\\nb\""},
      {"a \nb", "\"a \\nb\""},
      {"é", "é"},
      {"\x01", "\"\\x01\""},
      {"it's: x", "'it''s: x'"},
      {"10.0.0.1", "10.0.0.1"},
      {"a\\b", "a\\b"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(WriteYaml({{"v", c.text}}), std::string("v: ") + c.want + "\n");
}

// Here kubectl's own output would be read as something else by others, or even by itself.
TEST(YamlWriter, QuotesWhatOthersReadDifferently) {
  EXPECT_EQ(WriteYaml({{"<<", "<<"}}), "\"<<\": \"<<\"\n");
  EXPECT_EQ(WriteYaml({{"v", "="}}), "v: \"=\"\n");
}

TEST(YamlWriter, WritesLinesAsLiteralBlocks) {
  EXPECT_EQ(WriteYaml({{"v", "a\nb\n"}}), "v: |\n  a\n  b\n");
  EXPECT_EQ(WriteYaml({{"v", "a\nb"}}), "v: |-\n  a\n  b\n");
  EXPECT_EQ(WriteYaml({{"v", "a\n\n b\n\n"}}), "v: |+\n  a\n\n   b\n\n");
  EXPECT_EQ(WriteYaml({{"v", " a\nb"}}), "v: |2-\n   a\n  b\n");
  EXPECT_EQ(WriteYaml({{"v", "a\n\tb\n"}}), "v: |\n  a\n  \tb\n");
  EXPECT_EQ(WriteYaml({{"v", "\n\n"}}), "v: \"\\n\\n\"\n");
  EXPECT_EQ(WriteYaml({{"v", json::array({"a\nb\n"})}}), "v:\n- |\n  a\n  b\n");
}

TEST(YamlWriter, WritesStructuresAsKubectlDoes) {
  const json value =
      json::parse(R"({"b": [1, [2, {"c": true}], {"d": [{"e": null, "f": 1.5}]}, [], {}],
                                     "a": {"x": {}, "y": {"z": []}}, "1": 1e21, "t": 123456789.125})");
  EXPECT_EQ(WriteYaml(value),
            "\"1\": 1e+21\n"
            "a:\n"
            "  x: {}\n"
            "  \"y\":\n"
            "    z: []\n"
            "b:\n"
            "- 1\n"
            "- - 2\n"
            "  - c: true\n"
            "- d:\n"
            "  - e: null\n"
            "    f: 1.5\n"
            "- []\n"
            "- {}\n"
            "t: 1.23456789125e+08\n");
}

TEST(YamlWriter, DoesNotFoldLongLines) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "word ";
  text += "end";
  EXPECT_EQ(WriteYaml({{"v", text}}), "v: " + text + "\n");
}

TEST(YamlWriter, IsReadBackForStringsThatAreHardToWrite) {
  std::ifstream in(REMORA_YAML_STRINGS);
  const json strings = json::parse(in);
  ASSERT_GT(strings.size(), 120U);
  for (const json& string : strings) {
    const std::string& text = string.get_ref<const std::string&>();
    EXPECT_EQ(ReadBack({{"v", string}}), "") << "as a member";
    EXPECT_EQ(ReadBack({{text, 1}}), "") << "as a key";
    EXPECT_EQ(ReadBack({{text, {{text, string}}}, {"z", json::array({string, {{text, string}}})}}),
              "")
        << "nested";
    EXPECT_EQ(ReadBack(json::array({string, json::array({string})})), "") << "in lists";
    EXPECT_EQ(ReadBack(string), "") << "alone";
  }
}

// A random value of pieces that mean something to YAML.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  json Value(int depth = 0) {
    const int kind = Below(depth < 5 ? 8 : 5);
    if (kind < 4) return Text();
    if (kind == 4) {
      static const std::vector<json> kScalars = {
          nullptr, true, false, 0, -1, 1.5, 1e21, 1e-7, 9007199254740993, INT64_MIN};
      return kScalars[static_cast<std::size_t>(Below(static_cast<int>(kScalars.size())))];
    }
    json value = kind == 5 ? json::array() : json::object();
    for (int i = Below(4); i > 0; --i) {
      if (value.is_array())
        value.push_back(Value(depth + 1));
      else
        value[Text()] = Value(depth + 1);
    }
    return value;
  }

 private:
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  std::string Text() {
    static constexpr std::string_view kPieces[] = {"a",
                                                   "b",
                                                   "y",
                                                   "0",
                                                   "1",
                                                   "x",
                                                   "e",
                                                   " ",
                                                   "  ",
                                                   "\n",
                                                   "\n",
                                                   "\n\n",
                                                   "\t",
                                                   ":",
                                                   ": ",
                                                   "#",
                                                   " #",
                                                   "-",
                                                   "- ",
                                                   "---",
                                                   "...",
                                                   "?",
                                                   "'",
                                                   "\"",
                                                   "\\",
                                                   "|",
                                                   ">",
                                                   "&",
                                                   "*",
                                                   "!",
                                                   "%",
                                                   "@",
                                                   "`",
                                                   "[",
                                                   "]",
                                                   "{",
                                                   "}",
                                                   ",",
                                                   ".",
                                                   "_",
                                                   "+",
                                                   "=",
                                                   "<<",
                                                   "~",
                                                   "\r",
                                                   "é",
                                                   "\xC2\x85",
                                                   "\xE2\x80\xA8",
                                                   "\xEF\xBB\xBF",
                                                   "\xF0\x9F\x98\x80",
                                                   "\x01",
                                                   "\x7F"};
    std::string text;
    for (int i = Below(12); i > 0; --i)
      text += kPieces[Below(static_cast<int>(std::size(kPieces)))];
    return text;
  }

  std::mt19937 random_;
};

TEST(YamlWriter, IsReadBackForAnyValue) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    ASSERT_EQ(ReadBack(Generator(seed).Value()), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace remora::cli
