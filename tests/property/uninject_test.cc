// What `remora uninject` does, on thousands of random Pods: the same as the undo that is written
// from the contract alone, and in a text nothing else than what was injected goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/cli/documents.h"
#include "operator/cli/text_editor.h"
#include "operator/cli/yaml_writer.h"
#include "operator/injection/undo.h"
#include "tests/property/law.h"
#include "tests/property/undo.h"

namespace remora::testing {
namespace {

using nlohmann::json;

// Calls check(pod, injected pod) for every random Pod that gets something.
template <typename Check>
void ForEachInjected(std::uint32_t pods, Check check) {
  std::uint32_t checked = 0;
  for (std::uint32_t seed = 1; seed <= pods && !::testing::Test::HasFailure(); ++seed) {
    const Case c = CaseOf(seed);
    const Injected result = c.Inject(c.pod);
    if (result.verdict != Verdict::kPatched) continue;
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + c.pod.dump(1));
    check(c.pod, result.pod);
    ++checked;
  }
  EXPECT_GT(checked, pods / 4);
}

TEST(Uninject, AgreesWithTheUndoOfTheContract) {
  ForEachInjected(3000, [](const json& pod, const json& injected) {
    json undone = injected;
    const auto done = injection::UndoInjection(undone);
    ASSERT_TRUE(done.ok()) << done.error().message();
    EXPECT_TRUE(*done);
    EXPECT_EQ(WithoutDefaults(undone), WithoutDefaults(Undo(injected)));
    EXPECT_EQ(WithoutDefaults(undone), WithoutDefaults(pod));
  });
}

std::string Edited(const std::string& text, const json& value, cli::EmptyValues empty_values) {
  const auto documents = cli::ReadDocuments(text, "x");
  if (!documents.ok() || documents->size() != 1) return "not one document: " + text;
  const auto edited = cli::EditText(documents->front(), value, empty_values);
  return edited ? edited->text : "not edited: " + text;
}

TEST(Uninject, GivesBackTheTextByteForByte) {
  std::size_t same = 0;
  std::size_t other = 0;
  ForEachInjected(600, [&](const json& pod, const json& injected) {
    json undone = injected;
    ASSERT_TRUE(injection::UndoInjection(undone).ok());
    // A port's name that was taken away comes back behind its other members.
    const json record = RecordOf(injected);
    const bool took_name = record["changed"].dump().find("/name\"") != std::string::npos;
    const bool only_defaults_differ = took_name || cli::WithoutEmptied(injected, undone) != pod;
    only_defaults_differ ? ++other : ++same;
    if (only_defaults_differ) return;
    for (const std::string& text : {cli::WriteYaml(pod), cli::WriteYaml(pod, {4, 2}),
                                    pod.dump() + "\n", pod.dump(2), pod.dump(1, '\t')}) {
      const std::string with = Edited(text, injected, cli::EmptyValues::kKeep);
      EXPECT_EQ(Edited(with, undone, cli::EmptyValues::kDropBlocks), text) << with;
    }
  });
  EXPECT_GT(same, 5 * other);
}

}  // namespace
}  // namespace remora::testing
