// The revisions of a pattern: which are believed, which one is meant, what they say differently.
#include "operator/cli/pattern_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "operator/api/kept_revision.h"
#include "operator/api/revision.h"
#include "operator/base/timestamp.h"
#include "operator/cli/history_text.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const api::RevisionOwner kOwner{api::PatternKind::kSidecar, "shop", "saver", "uid-1"};

json Spec(int image) {
  return {{"container", {{"image", "saver:" + std::to_string(image)}}}, {"onError", "Deny"}};
}

json Pattern(const json& spec, const std::string& current = "") {
  json pattern = {{"apiVersion", "patterns.remora.dev/v1alpha1"},
                  {"kind", "Sidecar"},
                  {"metadata", {{"namespace", "shop"}, {"name", "saver"}, {"uid", "uid-1"}}},
                  {"spec", spec}};
  if (!current.empty()) pattern["status"]["currentRevision"] = current;
  return pattern;
}

json Kept(int image, std::int64_t number, const api::RevisionOwner& owner = kOwner) {
  json object = api::MakeControllerRevision(owner, Spec(image), number);
  object["metadata"]["creationTimestamp"] = "2026-01-01T00:0" + std::to_string(image) + ":00Z";
  return object;
}

PatternHistory History(const json& pattern, const std::vector<json>& revisions) {
  auto history = PatternHistory::Make(pattern, revisions);
  EXPECT_TRUE(history.ok()) << history.error().message();
  return *std::move(history);
}

std::string Of(int image) { return api::RevisionOf(Spec(image)); }

TEST(PatternHistory, StandsInTheOrderOfTheNumbers) {
  const auto history = History(Pattern(Spec(3)), {Kept(3, 30), Kept(1, 4), Kept(2, 5)});
  std::vector<std::string> revisions;
  for (const auto& past : history.revisions()) revisions.push_back(past.revision);
  EXPECT_THAT(revisions, ElementsAre(Of(1), Of(2), Of(3)));
  EXPECT_THAT(history.ignored(), ElementsAre());
}

TEST(PatternHistory, IgnoresWhatIsForgedOrAnotherPatterns) {
  json forged = Kept(2, 2);
  forged["data"]["spec"]["container"]["image"] = "evil:1";
  json unowned = Kept(3, 3);
  unowned["metadata"].erase("ownerReferences");
  api::RevisionOwner older = kOwner;
  older.uid = "uid-0";
  api::RevisionOwner adapter = kOwner;
  adapter.kind = api::PatternKind::kAdapter;
  json forged_adapter = Kept(5, 5, adapter);
  forged_adapter["data"]["spec"]["container"]["image"] = "evil:1";
  const auto history = History(Pattern(Spec(1)), {Kept(1, 1), forged, unowned, Kept(4, 4, older),
                                                  Kept(1, 1, adapter), forged_adapter});
  EXPECT_EQ(history.revisions().size(), 1U);
  EXPECT_THAT(
      history.ignored(),
      ElementsAre("ControllerRevision shop/sidecar-saver-" + Of(2) +
                      " is ignored: its name is not that of what it holds",
                  "ControllerRevision shop/sidecar-saver-" + Of(3) +
                      " is ignored: its controller is no pattern",
                  "ControllerRevision shop/sidecar-saver-" + Of(4) +
                      " is ignored: it is of an earlier Sidecar shop/saver (uid \"uid-0\")"));
}

TEST(PatternHistory, TakesARevisionOrItsBeginning) {
  const auto history = History(Pattern(Spec(3)), {Kept(1, 1), Kept(2, 2)});
  for (const std::size_t length : {10U, 9U, 3U}) {
    const auto chosen = history.Choose(Of(1).substr(0, length));
    ASSERT_TRUE(chosen.ok()) << length << chosen.error().message();
    EXPECT_EQ((*chosen)->revision, Of(1));
  }
}

TEST(PatternHistory, SaysWhichRevisionsAreKept) {
  const auto history = History(Pattern(Spec(3)), {Kept(1, 1), Kept(2, 2)});
  const std::string kept = "; " + Of(1) + ", " + Of(2) + " are";
  std::string typo = Of(1);
  typo[4] = typo[4] == 'b' ? 'c' : 'b';
  const std::pair<std::string, std::string> rows[] = {
      {"zzzzzzzzzz", ""},
      {typo, "; did you mean " + Of(1) + "?"},
      {Of(1).substr(0, 2), "; did you mean " + Of(1) + "?"},
      {"2", "; did you mean " + Of(2) + "?"},
      {"\033[2J", ""},
  };
  for (const auto& [text, hint] : rows) {
    const auto chosen = history.Choose(text);
    ASSERT_FALSE(chosen.ok()) << text;
    EXPECT_EQ(chosen.error().message(),
              "Sidecar shop/saver: revision " + json(text).dump() + " is not kept" + kept + hint);
  }
  EXPECT_EQ(History(Pattern(Spec(1)), {}).Choose("abc").error().message(),
            "Sidecar shop/saver: revision \"abc\" is not kept; none is: the operator keeps those "
            "that it accepts");
}

TEST(PatternHistory, RefusesABeginningOfSeveral) {
  // Two specs whose revisions begin alike, found by trying.
  std::vector<json> revisions = {Kept(1, 1)};
  std::string other;
  for (int image = 2; other.empty(); ++image) {
    if (Of(image).substr(0, 3) != Of(1).substr(0, 3)) continue;
    other = Of(image);
    revisions.push_back(api::MakeControllerRevision(kOwner, Spec(image), 2));
  }
  const auto chosen = History(Pattern(Spec(1)), revisions).Choose(Of(1).substr(0, 3));
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.error().message(), "Sidecar shop/saver: revision \"" + Of(1).substr(0, 3) +
                                          "\" is not clear; so begin " + Of(1) + ", " + other);
}

TEST(PatternHistory, TakesTheLastEditBack) {
  const std::vector<json> kept = {Kept(1, 1), Kept(2, 2), Kept(3, 3)};
  struct Row {
    const char* reason;
    json pattern;
    std::vector<json> revisions;
    std::string want;  // empty: none
  };
  const Row rows[] = {
      {"the one before the current", Pattern(Spec(3), Of(3)), kept, Of(2)},
      {"an edit that was not accepted", Pattern(Spec(9), Of(3)), kept, Of(3)},
      {"an edit back to an old one, not looked at yet", Pattern(Spec(1), Of(3)), kept, Of(3)},
      {"after a rollback the number grows",
       Pattern(Spec(2), Of(2)),
       {Kept(1, 1), Kept(2, 4), Kept(3, 3)},
       Of(3)},
      {"no status", Pattern(Spec(3)), kept, Of(2)},
      {"no status, and the spec is not kept", Pattern(Spec(9)), kept, Of(3)},
      {"the first", Pattern(Spec(1), Of(1)), {Kept(1, 1)}, ""},
      {"none is kept", Pattern(Spec(1), Of(1)), {}, ""},
  };
  for (const Row& row : rows) {
    const auto history = History(row.pattern, row.revisions);
    const auto earlier = history.Earlier();
    EXPECT_EQ(earlier.ok() ? (*earlier)->revision : "", row.want) << row.reason;
  }
  EXPECT_EQ(
      History(Pattern(Spec(1), Of(1)), {Kept(1, 1)}).Earlier().error().message(),
      "Sidecar shop/saver: there is no revision before " + Of(1) + ", the first that is kept");
}

TEST(PatternHistory, SaysWhatNewPodsGet) {
  json pinned = Spec(3);
  pinned["pinnedRevision"] = Of(1);
  json rejected = Pattern(Spec(3));
  rejected["status"]["conditions"] = {
      {{"type", "Accepted"}, {"status", "False"}, {"message", "spec.container: no"}}};
  const std::pair<json, std::string> rows[] = {
      {Pattern(pinned, Of(2)), "New Pods get revision " + Of(1) + ", which is pinned."},
      {Pattern(Spec(3), Of(2)), "New Pods get revision " + Of(2) + ", the last that was accepted."},
      {Pattern(Spec(3)), "New Pods get revision " + Of(3) +
                             ", the spec as it is: the operator has accepted none yet."},
      {rejected, "New Pods do not get it: spec.container: no."},
  };
  for (const auto& [pattern, sentence] : rows) {
    EXPECT_EQ(History(pattern, {}).WhatNewPodsGet(), sentence);
  }
}

TEST(PatternHistory, IsPrintedAsATable) {
  json spec = Spec(4);
  spec["pinnedRevision"] = Of(1);
  const auto history = History(Pattern(spec, Of(2)), {Kept(2, 2), Kept(1, 1)});
  std::ostringstream out;
  PrintHistory(history, *ParseTime("2026-01-01T00:06:05Z"), out);
  EXPECT_EQ(out.str(),
            "Sidecar shop/saver\n"
            "NUMBER   REVISION     AGE    MARKS     CHANGE\n"
            "1        " +
                Of(1) +
                "   5m5s   pinned    -\n"
                "2        " +
                Of(2) +
                "   4m5s   current   container.image: saver:1 → saver:2\n"
                "-        " +
                Of(4) +
                "   -      spec      container.image: saver:2 → saver:4\n"
                "New Pods get revision " +
                Of(1) + ", which is pinned.\n");
}

TEST(PatternHistory, SaysThatTheSpecIsRefused) {
  json pattern = Pattern(Spec(2), Of(1));
  pattern["metadata"]["generation"] = 2;
  json& condition = pattern["status"]["conditions"][0];
  condition = {{"type", "Accepted"}, {"status", "False"}, {"message", "no\nimage"}};
  for (const int generation : {1, 2}) {
    condition["observedGeneration"] = generation;
    std::ostringstream out;
    PrintHistory(History(pattern, {Kept(1, 1)}), *ParseTime("2026-01-01T00:06:05Z"), out);
    const bool is_said = generation == 2;
    EXPECT_EQ(out.str().find("   spec,refused   ") != std::string::npos, is_said);
    EXPECT_EQ(out.str().find("\nThe spec is refused: no\\nimage\n") != std::string::npos, is_said);
  }
}

TEST(PatternHistory, IsWrittenForTools) {
  const json all = HistoryAsJson(History(Pattern(Spec(2), Of(1)), {Kept(1, 7)}));
  EXPECT_EQ(all["newPodsGet"], Of(1));
  EXPECT_EQ(all["revisions"][0], json({{"number", 7},
                                       {"revision", Of(1)},
                                       {"created", "2026-01-01T00:01:00Z"},
                                       {"kept", true},
                                       {"current", true},
                                       {"pinned", false},
                                       {"spec", false}}));
  EXPECT_EQ(
      all["revisions"][1],
      json({{"revision", Of(2)},
            {"kept", false},
            {"current", false},
            {"pinned", false},
            {"spec", true},
            {"changes", {{{"path", "container.image"}, {"from", "saver:1"}, {"to", "saver:2"}}}}}));
}

}  // namespace
}  // namespace remora::cli
