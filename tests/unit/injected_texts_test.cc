// Inject and uninject on texts that are hard to change in places.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "operator/cli/command_line.h"
#include "operator/cli/documents.h"
#include "tests/unit/injected_texts.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kPatterns = R"yaml(---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  drainSeconds: 5
  share: [{name: logs, path: /logs, targetPath: /var/log/app}]
  env: [{name: LOG_DIR, value: /var/log/app}, {name: MODE, value: "5", onConflict: Override}]
  files: [{path: /etc/saver.conf, content: "a: 1\n# no comment\nb: $(target.name)\n"}]
  container: {image: saver}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Adapter
metadata: {name: meter}
spec:
  metrics: {annotate: true}
  container: {image: meter, args: ["--port=$(metrics.port)"]}
)yaml";

struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};

Finished RunRemora(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), "remora");
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = RunCommandLine(arguments, {in, out, err});
  return {exit_code, out.str(), err.str()};
}

// The text with companions; the patterns stand behind it, and are taken off again.
std::string Inject(const std::string& text) {
  const std::string separator = text.ends_with('\n') ? "" : "\n";
  const Finished finished = RunRemora({"inject", "-f", "-"}, text + separator + kPatterns);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  const std::string behind = separator + kPatterns;
  EXPECT_TRUE(finished.out.ends_with(behind)) << finished.out;
  return finished.out.substr(0, finished.out.size() - std::min(behind.size(), finished.out.size()));
}

std::string Uninject(const std::string& text) {
  const Finished finished = RunRemora({"uninject", "-f", "-"}, text);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  return finished.out;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// How many lines of the first are not, in their order, in the second.
std::size_t LostLines(const std::string& before, const std::string& after) {
  const std::vector<std::string> lines = LinesOf(after);
  auto at = lines.begin();
  std::size_t lost = 0;
  for (const std::string& line : LinesOf(before)) {
    const auto found = std::find(at, lines.end(), line);
    found == lines.end() ? static_cast<void>(++lost) : static_cast<void>(at = found + 1);
  }
  return lost;
}

// JSON needs a comma behind what was the last: a line that is the same but for it counts as kept.
std::string WithoutCommasAtLineEnds(std::string text) {
  for (std::size_t at; (at = text.find(",\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

TEST(InjectedTexts, ChangesOnlyWhatIsOursAndGivesItBack) {
  for (const InjectedText& c : kInjectedTexts) {
    SCOPED_TRACE(c.reason);
    const std::string injected = Inject(c.text);
    EXPECT_THAT(injected, HasSubstr("patterns.remora.dev/injected"));
    EXPECT_EQ(LostLines(WithoutCommasAtLineEnds(c.text), WithoutCommasAtLineEnds(injected)),
              c.changed_lines)
        << injected;
    EXPECT_EQ(Uninject(injected), c.text) << injected;
  }
}

TEST(InjectedTexts, KeepsCarriageReturns) {
  std::string text = kInjectedTexts[1].text + "\n";
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.insert(at, "\r");
  }
  std::string patterns = kPatterns;
  const Finished injected = RunRemora({"inject", "-f", "-"}, text + patterns);
  ASSERT_EQ(injected.exit_code, 0) << injected.err;
  const std::string ours = injected.out.substr(0, injected.out.size() - patterns.size());
  EXPECT_EQ(LostLines(text, ours), 0U);
  for (const std::string& line : LinesOf(ours)) EXPECT_TRUE(line.ends_with('\r')) << line;
  EXPECT_EQ(Uninject(injected.out), text + patterns);
}

constexpr const char* kAnchors = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  template:
    metadata:
      annotations:
        patterns.remora.dev/sidecar: saver
    spec:
      containers:
      - &app   # the first
        name: app
        image: &image app:1
        env: &env
        - name: A
          value: a
      - name: second
        image: *image
        env: *env
      - <<: *app
        name: third
)";

TEST(InjectedTexts, KeepsAnAnchorsNewValueToItself) {
  const std::string injected = Inject(kAnchors);
  EXPECT_THAT(injected, HasSubstr("      - &app   # the first\n        name: app\n        image: "
                                  "&image app:1\n        env: &env\n"));
  EXPECT_THAT(injected, HasSubstr("image: *image\n"));
  EXPECT_THAT(injected, HasSubstr("        env: [{name: A, value: a}]\n"));
  const auto documents = ReadDocuments(injected, "out");
  ASSERT_TRUE(documents.ok());
  const json& containers =
      documents->front().parsed.value["spec"]["template"]["spec"]["containers"];
  EXPECT_EQ(containers[0]["env"].size(), 3U);
  EXPECT_EQ(containers[1]["env"].size(), 1U) << "the second one asked for nothing";
  EXPECT_EQ(containers[2]["env"].size(), 1U);
  EXPECT_FALSE(containers[2].contains("volumeMounts"));
  // The aliases do not come back; what they stood for does.
  const auto undone = ReadDocuments(Uninject(injected), "out");
  const auto original = ReadDocuments(kAnchors, "in");
  ASSERT_TRUE(undone.ok() && original.ok());
  EXPECT_EQ(undone->front().parsed.value, original->front().parsed.value);
}

TEST(InjectedTexts, OverridesWhatAMergeBrings) {
  const std::string text = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
common: &common
  image: app
  env: [{name: A, value: a}]
spec:
  template:
    metadata:
      annotations:
        patterns.remora.dev/sidecar: saver
    spec:
      containers:
      - <<: *common   # most of it
        name: app
)";
  const std::string injected = Inject(text);
  EXPECT_EQ(LostLines(text, injected), 0U) << injected;
  const auto undone = ReadDocuments(Uninject(injected), "out");
  ASSERT_TRUE(undone.ok());
  EXPECT_EQ(undone->front().parsed.value, ReadDocuments(text, "in")->front().parsed.value);
}

// What cannot be changed in places comes out anew, and right.
TEST(InjectedTexts, WritesUnusualTextsAnew) {
  const std::string text = R"(apiVersion: v1
kind: Pod
metadata:
  name: cart
  annotations:
    ? patterns.remora.dev/sidecar
    : saver
spec:
  ? containers
  : - name: app
)";
  const std::string injected = Inject(text);
  EXPECT_THAT(injected, StartsWith("apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n"));
  const auto undone = ReadDocuments(Uninject(injected), "out");
  EXPECT_EQ(undone->front().parsed.value, ReadDocuments(text, "in")->front().parsed.value);
}

}  // namespace
}  // namespace remora::cli
