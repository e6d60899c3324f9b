// lint, test and completion.
#include <nlohmann/json.hpp>

#include "operator/cli/pattern_warnings.h"
#include "operator/injection/pattern_tests.h"
#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Everything that a sample Pod must have for it.
constexpr const char* kDemanding = R"yaml(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver, namespace: shop}
spec:
  parameters:
    - {name: mode, type: string, enum: [fast, slow]}
    - {name: glob, type: string, pattern: "[a-z*.]+", example: "*.log"}
    - {name: count, type: integer, minimum: 3}
    - {name: text, type: string, required: true}
    - {name: wait, type: duration}
    - {name: size, type: quantity}
    - {name: port, type: port}
    - {name: flag, type: boolean}
  target: {containers: Port, port: http}
  share: [{name: logs, path: /logs, targetPath: /var/log/app, volumeName: data}]
  env: [{name: APP, value: "$(pod.labels['app'])"}]
  container:
    image: saver
    args: [$(params.mode), $(params.glob), $(params.count), $(params.text), $(params.wait),
           $(params.size), $(params.port), $(params.flag), $(target.ports.admin), $(target.name)]
)yaml";

TEST_F(Cli, LintFindsNothingWrongWithAPatternThatAsksForMuch) {
  const Finished finished = Run({"lint", "-f", "-"}, kDemanding);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_F(Cli, LintRefusesResourcesThatNoPodCouldHave) {
  const std::string head = R"yaml(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver, namespace: shop}
spec:
  parameters: [{name: memory, type: quantity, default: 64Mi}]
  container: {image: saver, resources: )yaml";
  const std::pair<const char*, const char*> rows[] = {
      {"{requests: {memory: lots}}",
       "requests.memory: expected a quantity such as 100m or 64Mi, not \"lots\""},
      {"{requests: {cpu: 2}, limits: {cpu: 1500m}}", "requests.cpu: expected at most the limit"},
      {"{requests: {memory: $(params.memory)}, limits: {memory: 1Gi}}", ""},
  };
  for (const auto& [resources, sentence] : rows) {
    const Finished finished = Run({"lint", "-f", "-"}, head + resources + "}\n");
    EXPECT_EQ(finished.exit_code, *sentence == '\0' ? 0 : 1) << finished.out;
    EXPECT_THAT(finished.out, HasSubstr(sentence));
  }
}

TEST_F(Cli, LintNamesTheLineOfTheField) {
  const std::string text = "# patterns\n---\n" + std::string(kDemanding) +
                           R"yaml(---
apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata:
  name: redis
spec:
  endpoints:
    - name: redis
      protocol: TCP
      prot: 5
  container: {image: haproxy}
---
apiVersion: v1
kind: List
items:
- apiVersion: patterns.remora.dev/v1alpha1
  kind: Adapter
  metadata: {name: meter}
  spec:
    container:
      image: meter
      args: ["$(params.x)"]
- apiVersion: patterns.remora.dev/v1alpha1
  kind: Sidekar
  metadata: {name: what}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Adapter
metadata: {name: meter}
spec: {container: {image: meter}}
)yaml";
  Write("p.yaml", text);
  const Finished finished = Run({"lint", "-f", "p.yaml"});
  EXPECT_EQ(finished.exit_code, 1);
  std::vector<std::string> lines;
  std::istringstream out(finished.out);
  for (std::string line; std::getline(out, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4U) << finished.out;
  EXPECT_THAT(
      lines[0],
      StartsWith("p.yaml:32: Ambassador default/redis: spec.endpoints[0].prot: unknown field"));
  EXPECT_THAT(lines[1], StartsWith("p.yaml:44: Adapter default/meter: spec.container.args[0]: "));
  EXPECT_THAT(lines[2], StartsWith("p.yaml:46: Sidekar default/what: kind: "));
  EXPECT_EQ(lines[3],
            "p.yaml:51: Adapter default/meter: metadata.name: the same pattern stands at "
            "p.yaml:38, too");
}

TEST_F(Cli, LintRendersWithSamples) {
  const Finished finished = Run({"lint", "-f", "-"}, R"yaml(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  target: {containers: All}
  container:
    image: saver
    volumeMounts: [{name: a, mountPath: /x}, {name: b, mountPath: /x}]
  volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]
)yaml");
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.out, StartsWith("standard input:4: Sidecar default/saver: spec: with sample "
                                       "values in a sample Pod: got MountPathTaken: "));
}

// Case 29 of what hurt users elsewhere.
TEST_F(Cli, LintWarnsOfUsersThatCannotReadOrWrite) {
  const Finished finished = Run({"lint", "-f", "-"}, R"yaml(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  role: Populate
  share:
    - {name: logs, path: /logs, targetPath: /var/log/app, volumeName: data}
  files:
    - {path: /etc/a.conf, content: a}
    - {path: /etc/b.conf, content: b, mode: 0640}
  container:
    image: saver
    startupProbe: {exec: {command: ["true"]}}
    securityContext: {runAsUser: 1000}
)yaml");
  EXPECT_EQ(finished.exit_code, 0) << "warnings refuse nothing";
  EXPECT_EQ(
      finished.out,
      "standard input:10: warning: Sidecar default/saver: spec.files[1].mode: with 0640 the "
      "file, which belongs to root, cannot be read by user 1000; 0644 lets others read\n"
      "standard input:7: warning: Sidecar default/saver: spec.share[0].volumeName: a volume "
      "of the Pod mostly belongs to root: user 1000 can write there only if the Pod's fsGroup "
      "lets it\n");
}

api::Pattern PatternWith(const json& security_context, const std::string& mode = "") {
  api::Pattern pattern;
  pattern.spec.container = {{"image", "x"}, {"securityContext", security_context}};
  if (!mode.empty()) pattern.spec.files.push_back({"/a", "", std::stol(mode, nullptr, 8)});
  return pattern;
}

TEST(PatternWarnings, SpeakOfWhatTheKubeletWillNotDo) {
  EXPECT_TRUE(FindWarnings(PatternWith({}, "0600")).empty()) << "root reads everything";
  EXPECT_TRUE(FindWarnings(PatternWith({{"runAsUser", 0}}, "0600")).empty());
  EXPECT_TRUE(FindWarnings(PatternWith({{"runAsUser", 5}}, "0604")).empty());
  EXPECT_TRUE(FindWarnings(PatternWith({{"runAsUser", 5}, {"runAsNonRoot", true}})).empty());
  const auto nobody = FindWarnings(PatternWith({{"runAsNonRoot", true}}, "0600"));
  ASSERT_EQ(nobody.size(), 2U);
  EXPECT_EQ(nobody[0].field, "spec.container.securityContext.runAsNonRoot");
  EXPECT_THAT(nobody[1].sentence, HasSubstr("cannot be read by a user other than root"));
  const auto root = FindWarnings(PatternWith({{"runAsNonRoot", true}, {"runAsUser", 0}}));
  ASSERT_EQ(root.size(), 1U);
  EXPECT_EQ(root[0].field, "spec.container.securityContext.runAsUser");
}

constexpr const char* kTested = R"yaml(apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: redis, namespace: shop}
spec:
  endpoints: [{name: redis, protocol: TCP, port: 6379, env: {port: REDIS_PORT}}]
  container: {image: haproxy}
  tests:
    - name: is put in
      pod: &pod
        metadata: {annotations: {patterns.remora.dev/ambassador: redis}}
        spec: {containers: [{name: app, image: app, args: [a, b]}]}
      want:
        pod:
          spec:
            initContainers: [{name: redis, ports: [{containerPort: 6379}]}]
            containers: [{name: app, args: [a, b], env: [{name: REDIS_PORT, value: "6379"}]}]
    - name: port is taken
      pod:
        metadata: {annotations: {patterns.remora.dev/ambassador: redis}}
        spec: {containers: [{name: app, image: app, ports: [{containerPort: 6379}]}]}
      want: {reason: PortTaken}
    - name: wants too much
      pod: *pod
      want: {pod: {spec: {containers: [{name: app, args: [a]}]}}}
    - name: wants another reason
      pod: *pod
      want: {reason: PortTaken}
)yaml";

TEST_F(Cli, TestRunsTheTestsOfPatterns) {
  Write("patterns/redis.yaml", kTested);
  const Finished finished = Run({"test", "patterns"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.out,
            "ok   ambassador/redis: is put in\n"
            "ok   ambassador/redis: port is taken\n"
            "FAIL ambassador/redis: wants too much: spec.containers[app].args: got [\"a\",\"b\"]; "
            "want [\"a\"]\n"
            "FAIL ambassador/redis: wants another reason: got Injected; want PortTaken\n"
            "2 passed, 2 failed\n");
  const Finished linted = Run({"lint", "-f", "patterns"});
  EXPECT_EQ(linted.exit_code, 1);
  EXPECT_THAT(linted.out,
              StartsWith("patterns/redis.yaml:22: Ambassador shop/redis: spec.tests[2]: wants too "
                         "much: spec.containers[app].args: got "));
}

TEST_F(Cli, TestIsFineWhereAllPass) {
  const std::string all = kTested;
  Write("redis.yaml", all.substr(0, all.find("    - name: wants too much")));
  const Finished finished = Run({"test", "redis.yaml"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.out, HasSubstr("2 passed, 0 failed\n"));
}

TEST_F(Cli, TestSaysWhatCannotBeRun) {
  Write("bad.yaml", std::string(kDemanding) + "  rol: x\n");
  const Finished bad = Run({"test", "bad.yaml"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out, StartsWith("FAIL sidecar/saver: cannot be used: spec.rol: unknown field"));
  Write("none.yaml", kDemanding);
  const Finished none = Run({"test", "none.yaml"});
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_EQ(none.err, "no pattern has spec.tests\n");
  ExpectUsage({"test"}, "remora test: no patterns; expected a file, a directory, or -");
  ExpectUsage({"test", "nowhere"},
              "remora test: cannot read nowhere: there is no such file or directory");
}

TEST_F(Cli, PatternsWithTestsAreUsed) {
  Write("redis.yaml", kTested);
  const Finished finished = Run({"inject", "-f", "-", "--patterns", "redis.yaml", "-n", "shop"},
                                Deployment("cart", "patterns.remora.dev/ambassador: redis"));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
}

TEST(PatternTests, RefuseWhatIsNoTest) {
  struct Case {
    const char* tests;
    const char* want;
  };
  const Case kCases[] = {
      {"5", "spec.tests: expected a list"},
      {"[5]", "spec.tests[0]: expected an object"},
      {R"([{"pod": {}, "want": {}}])", "spec.tests[0].name: missing; expected a string"},
      {R"([{"name": "a", "want": {}}])", "spec.tests[0].pod: expected a Pod"},
      {R"([{"name": "a", "pod": {}}])",
       "spec.tests[0].want: expected an object with reason, pod or both"},
      {R"([{"name": "a", "pod": {}, "want": {}, "x": 1}])", "spec.tests[0].x: unknown field"},
      {R"([{"name": "a", "pod": {}, "want": {"x": 1}}])", "spec.tests[0].want.x: unknown field"},
      {R"([{"name": "a", "pod": {}, "want": {"reason": "Fine"}}])",
       "spec.tests[0].want.reason: expected a reason such as Injected or PortTaken"},
      {R"([{"name": "a", "pod": {}, "want": {"pod": 5}}])",
       "spec.tests[0].want.pod: expected a part of a Pod"},
  };
  for (const Case& c : kCases) {
    const json pattern = {{"kind", "Sidecar"}, {"spec", {{"tests", json::parse(c.tests)}}}};
    const auto tests = injection::ReadPatternTests(pattern);
    ASSERT_FALSE(tests.ok()) << c.tests;
    EXPECT_EQ(tests.error().message(), c.want);
  }
  EXPECT_TRUE(injection::ReadPatternTests({{"spec", json::object()}})->empty());
}

TEST(PatternTests, FindTheFirstDifference) {
  const json whole = json::parse(R"({"spec": {
      "containers": [{"name": "a", "ports": [{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}]},
                     {"name": "b", "volumeMounts": [{"name": "v", "mountPath": "/x"}]}],
      "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a", "b"]}],
      "tolerations": [{"key": "x"}, {"key": "y"}]}})");
  struct Case {
    const char* part;
    const char* want;  // empty: none
  };
  const Case kCases[] = {
      {R"({})", ""},
      {R"({"spec": {"containers": [{"name": "b"}]}})", ""},
      {R"({"spec": {"containers": []}})",
       R"(spec.containers: got [{"name":"a","ports":[{"containerPort":1},{"containerPort":1,"protocol":"UDP"}]},{"name":"b","volumeMounts":[{"mountPath...; want [])"},
      {R"({"spec": {"containers": [{"name": "c"}]}})",
       R"(spec.containers[c]: got nothing; want {"name":"c"})"},
      {R"({"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1, "protocol": "UDP"}]}]}})",
       ""},
      {R"({"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 2}]}]}})",
       R"(spec.containers[a].ports[2/TCP]: got nothing; want {"containerPort":2})"},
      {R"({"spec": {"containers": [{"name": "b", "volumeMounts": [{"mountPath": "/x", "name": "w"}]}]}})",
       R"(spec.containers[b].volumeMounts[/x].name: got "v"; want "w")"},
      {R"({"spec": {"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a"]}]}})",
       R"(spec.hostAliases[127.0.0.1].hostnames: got ["a","b"]; want ["a"])"},
      {R"({"spec": {"tolerations": [{"key": "x"}]}})",
       R"(spec.tolerations: got [{"key":"x"},{"key":"y"}]; want [{"key":"x"}])"},
      {R"({"spec": {"hostNetwork": true}})", "spec.hostNetwork: got nothing; want true"},
      {R"({"spec": {"hostNetwork": null}})", ""},
      {R"(5)", R"(the Pod: got {"spec":{"containers":)"},
  };
  for (const Case& c : kCases) {
    const auto found = injection::FindDifference(whole, json::parse(c.part));
    EXPECT_THAT(found.value_or(""), StartsWith(c.want)) << c.part;
    EXPECT_EQ(found.has_value(), *c.want != '\0') << c.part;
  }
}

TEST_F(Cli, CompletesInBash) {
  Write("script", Run({"completion", "bash"}).out);
  struct Case {
    const char* words;  // the last is what is being typed
    const char* want;
  };
  constexpr Case kCases[] = {
      {"remora in", "inject"},
      {"remora completion z", "zsh"},
      {"remora lint --fi", "--filename"},
      {"remora inject -o ", "yaml json"},
      {"remora explain --output t", "text"},
      {"remora inject -f scr", "script"},
      {"remora wait --ti", "--timeout"},
      {"remora status --all", "--all-namespaces"},
      {"remora history -o ", "text json"},
      {"remora pin --no", "--none"},
      {"remora catalog s", "show"},
      {"remora doctor --try", "--try-pattern"},
      {"remora nothing --x", ""},
  };
  for (const Case& c : kCases) {
    const std::string words = c.words;
    const std::string command =
        "bash -c 'set -eu; . ./script; line=$1; read -ra COMP_WORDS <<< \"$line\"; [[ $line != "
        "*\" \" ]] || COMP_WORDS+=(\"\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _remora || true; "
        "echo \"${COMPREPLY[*]-}\"' bash '" +
        words + "' > answer";
    EXPECT_EQ(std::system(command.c_str()), 0) << words;
    std::ifstream answer("answer");
    std::string line;
    std::getline(answer, line);
    EXPECT_EQ(line, c.want) << words;
  }
}

TEST_F(Cli, CompletionKnowsEveryCommandInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Finished finished = Run({"completion", shell});
    EXPECT_EQ(finished.exit_code, 0);
    for (const char* command :
         {"inject", "uninject", "explain", "lint", "test", "status", "history", "pin", "rollback",
          "catalog", "doctor", "wait", "version"}) {
      EXPECT_THAT(finished.out, HasSubstr(command)) << shell;
    }
  }
  ExpectUsage({"completion"}, "remora completion: expected bash, zsh, fish or kubectl");
  ExpectUsage({"completion", "basch"},
              "remora completion: expected bash, zsh, fish or kubectl; did you mean bash?");
}

TEST_F(Cli, EveryCommandHasAnExampleInItsHelp) {
  for (const char* command : {"inject", "uninject", "explain", "lint", "test", "catalog", "doctor",
                              "wait", "completion"}) {
    const Finished help = Run({command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr("Example:\n")) << command;
    ExpectUsage({command, "--nonsense"},
                "remora " + std::string(command) + ": unknown flag --nonsense");
  }
}

}  // namespace
}  // namespace remora::cli
