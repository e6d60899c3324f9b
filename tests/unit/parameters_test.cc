// A text is a value of a parameter, or it is not; the shapes are those of the rules in crds/.
#include "operator/injection/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remora::injection {
namespace {

using api::Parameter;
using api::ParameterType;

api::IntOrString Number(std::int64_t number) { return {number, std::to_string(number)}; }
api::IntOrString Text(std::string text) { return {std::nullopt, std::move(text)}; }

Parameter Of(ParameterType type) {
  Parameter parameter;
  parameter.name = "x";
  parameter.type = type;
  return parameter;
}

// What CheckParameter says of it; empty when it fits.
std::string Complaint(const Parameter& spec, std::string_view value) {
  const auto compiled = CompileParameter(spec, "spec.parameters[0]");
  if (!compiled.ok()) return "the parameter: " + compiled.error().message();
  return CheckParameter(*compiled, value).value_or("");
}

TEST(CheckParameter, TakesTheShapesOfTheType) {
  struct Case {
    ParameterType type;
    std::vector<std::string_view> good;
    std::vector<std::string_view> bad;
  };
  const std::string digits18(18, '9');
  const std::string digits19 = "1" + std::string(18, '0');
  const std::vector<Case> cases = {
      {ParameterType::kString,
       {"", "a b", "/var/log/app", "A-Z_0.9:/@%+=,-"},
       {"$HOME", "a\"b", "a'b", "a\nb", "a;b", "`a`", "a\\b", "\u00e9", "a|b", "(a)"}},
      {ParameterType::kInteger,
       {"0", "3", "-3", digits18},
       {"", "-", "+3", "3.5", "3.0", "1e3", "0x10", " 3", "3 ", digits19, "three"}},
      {ParameterType::kBoolean, {"true", "false"}, {"", "True", "yes", "1", "true "}},
      {ParameterType::kPort,
       {"1", "80", "65535"},
       {"", "0", "65536", "99999", "080", "-1", "http", "80 "}},
      {ParameterType::kQuantity,
       {"1", "1.5Gi", ".5", "1.", "1.Ki", "1e3", "1e+3", "1e-3", "1E", "1E3", "100m", "1n", "+1",
        "-1Mi", "007"},
       {"", "1MB", "64MB", "1mi", "1K", "1kk", "1e", "1e+-3", "1EE3", "1.1.1", " 1", "1 ", "0x1",
        "1_0", "one"}},
      {ParameterType::kDuration,
       {"0s", "30s", "1m30s", "1.5h", "500ms", "10us", "1ns", "1h1h"},
       {"", "0", "60", "-1s", "+1s", ".5s", "1.s", "1d", "1S", "1\u00b5s", "1s ", " 1s", "s",
        "1m30"}},
  };
  for (const Case& c : cases) {
    for (const std::string_view value : c.good) {
      EXPECT_EQ(Complaint(Of(c.type), value), "") << ParameterTypeName(c.type);
    }
    for (const std::string_view value : c.bad) {
      EXPECT_NE(Complaint(Of(c.type), value), "")
          << ParameterTypeName(c.type) << " takes \"" << value << "\"";
    }
  }
}

TEST(CheckParameter, SaysWhatItExpects) {
  Parameter choice = Of(ParameterType::kString);
  choice.enumeration = {"debug", "info"};
  Parameter shape = Of(ParameterType::kString);
  shape.pattern = "a|b";
  Parameter count = Of(ParameterType::kInteger);
  count.minimum = Number(1);
  count.maximum = Number(10);
  struct Case {
    const char* reason;
    Parameter spec;
    std::string_view value;
    std::string_view want;
  };
  for (const Case& c : std::vector<Case>{
           {"an integer", Of(ParameterType::kInteger), "many",
            "expected an integer such as 3, not \"many\""},
           {"a harmless string", Of(ParameterType::kString), "$HOME",
            "expected a string of letters, digits and \" ._:/@%+=,-\", not \"$HOME\""},
           {"one of the enum, with the nearest", choice, "inof",
            "expected one of debug, info, not \"inof\"; did you mean info?"},
           {"the whole of the pattern", shape, "bc", "expected a match of a|b, not \"bc\""},
           {"the minimum", count, "0", "expected at least 1, not \"0\""},
           {"the maximum", count, "11", "expected at most 10, not \"11\""},
           {"a value within", count, "10", ""},
       }) {
    EXPECT_EQ(Complaint(c.spec, c.value), c.want) << c.reason;
  }
}

TEST(CheckParameter, APatternOrAnEnumMayAdmitAnyCharacter) {
  Parameter spec = Of(ParameterType::kString);
  spec.pattern = "[$]+";
  EXPECT_EQ(Complaint(spec, "$$"), "");
  spec.pattern.clear();
  spec.enumeration = {"$"};
  EXPECT_EQ(Complaint(spec, "$"), "");
}

TEST(CheckParameter, ComparesLimitsInTheirUnits) {
  Parameter size = Of(ParameterType::kQuantity);
  size.minimum = Text("64Mi");
  size.maximum = Number(2147483648);
  EXPECT_EQ(Complaint(size, "2Gi"), "");
  EXPECT_EQ(Complaint(size, "65M"), "expected at least 64Mi, not \"65M\"");
  EXPECT_EQ(Complaint(size, "2.1Gi"), "expected at most 2147483648, not \"2.1Gi\"");
  Parameter period = Of(ParameterType::kDuration);
  period.minimum = Text("100ms");
  period.maximum = Text("1h");
  EXPECT_EQ(Complaint(period, "60m"), "");
  EXPECT_EQ(Complaint(period, "99999us"), "expected at least 100ms, not \"99999us\"");
  EXPECT_EQ(Complaint(period, "1h1ns"), "expected at most 1h, not \"1h1ns\"");
}

// A double cannot tell these apart.
TEST(CheckParameter, ComparesLargeIntegersExactly) {
  Parameter spec = Of(ParameterType::kInteger);
  spec.maximum = Number(999999999999999998);
  EXPECT_EQ(Complaint(spec, "999999999999999998"), "");
  EXPECT_EQ(Complaint(spec, "999999999999999999"),
            "expected at most 999999999999999998, not \"999999999999999999\"");
}

TEST(CheckParameter, CutsLongValuesBetweenCharacters) {
  std::string value;
  for (int i = 0; i < 40; ++i) value += "\u20ac";
  const std::string complaint = Complaint(Of(ParameterType::kInteger), value);
  std::string shown;
  for (int i = 0; i < 20; ++i) shown += "\u20ac";
  EXPECT_EQ(complaint, "expected an integer such as 3, not \"" + shown + "...\"");
}

TEST(CompileParameter, RefusesWhatCouldNeverBeGiven) {
  struct Case {
    const char* reason;
    Parameter spec;
    std::string_view want;
  };
  std::vector<Case> cases = {
      {"a default of another type", Of(ParameterType::kPort),
       "spec.parameters[0].default: expected a port from 1 to 65535, not \"http\""},
      {"an example of another type", Of(ParameterType::kBoolean),
       "spec.parameters[0].example: expected true or false, not \"yes\""},
      {"an enum of another type", Of(ParameterType::kInteger),
       "spec.parameters[0].enum[1]: expected an integer such as 3, not \"two\""},
      {"a limit of another type", Of(ParameterType::kQuantity),
       "spec.parameters[0].minimum: expected a quantity such as 500Mi or 100m, not \"1MB\""},
      {"a pattern that is none alone, though it is one in brackets", Of(ParameterType::kString),
       "spec.parameters[0].pattern: expected a regular expression (RE2), not \"a)|(b\": "
       "unexpected ): a)|(b"},
  };
  cases[0].spec.default_value = "http";
  cases[1].spec.example = "yes";
  cases[2].spec.enumeration = {"1", "two"};
  cases[3].spec.minimum = Text("1MB");
  cases[4].spec.pattern = "a)|(b";
  for (const Case& c : cases) {
    const auto compiled = CompileParameter(c.spec, "spec.parameters[0]");
    ASSERT_FALSE(compiled.ok()) << c.reason;
    EXPECT_EQ(compiled.error().message(), c.want) << c.reason;
  }
}

TEST(Quantity, IsReadAsTheApiServerReadsIt) {
  const std::vector<std::pair<std::string_view, double>> values = {
      {"1.5Gi", 1610612736},
      {"100m", 0.1},
      {"1e3", 1000},
      {"1E", 1e18},
      {"1E3", 1000},
      {".5", 0.5},
      {"1.", 1},
      {"1.Ki", 1024},
      {"-1Mi", -1048576},
      {"Ki", 0},
      {"+", 0},
      {".", 0},
      {"e3", 0},
  };
  for (const auto& [text, want] : values) {
    ASSERT_TRUE(ParseQuantity(text).has_value()) << text;
    EXPECT_DOUBLE_EQ(*ParseQuantity(text), want) << text;
  }
  EXPECT_GT(*ParseQuantity("1e99999999999999999999"), 1e300) << "beyond a double it is infinite";
}

TEST(Duration, IsInSeconds) {
  const std::vector<std::pair<std::string_view, double>> values = {
      {"1h30m0.5s", 5400.5}, {"1ns", 1e-9}, {"2us", 2e-6}, {"500ms", 0.5}, {"1h1h", 7200}};
  for (const auto& [text, want] : values) {
    ASSERT_TRUE(ParseGoDuration(text).has_value()) << text;
    EXPECT_DOUBLE_EQ(ParseGoDuration(text)->count(), want) << text;
  }
}

TEST(LiteralTypes, AreWrittenWithoutQuotes) {
  EXPECT_TRUE(IsLiteralType(ParameterType::kInteger));
  EXPECT_TRUE(IsLiteralType(ParameterType::kBoolean));
  EXPECT_TRUE(IsLiteralType(ParameterType::kPort));
  EXPECT_FALSE(IsLiteralType(ParameterType::kString));
  EXPECT_FALSE(IsLiteralType(ParameterType::kQuantity));
  EXPECT_FALSE(IsLiteralType(ParameterType::kDuration));
}

}  // namespace
}  // namespace remora::injection
