#include "operator/cli/text_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace remora::cli {
namespace {

using nlohmann::json;

TEST(TextEditor, RefusesToChangeWhatWouldReadOtherwise) {
  const auto documents = ReadDocuments("? a\n: 1\n", "x");
  ASSERT_TRUE(documents.ok());
  EXPECT_FALSE(EditText(documents->front(), {{"a", 1}, {"b", 2}}, EmptyValues::kKeep));
  const auto one_line = ReadDocuments("- - a\n  - b\n", "x");
  ASSERT_TRUE(one_line.ok());
  EXPECT_FALSE(
      EditText(one_line->front(), json::parse(R"([["x", "a", "b"]])"), EmptyValues::kKeep));
}

struct Change {
  const char* reason;
  const char* before;
  json after;
  const char* want;
};

TEST(TextEditor, ChangesInPlaces) {
  const Change kChanges[] = {
      {"single quotes stay", "a: 'x'  # c\n", {{"a", "z"}}, "a: 'z'  # c\n"},
      {"double quotes stay", "a: \"x\"\n", {{"a", "z"}}, "a: \"z\"\n"},
      {"a word stays without", "a: x\n", {{"a", "z"}}, "a: z\n"},
      {"quotes where they are needed", "a: x\n", {{"a", "1"}}, "a: \"1\"\n"},
      {"and none where they were needed only", "a: \"1\"\n", {{"a", "x"}}, "a: x\n"},
      {"a value for a key without one", "a:\nb: 1\n", {{"a", "x"}, {"b", 1}}, "a: \"x\"\nb: 1\n"},
      {"a member of the middle goes",
       "a: 1\nb: 2 # c\nc: 3\n",
       {{"a", 1}, {"c", 3}},
       "a: 1\nc: 3\n"},
      {"the last goes, without a line feed", "a: 1\nb:\n  c: 2", {{"a", 1}}, "a: 1"},
      {"two go at the end", "a: 1\nb: 2\nc: 3", {{"a", 1}}, "a: 1"},
      {"the first in brackets goes", "[a, b]\n", json::array({"b"}), "[b]\n"},
      {"the last in brackets goes", "[a, b]\n", json::array({"a"}), "[a]\n"},
      {"all in brackets go", "[a]\n", json::array(), "[]\n"},
      {"the first into brackets", "a: []\n", {{"a", {"x"}}}, "a: [x]\n"},
      {"a key behind its anchor and tag", "a: &x !!str v\n", {{"a", "w"}}, "a: &x !!str w\n"},
      {"words of other readers are quoted",
       "{a: b}\n",
       {{"a", "b"}, {"c", {"yes", "1", "~", "x y"}}},
       "{a: b, c: [\"yes\", \"1\", \"~\", \"x y\"]}\n"},
  };
  for (const Change& c : kChanges) {
    const auto documents = ReadDocuments(c.before, "x");
    ASSERT_TRUE(documents.ok()) << c.reason;
    const auto edited = EditText(documents->front(), c.after, EmptyValues::kKeep);
    ASSERT_TRUE(edited) << c.reason;
    EXPECT_EQ(edited->text, c.want) << c.reason;
  }
}

}  // namespace
}  // namespace remora::cli
