// What users write and read, as values: reasons, names, selectors, revisions.
#include "operator/api/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/api/reason.h"
#include "operator/api/revision.h"

namespace remora::api {
namespace {

using nlohmann::json;

// --- reasons -----------------------------------------------------------------------------------

TEST(Reason, EveryNameIsReadBack) {
  std::set<std::string_view> names;
  for (int i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_FALSE(ReasonName(reason).empty()) << i;
    EXPECT_TRUE(names.insert(ReasonName(reason)).second) << ReasonName(reason) << " stands twice";
    EXPECT_EQ(ParseReason(ReasonName(reason)), reason);
  }
}

// One of each group's ends, so that a name in the wrong place of the list is seen.
TEST(Reason, NamesFollowTheOrderOfTheEnum) {
  EXPECT_EQ(ReasonName(Reason::kInjected), "Injected");
  EXPECT_EQ(ReasonName(Reason::kMirrorPod), "MirrorPod");
  EXPECT_EQ(ReasonName(Reason::kDuplicateName), "DuplicateName");
  EXPECT_EQ(ReasonName(Reason::kUnresolvedReference), "UnresolvedReference");
  EXPECT_EQ(ReasonName(Reason::kTargetNotFound), "TargetNotFound");
  EXPECT_EQ(ReasonName(Reason::kAnnotationsTooLarge), "AnnotationsTooLarge");
  EXPECT_EQ(ReasonName(Reason::kUnsupportedPod), "UnsupportedPod");
}

TEST(Reason, TextsThatAreNoneAreNotRead) {
  EXPECT_EQ(ParseReason(""), std::nullopt);
  EXPECT_EQ(ParseReason("injected"), std::nullopt);
  EXPECT_EQ(ParseReason("Injected "), std::nullopt);
}

TEST(Reason, ClassesDecideWhetherOnErrorIsAsked) {
  EXPECT_EQ(ClassOf(Reason::kAlreadyInjected), ReasonClass::kIn);
  EXPECT_EQ(ClassOf(Reason::kOptedOut), ReasonClass::kNotAskedFor);
  EXPECT_EQ(ClassOf(Reason::kMirrorPod), ReasonClass::kNotAskedFor);
  EXPECT_EQ(ClassOf(Reason::kInvalidAnnotation), ReasonClass::kAlwaysDenied);
  EXPECT_EQ(ClassOf(Reason::kDuplicateName), ReasonClass::kAlwaysDenied);
  EXPECT_EQ(ClassOf(Reason::kPatternNotFound), ReasonClass::kByOnError);
  EXPECT_EQ(ClassOf(Reason::kUnsupportedPod), ReasonClass::kByOnError);
}

TEST(OnError, DefaultDependsOnKindAndRole) {
  EXPECT_EQ(DefaultOnError(PatternKind::kAmbassador), OnError::kDeny);
  EXPECT_EQ(DefaultOnError(PatternKind::kAdapter), OnError::kAdmit);
  EXPECT_EQ(DefaultOnError(PatternKind::kSidecar), OnError::kAdmit);
  EXPECT_EQ(DefaultOnError(PatternKind::kSidecar, Role::kPopulate), OnError::kDeny);
  Pattern pattern;
  pattern.kind = PatternKind::kAmbassador;
  pattern.spec.on_error = OnError::kAdmit;
  EXPECT_EQ(pattern.EffectiveOnError(), OnError::kAdmit);
}

// --- names -------------------------------------------------------------------------------------

TEST(NearestName, IsNearEnoughToBeATypingError) {
  const std::vector<std::string_view> names = {"parameters", "target", "share", "files", "env"};
  struct Case {
    const char* reason;
    std::string_view name;
    std::string_view want;
  };
  for (const Case& c : std::vector<Case>{
           {"a letter is missing", "paramters", "parameters"},
           {"a letter too many", "shares", "share"},
           {"two letters swapped count as one edit", "evn", "env"},
           {"the other case is no edit", "Share", "share"},
           {"all letters in the other case", "ENV", "env"},
           {"the name itself is no typing error", "files", ""},
           {"more than a third is wrong", "volume", ""},
           {"nothing is near nothing", "", ""},
           {"of two that are near, the nearest", "tharge", "target"},
       }) {
    EXPECT_EQ(NearestName(c.name, names), c.want) << c.reason;
  }
  EXPECT_EQ(NearestName(std::string(10000, 'a'), names), "") << "long names are not compared";
  EXPECT_EQ(NearestName("env", {}), "") << "no candidates";
}

TEST(Names, OfPatternsFitAnnotationKeysAndContainers) {
  for (const std::string_view good : {"a", "0", "log-saver", "a-b-c"}) {
    EXPECT_TRUE(IsPatternName(good)) << good;
  }
  EXPECT_TRUE(IsPatternName(std::string(40, 'a')));
  EXPECT_FALSE(IsPatternName(std::string(41, 'a')));
  for (const std::string_view bad :
       {"", "-", "-a", "a-", "a--b", "A", "a.b", "a_b", "a b", "\u00e9"}) {
    EXPECT_FALSE(IsPatternName(bad)) << bad;
  }
}

TEST(Names, OfParametersAreLettersAndDigits) {
  EXPECT_TRUE(IsParameterName("logDir2"));
  EXPECT_TRUE(IsParameterName(std::string(22, 'Z')));
  EXPECT_FALSE(IsParameterName(std::string(23, 'Z')));
  for (const std::string_view bad : {"", "1a", "log-dir", "a.b", "a_b"}) {
    EXPECT_FALSE(IsParameterName(bad)) << bad;
  }
}

TEST(Names, LabelsMayHaveTwoHyphens) {
  EXPECT_TRUE(IsDnsLabel("log-saver--state"));
  EXPECT_TRUE(IsDnsLabel(std::string(63, 'a')));
  EXPECT_FALSE(IsDnsLabel(std::string(64, 'a')));
  EXPECT_FALSE(IsDnsLabel(""));
}

TEST(Names, OfKeysAreQualified) {
  const std::string longest(63, 'a');
  const std::string domain = longest + "." + longest + "." + longest + "." + std::string(61, 'a');
  for (const std::string& good : {std::string("team"), std::string("a"), std::string("A_b-c.d"),
                                  std::string("example.com/Team"), longest, domain + "/" + longest,
                                  std::string(64, 'a') + "/a"}) {
    EXPECT_TRUE(IsQualifiedName(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string("a-"), std::string("a b"),
        std::string("a/b/c"), std::string("/a"), std::string("a/"), std::string("Example.com/a"),
        std::string("a..b/c"), longest + "a", domain + "a/b"}) {
    EXPECT_FALSE(IsQualifiedName(bad)) << bad;
  }
}

TEST(Names, OfLabelValuesMayBeEmpty) {
  EXPECT_TRUE(IsLabelValue(""));
  EXPECT_TRUE(IsLabelValue(std::string(63, 'A')));
  EXPECT_FALSE(IsLabelValue(std::string(64, 'A')));
  for (const std::string_view bad : {" ", ".", "_a", "a/b", "\u00e9"}) {
    EXPECT_FALSE(IsLabelValue(bad)) << bad;
  }
}

TEST(Names, OfKeysAreUnderADomainOrItsSubdomains) {
  EXPECT_TRUE(IsKeyUnder("k8s.io/a", "k8s.io"));
  EXPECT_TRUE(IsKeyUnder("sigs.k8s.io/a", "k8s.io"));
  EXPECT_FALSE(IsKeyUnder("notk8s.io/a", "k8s.io"));
  EXPECT_FALSE(IsKeyUnder("k8s.io.example.com/a", "k8s.io"));
  EXPECT_FALSE(IsKeyUnder("k8s.io", "k8s.io")) << "a name without a domain";
  EXPECT_FALSE(IsKeyUnder("example.com/k8s.io", "k8s.io"));
}

TEST(Annotations, OnlyWhatUsersWriteAsksForPatterns) {
  EXPECT_TRUE(AsksForPatterns(kSidecarKey));
  EXPECT_TRUE(AsksForPatterns("patterns.remora.dev/sidcar")) << "a typing error is ours to report";
  EXPECT_TRUE(AsksForPatterns("params.patterns.remora.dev/redis.upstream"));
  EXPECT_TRUE(AsksForPatterns("target.patterns.remora.dev/redis"));
  EXPECT_FALSE(AsksForPatterns(kStatusKey)) << "the record asks for nothing";
  EXPECT_FALSE(AsksForPatterns("files.patterns.remora.dev/redis.0"));
  EXPECT_FALSE(AsksForPatterns("patterns.remora.dev.example/sidecar"));
}

TEST(PatternKind, NamesAreReadBack) {
  for (const PatternKind kind :
       {PatternKind::kAmbassador, PatternKind::kSidecar, PatternKind::kAdapter}) {
    EXPECT_EQ(ParsePatternKind(PatternKindName(kind)), kind);
  }
  EXPECT_EQ(PatternKindName(PatternKind::kSidecar), "Sidecar");
  EXPECT_EQ(PatternKindPlural(PatternKind::kAdapter), "adapters");
  EXPECT_EQ(ParsePatternKind("sidecar"), std::nullopt);
}

// --- selectors ---------------------------------------------------------------------------------

TEST(LabelSelector, MatchesAsKubernetesDoes) {
  const LabelSelector::Labels labels = {{"team", "shop"}, {"stage", "dev"}};
  struct Case {
    const char* reason;
    LabelSelector selector;
    bool want;
  };
  using Op = LabelOperator;
  const auto with = [](std::string key, Op op, std::vector<std::string> values) {
    return LabelSelector{{}, {{std::move(key), op, std::move(values)}}};
  };
  for (const Case& c : std::vector<Case>{
           {"an empty one matches all", {}, true},
           {"a label with its value", {{{"team", "shop"}}, {}}, true},
           {"another value", {{{"team", "pay"}}, {}}, false},
           {"all labels must match", {{{"team", "shop"}, {"region", "eu"}}, {}}, false},
           {"In", with("stage", Op::kIn, {"dev", "test"}), true},
           {"In needs the label", with("region", Op::kIn, {"eu"}), false},
           {"NotIn", with("stage", Op::kNotIn, {"dev"}), false},
           {"NotIn matches where the label is absent", with("region", Op::kNotIn, {"eu"}), true},
           {"Exists", with("team", Op::kExists, {}), true},
           {"Exists of an absent one", with("region", Op::kExists, {}), false},
           {"DoesNotExist", with("region", Op::kDoesNotExist, {}), true},
           {"DoesNotExist of one that is there", with("team", Op::kDoesNotExist, {}), false},
       }) {
    EXPECT_EQ(c.selector.Matches(labels), c.want) << c.reason;
  }
}

// --- canonical JSON, RFC 8785 ------------------------------------------------------------------

// Appendix B.
TEST(CanonicalJson, WritesTheNumbersOfTheRfc) {
  const std::vector<std::pair<std::uint64_t, std::string>> numbers = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, want] : numbers) {
    EXPECT_EQ(CanonicalJson(json(std::bit_cast<double>(bits))), want) << std::hex << bits;
  }
}

// Section 3.2.2.
TEST(CanonicalJson, WritesTheSampleOfTheRfc) {
  const json sample = json::parse(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]})");
  EXPECT_EQ(CanonicalJson(sample),
            "{\"literals\":[null,true,false],"
            "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

// Section 3.2.3: by UTF-16 code units, in which an emoji (a surrogate pair) is before U+FB33.
TEST(CanonicalJson, SortsKeysByUtf16) {
  const json sample = json::parse(R"({
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"})");
  const std::string text = CanonicalJson(sample);
  std::size_t last = 0;
  for (const char* value :
       {"Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
        "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"}) {
    const std::size_t at = text.find(value);
    ASSERT_NE(at, std::string::npos) << value;
    EXPECT_GT(at, last) << value << " stands too early in " << text;
    last = at;
  }
}

TEST(CanonicalJson, WritesIntegersAsTheNumbersThatTheyAre) {
  EXPECT_EQ(CanonicalJson(json(10)), "10");
  EXPECT_EQ(CanonicalJson(json(10.0)), "10");
  EXPECT_EQ(CanonicalJson(json(-1)), "-1");
  EXPECT_EQ(CanonicalJson(json::parse("[]")), "[]");
  EXPECT_EQ(CanonicalJson(json::parse("{}")), "{}");
}

// --- revisions ---------------------------------------------------------------------------------

json Spec() { return {{"container", {{"image", "busybox:1.37"}}}, {"drainSeconds", 10}}; }

// Computed by another program: SHA-256 of {"container":{"image":"busybox:1.37"},"drainSeconds":10}.
TEST(Revision, IsTheHashOfTheCanonicalJson) {
  EXPECT_EQ(RevisionOf(Spec()), "thzm5bxkzm");
  EXPECT_EQ(RevisionOf(json::object()), "szfcgw5fwv");
}

TEST(Revision, IgnoresWhatReachesNoPod) {
  for (const char* field : {"description", "selector", "allowedNamespaces", "onError", "update",
                            "tests", "pinnedRevision", "revisionHistoryLimit"}) {
    json spec = Spec();
    spec[field] = "changed";
    EXPECT_EQ(RevisionOf(spec), RevisionOf(Spec())) << field;
  }
}

TEST(Revision, ChangesWithWhatReachesPods) {
  std::set<std::string> revisions = {RevisionOf(Spec())};
  for (const char* field : {"parameters",
                            "target",
                            "container",
                            "initContainers",
                            "volumes",
                            "imagePullSecrets",
                            "share",
                            "files",
                            "env",
                            "placement",
                            "drainSeconds",
                            "resourcesPercent",
                            "serviceAccountToken",
                            "podLabels",
                            "podAnnotations",
                            "role",
                            "direction",
                            "waitSeconds",
                            "takeOver",
                            "endpoints",
                            "metrics"}) {
    json spec = Spec();
    spec[field] = "changed";
    EXPECT_TRUE(revisions.insert(RevisionOf(spec)).second) << field;
  }
}

TEST(Revision, IsTenCharactersWithoutVowelsAndLookAlikes) {
  for (int i = 0; i < 200; ++i) {
    const std::string revision = RevisionOf(json{{"drainSeconds", i}});
    EXPECT_EQ(revision.size(), 10U);
    EXPECT_EQ(revision.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos)
        << revision;
  }
}

TEST(Revision, DoesNotDependOnTheOrderOfFieldsOrTheSpellingOfNumbers) {
  EXPECT_EQ(RevisionOf(json::parse(R"({"a": 1, "b": 10})")),
            RevisionOf(json::parse(R"({"b": 1e1, "a": 1.0})")));
}

}  // namespace
}  // namespace remora::api
