#include <nlohmann/json.hpp>

#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSidecar = R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec: {container: {image: saver}}
)";

std::string PodWithRecord(const std::string& name, const std::string& record) {
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name +
         "\n  annotations:\n    patterns.remora.dev/status: '" + record +
         "'   # not ours\nspec:\n  containers:\n  - name: app\n";
}

TEST_F(Cli, UninjectsWhatItInjectedOfEveryKind) {
  Write("saver.yaml", kSidecar);
  struct Kind {
    const char* head;
    const char* path;
  };
  constexpr Kind kKinds[] = {
      {"apiVersion: apps/v1\nkind: Deployment\n", "spec: {template: "},
      {"apiVersion: apps/v1\nkind: StatefulSet\n", "spec: {template: "},
      {"apiVersion: apps/v1\nkind: DaemonSet\n", "spec: {template: "},
      {"apiVersion: apps/v1\nkind: ReplicaSet\n", "spec: {template: "},
      {"apiVersion: v1\nkind: ReplicationController\n", "spec: {template: "},
      {"apiVersion: batch/v1\nkind: Job\n", "spec: {template: "},
      {"apiVersion: v1\nkind: PodTemplate\n", "template: {a: "},
      {"apiVersion: batch/v1\nkind: CronJob\n", "spec: {jobTemplate: {spec: {template: "},
  };
  for (const Kind& kind : kKinds) {
    std::string path = kind.path;
    const bool is_template = path == "template: {a: ";
    if (is_template) path = "template: ";
    std::string text = std::string(kind.head) + "metadata: {name: x}\n" + path +
                       "{metadata: {annotations: {patterns.remora.dev/sidecar: saver}}, spec: "
                       "{containers: [{name: app, image: app}]}}";
    text.append(static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')), '}');
    text += "  # end\n";
    const Finished injected = Run({"inject", "-f", "-", "--patterns", "saver.yaml"}, text);
    ASSERT_EQ(injected.exit_code, 0) << injected.err;
    EXPECT_THAT(injected.out, HasSubstr("initContainers: [{image: saver, name: saver"))
        << kind.head;
    const Finished undone = Run({"uninject", "-f", "-"}, injected.out);
    EXPECT_EQ(undone.exit_code, 0) << undone.err;
    EXPECT_EQ(undone.out, text) << kind.head;
    EXPECT_EQ(undone.err, "");
  }
}

TEST_F(Cli, UninjectPassesAForgedRecordAndSaysSo) {
  const std::string forged = PodWithRecord(
      "a",
      R"({"version":1,"patterns":[{"name":"x"}],"added":[[0,"/spec/containers/app"]],"changed":[]})");
  const std::string broken = PodWithRecord("b", "{");
  const std::string fine = PodWithRecord("c", R"({"version":1,"patterns":[]})");
  const Finished finished =
      Run({"uninject", "-f", "-"}, forged + "---\n" + broken + "---\n" + fine);
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.out, forged + "---\n" + broken +
                              "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: c\nspec:\n"
                              "  containers:\n  - name: app\n");
  EXPECT_EQ(finished.err,
            "standard input:1: refused: Pod default/a: the record in annotation "
            "patterns.remora.dev/status is not ours: it says that /spec/containers/app was added, "
            "which Remora never does; nothing is undone\n"
            "standard input:11: refused: Pod default/b: the record in annotation "
            "patterns.remora.dev/status cannot be read: it is no JSON object\n");
}

TEST_F(Cli, UninjectWritesAnotherLanguageWhereAsked) {
  const std::string text = PodWithRecord("c", R"({"version":1,"patterns":[]})");
  const Finished finished = Run({"uninject", "-f", "-", "-o", "json"}, text);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  const json pod = json::parse(finished.out);
  EXPECT_EQ(pod["metadata"], json({{"name", "c"}}));
  EXPECT_EQ(pod["spec"]["containers"][0]["name"], "app");
}

TEST_F(Cli, UninjectSaysWhatIsMissing) {
  ExpectUsage(
      {"uninject"},
      "remora uninject: -f is missing; expected a file, a directory, or - for standard input");
  ExpectUsage({"uninject", "-f", "x", "--patterns", "y"},
              "remora uninject: unknown flag --patterns");
}

}  // namespace
}  // namespace remora::cli
