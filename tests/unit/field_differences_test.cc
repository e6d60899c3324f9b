#include "operator/cli/field_differences.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "operator/base/timestamp.h"
#include "operator/cli/text_table.h"

namespace remora::cli {
namespace {

using nlohmann::json;

std::string Printed(const json& before, const json& after) {
  std::ostringstream out;
  PrintDifferences(FindDifferences(before, after), out);
  return out.str();
}

TEST(FieldDifferences, CallFieldsAsAPersonWould) {
  struct Row {
    const char* reason;
    const char* before;
    const char* after;
    const char* want;
  };
  constexpr Row kRows[] = {
      {"the same", R"({"a": [1, {"b": 2}]})", R"({"a": [1, {"b": 2}]})", ""},
      {"a field", R"({"container": {"image": "a:1"}})", R"({"container": {"image": "a:2"}})",
       "  container.image: a:1 → a:2\n"},
      {"added and removed", R"({"a": {"b": true}})", R"({"c": {"d": [1, "x"]}})",
       "  a: removed {\"b\":true}\n  c: added {\"d\":[1,\"x\"]}\n"},
      {"a named member", R"({"env": [{"name": "A", "value": "1"}, {"name": "B"}]})",
       R"({"env": [{"name": "A", "value": "2"}, {"name": "C"}]})",
       "  env[A].value: \"1\" → \"2\"\n  env[B]: removed {\"name\":\"B\"}\n"
       "  env[C]: added {\"name\":\"C\"}\n"},
      {"a mount", R"({"m": [{"mountPath": "/a", "readOnly": true}]})",
       R"({"m": [{"mountPath": "/a"}]})", "  m[/a].readOnly: removed true\n"},
      {"a port by number", R"({"ports": [{"containerPort": 80}]})",
       R"({"ports": [{"containerPort": 80, "protocol": "UDP"}]})",
       "  ports[80].protocol: added UDP\n"},
      {"another order", R"({"env": [{"name": "A"}, {"name": "B"}]})",
       R"({"env": [{"name": "B"}, {"name": "A"}]})", "  env: order A, B → B, A\n"},
      {"a name twice", R"({"env": [{"name": "A", "v": 1}, {"name": "A", "v": 2}]})",
       R"({"env": [{"name": "A", "v": 1}, {"name": "A", "v": 3}]})", "  env[1].v: 2 → 3\n"},
      {"words", R"({"args": ["a", "b"]})", R"({"args": ["a", "c"]})", "  args[1]: b → c\n"},
      {"more words", R"({"args": ["a"]})", R"({"args": ["x", "a"]})",
       "  args: [\"a\"] → [\"x\",\"a\"]\n"},
      {"another type", R"({"p": 8080})", R"({"p": "8080"})", "  p: 8080 → \"8080\"\n"},
      {"a text that could be nothing", R"({"p": ""})", R"({"p": " x"})", "  p: \"\" → \" x\"\n"},
      {"a key with a dot", R"({"podLabels": {"a.b/c": "x"}})", R"({"podLabels": {"a.b/c": "y"}})",
       "  podLabels['a.b/c']: x → y\n"},
      {"what steers a terminal", R"({"a": "\u001b[2J"})", R"({"a": "\u009b2J"})",
       "  a: \"\\u001b[2J\" → \"\\u009b2J\"\n"},
      {"a list that becomes a text", R"({"a": []})", R"({"a": "b"})", "  a: [] → b\n"},
      {"a text of several lines", R"({"c": "one\ntwo\nthree\n"})", R"({"c": "one\n2\nthree\n"})",
       "  c, from line 2:\n    - two\n    + 2\n"},
      {"a text of several lines, new", R"({})", R"({"c": "one\ntwo\n"})",
       "  c, from line 1:\n    + one\n    + two\n"},
      {"only the last line's end", R"({"c": "one\ntwo"})", R"({"c": "one\ntwo\n"})",
       "  c: \"one\\ntwo\" → \"one\\ntwo\\n\"\n"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(Printed(json::parse(row.before), json::parse(row.after)), row.want) << row.reason;
  }
}

TEST(FieldDifferences, AreSummedUpInALine) {
  const auto summary = [](const char* before, const char* after) {
    return Summary(FindDifferences(json::parse(before), json::parse(after)));
  };
  EXPECT_EQ(summary("{}", "{}"), "");
  EXPECT_EQ(summary(R"({"a": 1})", R"({"a": 2})"), "a: 1 → 2");
  EXPECT_EQ(summary(R"({"a": 1, "b": 1, "c": 1, "d": 1})", R"({"a": 2, "b": 2, "c": 2, "d": 2})"),
            "a: 1 → 2; b: 1 → 2; and 2 more");
  // Cut between characters, not within one.
  const std::string long_text(39, 'x');
  EXPECT_EQ(Summary(FindDifferences({{"a", "y"}}, {{"a", long_text + "üü"}})),
            "a: y → " + long_text + "…");
}

TEST(TextTable, IsAsWideAsItsWidestCells) {
  TextTable table({"NAME", "READY", "MORE"});
  table.Add({"über", "True", ""});
  table.Add({"log-saver", "-", "x"});
  std::ostringstream out;
  table.Print("  ", out);
  EXPECT_EQ(out.str(),
            "  NAME        READY   MORE\n"
            "  über        True\n"
            "  log-saver   -       x\n");
}

TEST(TextTable, SaysAnAgeAsKubectlDoes) {
  const auto now = *ParseTime("2026-03-01T12:00:00Z");
  const std::pair<const char*, const char*> rows[] = {
      {"2026-03-01T12:00:05Z", "0s"},  {"2026-03-01T11:58:01Z", "119s"},
      {"2026-03-01T11:58:00Z", "2m"},  {"2026-03-01T11:54:50Z", "5m10s"},
      {"2026-03-01T11:45:10Z", "14m"}, {"2026-03-01T08:30:00Z", "3h30m"},
      {"2026-03-01T01:00:00Z", "11h"}, {"2026-02-26T08:00:00Z", "3d4h"},
      {"2026-02-01T12:00:00Z", "28d"}, {"2023-03-01T12:00:00Z", "3y1d"},
      {"2015-03-01T12:00:00Z", "11y"}, {"yesterday", "<unknown>"},
  };
  for (const auto& [time, age] : rows) EXPECT_EQ(Age(time, now), age) << time;
}

}  // namespace
}  // namespace remora::cli
