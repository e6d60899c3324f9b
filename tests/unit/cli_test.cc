#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/cli/documents.h"
#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kPattern = R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver, namespace: remora-catalog}
spec:
  allowedNamespaces: {from: All}
  container: {image: saver}
)";

constexpr const char* kAmbassador = R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: redis}
spec:
  endpoints: [{name: redis, protocol: TCP, env: {port: REDIS_PORT}}]
  container: {image: haproxy}
)";

TEST_F(Cli, SaysWhatItDoesNotUnderstandInOneSentence) {
  Write("cart.yaml", "a: 1\n");
  ExpectUsage(
      {},
      "remora: no command; expected one of inject, uninject, explain, lint, test, status, history, "
      "pin, rollback, catalog, doctor, wait, version, completion; remora --help tells more");
  ExpectUsage({"exlpain"}, "remora: unknown command exlpain; did you mean explain?");
  ExpectUsage(
      {"xyz"},
      "remora: unknown command xyz; expected one of inject, uninject, explain, lint, test, status, "
      "history, pin, rollback, catalog, doctor, wait, version, completion");
  ExpectUsage(
      {"inject"},
      "remora inject: -f is missing; expected a file, a directory, or - for standard input");
  ExpectUsage({"inject", "-f"}, "remora inject: --filename expects a value");
  ExpectUsage({"inject", "cart.yaml"},
              "remora inject: unexpected argument cart.yaml; files are named by -f");
  ExpectUsage({"inject", "-f", "cart.yaml", "--patern", "x"},
              "remora inject: unknown flag --patern; did you mean --patterns?");
  ExpectUsage({"inject", "-f", "cart.yaml", "--patern=x"},
              "remora inject: unknown flag --patern; did you mean --patterns?");
  ExpectUsage({"inject", "-f", "cart.yaml", "-z"}, "remora inject: unknown flag -z");
  ExpectUsage({"inject", "-f", "cart.yaml", "-o", "jsn"},
              "remora inject: -o takes yaml or json, not \"jsn\"; did you mean json?");
  ExpectUsage({"inject", "-f", "cart.yaml", "-n", "Shop"},
              "remora inject: \"Shop\" is no name of a namespace; expected a-z, 0-9 and -, at most "
              "63 characters");
  ExpectUsage({"wait"}, "remora wait: no endpoint to wait for; expected tcp://HOST:PORT");
  ExpectUsage({"wait", "--timeout=5", "tcp://127.0.0.1:1"},
              "remora wait: --timeout: \"5\" is no duration; expected one between 1ms and 24h, "
              "such as 60s or 1m30s");
  ExpectUsage({"version", "x"}, "remora version: unexpected argument x");
}

TEST_F(Cli, SaysWhatItCannotReadInOneSentence) {
  Write("cart.yaml", "a: 1\n---\nb: [1\n");
  Write("cart.json", "{\n\"a\": }");
  Write("sub/README.md", "x");
  ExpectUsage({"inject", "-f", "crt.yaml"},
              "remora inject: cannot read crt.yaml: there is no such file or directory; did you "
              "mean cart.yaml?");
  ExpectUsage({"inject", "-f", "sub/x"},
              "remora inject: cannot read sub/x: there is no such file or directory");
  ExpectUsage({"inject", "-f", "cart.yaml"},
              "remora inject: cart.yaml:4: broken YAML: end of sequence flow not found");
  ExpectUsage({"explain", "-f", "cart.json"},
              "remora explain: cart.json:2: broken JSON: syntax error while parsing value - "
              "unexpected '}'; "
              "expected '[', '{', or a literal");
  ExpectUsage({"inject", "-f", "sub"},
              "remora inject: sub: no *.yaml, *.yml or *.json file in this directory; -R looks "
              "below it, too");
  ExpectUsage({"inject", "-f", "cart.yaml/x"},
              "remora inject: cannot read cart.yaml/x: Not a directory");
}

TEST_F(Cli, HelpTeachesWithAnExample) {
  const Finished help = Run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("Example:"),
                              HasSubstr("remora explain -f deploy.yaml --patterns patterns/")));
  const Finished inject = Run({"inject", "--help"});
  EXPECT_EQ(inject.exit_code, 0);
  EXPECT_THAT(inject.out,
              AllOf(HasSubstr("comments, quotes and order stay"), HasSubstr("--wait-image")));
}

TEST_F(Cli, VersionNamesTheBuild) {
  EXPECT_THAT(Run({"version"}).out, StartsWith("remora 0."));
  const json facts = json::parse(Run({"version", "-o", "json"}).out);
  EXPECT_THAT(facts["libraries"].dump(), HasSubstr("yaml-cpp"));
  EXPECT_EQ(facts["commit"].get<std::string>().find_first_not_of("0123456789abcdefknouw"),
            std::string::npos);
}

TEST_F(Cli, PassesDocumentsThatItDoesNotTouchByteForByte) {
  const std::string text =
      "# a licence\r\n\r\nkind:   ConfigMap  # aligned\napiVersion: v1\ndata: {mode: \"0644\", "
      "yes: no}\n"
      "--- # second\n\n# only a comment\n---\n{\"kind\": \"Secret\", \"apiVersion\": "
      "\"v1\"}\n{\"a\": [1,\n2]}\n"
      "---\n" +
      Deployment("plain", "") + "...\nx: 1";
  Write("all.yaml", text);
  const Finished finished = Run({"inject", "-f", "all.yaml"});
  EXPECT_EQ(finished.out, text);
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(Run({"inject", "-f", "-"}, text).out, text);
}

TEST_F(Cli, WritesOnlyWhatIsNew) {
  const std::string before = "# first\na: 1 # stays\n--- # head\n# kept\n";
  const std::string after = "---\nb:   2 # stays\n";
  std::string text = Deployment("cart", "patterns.remora.dev/sidecar: log-saver");
  Write("all.yaml", before + text + after);
  Write("patterns/log-saver.yaml", kPattern);
  const Finished finished = Run({"inject", "-f", "all.yaml", "--patterns", "patterns"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  text = text.substr(0, text.find("    metadata: {annotations"));
  EXPECT_THAT(finished.out, StartsWith(before + text));
  EXPECT_TRUE(finished.out.ends_with(after)) << finished.out;
  EXPECT_THAT(
      finished.out,
      AllOf(HasSubstr("\n    spec: {containers: [{name: app, image: app}], initContainers: "
                      "[{image: saver, name: log-saver, restartPolicy: Always}]}\n"),
            HasSubstr("patterns.remora.dev/injected: \"true\""), Not(HasSubstr("generateName"))));
  EXPECT_EQ(Run({"uninject", "-f", "-"}, finished.out).out,
            before + Deployment("cart", "patterns.remora.dev/sidecar: log-saver") + after);
  // What came out is what a second run leaves alone.
  const Finished again = Run({"inject", "-f", "-", "--patterns", "patterns"}, finished.out);
  EXPECT_EQ(again.out, finished.out);
}

TEST_F(Cli, UsesPatternsOfTheSameFilesAndPrintsThem) {
  const std::string text = std::string(kPattern) + "---\n" +
                           Deployment("cart", "patterns.remora.dev/sidecar: log-saver");
  const Finished finished = Run({"inject", "-f", "-"}, text);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(StartsWith(std::string(kPattern) + "---\n"),
                                  HasSubstr("initContainers: [{image: saver, name:")));
}

TEST_F(Cli, TakesTheNamespaceOfTheFlagWhereNoneIsNamed) {
  Write("redis.yaml", kAmbassador);
  Write("cart.yaml", Deployment("cart", "patterns.remora.dev/ambassador: redis"));
  for (const char* name : {"default", "shop"}) {
    const Finished explained =
        Run({"explain", "-f", "cart.yaml", "--patterns", "redis.yaml", "-n", name});
    EXPECT_EQ(explained.exit_code, 0) << explained.err;
    EXPECT_THAT(
        explained.out,
        AllOf(StartsWith("Deployment/cart, namespace " + std::string(name) + ", cart.yaml:1\n"),
              HasSubstr("Ambassador " + std::string(name) + "/redis: Injected")));
  }
}

TEST_F(Cli, TakesCatalogNamespaceAndWaitImage) {
  Write("redis.yaml", std::string(kAmbassador)
                              .replace(std::string(kAmbassador).find("{name: redis}"), 13,
                                       "{name: redis, namespace: shared}") +
                          "  allowedNamespaces: {from: All}\n");
  Write("cart.yaml", Deployment("cart", "patterns.remora.dev/ambassador: redis"));
  const Finished finished =
      Run({"inject", "-f", "cart.yaml", "--patterns", "redis.yaml", "--catalog-namespace", "shared",
           "--wait-image", "registry.test/remora:1"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("name: redis--wait"),
                                  HasSubstr("image: \"registry.test/remora:1\"")));
}

TEST_F(Cli, LeavesOutWhatIsRefusedAndSaysWhy) {
  const std::string fine = Deployment("web", "");
  const Finished finished = Run(
      {"inject", "-f", "-"},
      "a: 1\n---\n" + Deployment("cart", "patterns.remora.dev/ambassador: none") + "---\n" + fine);
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.out, "a: 1\n---\n" + fine);
  EXPECT_THAT(finished.err,
              StartsWith("standard input:3: refused: Deployment default/cart: PatternNotFound: "));
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1);
}

TEST_F(Cli, WarnsOfWhatIsAdmittedWithoutItsCompanion) {
  const std::string text = Deployment("cart", "patterns.remora.dev/sidecar: log-savr");
  const Finished finished = Run({"inject", "-f", "-"}, text);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.err,
              StartsWith("standard input:1: warning: Deployment default/cart: Sidecar log-savr not "
                         "injected: PatternNotFound: "));
  EXPECT_EQ(Run({"explain", "-f", "-"}, text).exit_code, 1)
      << "a pattern is refused, though the Pod is not";
}

TEST_F(Cli, WarnsOfAPatternThatCannotBeUsed) {
  const Finished finished = Run(
      {"inject", "-f", "-"}, "a: 1\n---\n" + std::string(kPattern) + "  rol: x\n---\n" + kPattern);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(
      finished.err,
      AllOf(
          StartsWith("standard input:3: warning: Sidecar remora-catalog/log-saver cannot be used: "
                     "spec.rol: "),
          HasSubstr(
              "standard input:11: warning: Sidecar remora-catalog/log-saver takes the place of the "
              "one at standard input:3\n")));
}

std::string ListOf(const std::string& annotation_of_second) {
  const auto pod = [](const std::string& name, const std::string& pattern) {
    return R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ")" + name +
           R"(", "annotations": {"patterns.remora.dev/ambassador": ")" + pattern +
           R"("}}, "spec": {"containers": [{"name": "app", "image": "app"}]}})";
  };
  return "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n" + pod("one", "redis") +
         ",\n" + pod("two", annotation_of_second) + ",\n" + pod("three", "redis") + "]}\n";
}

TEST_F(Cli, ExpandsAList) {
  Write("redis.yaml", kAmbassador);
  const Finished finished = Run({"inject", "-f", "-", "--patterns", "redis.yaml"}, ListOf("none"));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err, StartsWith("standard input:3: refused: Pod default/two: "));
  const json list = json::parse(finished.out);
  ASSERT_EQ(list["items"].size(), 2U);
  EXPECT_EQ(list["items"][0]["metadata"]["name"], "one");
  EXPECT_EQ(list["items"][1]["metadata"]["name"], "three");
  for (const json& item : list["items"])
    EXPECT_EQ(item["spec"]["initContainers"][0]["name"], "redis");
}

TEST_F(Cli, PrintsEverythingAsJsonOrYamlWhereAsked) {
  Write("redis.yaml", kAmbassador);
  const Finished as_json = Run({"inject", "-f", "-", "-o", "json"}, "a: 1\n---\n# nothing\n");
  EXPECT_EQ(json::parse(as_json.out), json::parse(R"({"a": 1})"));
  const Finished as_yaml = Run({"inject", "-f", "-", "--patterns", "redis.yaml", "-o=yaml"},
                               "{\"a\": 1}\n" + ListOf("redis") + "{\"b\": 2}\n");
  EXPECT_EQ(as_yaml.exit_code, 0) << as_yaml.err;
  const auto documents = ReadDocuments(as_yaml.out, "out");
  ASSERT_TRUE(documents.ok()) << documents.error().message();
  ASSERT_EQ(documents->size(), 3U) << as_yaml.out;
  EXPECT_EQ((*documents)[0].text, "{\"a\": 1}\n");
  EXPECT_THAT((*documents)[1].text, StartsWith("---\napiVersion: v1\nitems:\n- apiVersion: v1\n"));
  EXPECT_EQ((*documents)[2].text, "---\n{\"b\": 2}\n");
}

TEST_F(Cli, PutsAMarkerBetweenFiles) {
  Write("d/b.yaml", "b: 1");
  Write("d/a.yml", "a: 1\n");
  Write("d/c.json", "{\"c\": 1}");
  Write("d/sub/e.yaml", "---\ne: 1\n");
  Write("d/ignored.txt", "x: [");
  EXPECT_EQ(Run({"inject", "-f", "d"}).out, "a: 1\n---\nb: 1\n---\n{\"c\": 1}");
  EXPECT_EQ(Run({"inject", "-R", "-f", "d"}).out, "a: 1\n---\nb: 1\n---\n{\"c\": 1}\n---\ne: 1\n");
  EXPECT_EQ(Run({"inject", "-f", "d/b.yaml", "-f", "-"}, "x: 1\n").out, "b: 1\n---\nx: 1\n");
  EXPECT_EQ(Run({"inject", "-f", "d/b.yaml", "-f", "d/b.yaml"}).out, "b: 1\n---\nb: 1");
}

// Case 12 of what hurt users elsewhere.
TEST_F(Cli, SaysWhereAMisplacedAnnotationShouldStand) {
  std::string text = Deployment("cart", "");
  text.replace(text.find("{name: cart}"), 12,
               "{name: cart, annotations: {patterns.remora.dev/sidecar: log-saver}}");
  const std::string sentence =
      "the annotation patterns.remora.dev/sidecar stands in metadata.annotations, where no Pod "
      "gets it from; "
      "expected in spec.template.metadata.annotations\n";
  const Finished explained = Run({"explain", "-f", "-"}, text);
  EXPECT_EQ(explained.out,
            "Deployment/cart, namespace default, standard input:1\nunchanged: no annotation asks "
            "for a pattern\n"
            "warning: " +
                sentence);
  EXPECT_EQ(explained.exit_code, 0);
  const Finished injected = Run({"inject", "-f", "-"}, text);
  EXPECT_EQ(injected.out, text);
  EXPECT_EQ(injected.err, "standard input:1: warning: Deployment default/cart: " + sentence);
}

// Case 32.
TEST_F(Cli, CountsTheClaimsOfAStatefulSetAsVolumes) {
  const std::string pattern = R"({"apiVersion": "patterns.remora.dev/v1alpha1", "kind": "Sidecar",
    "metadata": {"name": "backup"}, "spec": {"container": {"image": "backup"}, "share": [
    {"name": "data", "path": "/d", "targetPath": "/d", "volumeName": "data"}]}})";
  const std::string cart = R"(
apiVersion: apps/v1
kind: KIND
metadata: {name: cart}
spec:
  template:
    metadata: {annotations: {patterns.remora.dev/sidecar: backup}}
    spec: {containers: [{name: cart, image: cart}]}
  volumeClaimTemplates: [{metadata: {name: data}}]
)";
  for (const auto& [kind, code] : {std::pair("StatefulSet", 0), {"Deployment", 1}}) {
    std::string text = pattern + "\n---" + cart;
    text.replace(text.find("KIND"), 4, kind);
    EXPECT_EQ(Run({"explain", "-f", "-"}, text).exit_code, code) << kind;
  }
}

// The key that goes stands behind the dash; all else of the text stays.
TEST_F(Cli, KeepsTheTextWhereATakeOverTakesTheFirstKeyOfAPort) {
  const std::string pattern =
      R"({"apiVersion": "patterns.remora.dev/v1alpha1", "kind": "Ambassador",
    "metadata": {"name": "tls"}, "spec": {"direction": "Inbound", "container": {"image": "p"},
    "endpoints": [{"name": "in", "port": 8443}], "takeOver": {"portName": "http", "endpoint": "in"}}})";
  const std::string pod = R"(
apiVersion: v1
kind: Pod
metadata:
  name: cart
  annotations: {patterns.remora.dev/ambassador: tls}
spec:
  containers:
    - name: cart  # the shop's
      image: 'cart'
      ports:
        - name: http
          containerPort: 8080  # plain
)";
  const Finished finished = Run({"inject", "-f", "-"}, pattern + "\n---" + pod);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("    - name: cart  # the shop's\n      image: 'cart'\n"));
  EXPECT_THAT(finished.out, HasSubstr("        - containerPort: 8080  # plain\n"));
}

TEST_F(Cli, ExplainsAsJson) {
  const std::string text = std::string(kPattern) + "---\n" +
                           Deployment("cart", "patterns.remora.dev/sidecar: log-saver") + "---\n" +
                           Deployment("web", "patterns.remora.dev/ambassador: none");
  const Finished finished = Run({"explain", "-f", "-", "-o", "json"}, text);
  EXPECT_EQ(finished.exit_code, 1);
  const json all = json::parse(finished.out);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["name"], "cart");
  EXPECT_EQ(all[0]["source"], "standard input");
  EXPECT_EQ(all[0]["line"], 8);
  EXPECT_EQ(all[0]["explanation"]["verdict"], "patched");
  EXPECT_EQ(all[0]["explanation"]["patterns"][0]["reason"], "Injected");
  EXPECT_EQ(all[1]["explanation"]["verdict"], "denied");
  EXPECT_EQ(all[1]["explanation"]["patterns"][0]["reason"], "PatternNotFound");
}

TEST_F(Cli, ExplainsThatThereIsNothingToExplain) {
  const Finished finished = Run({"explain", "-f", "-"}, kPattern);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "nothing to explain: no Pod or workload in the documents\n");
}

// Cases 7 and 8: Pods that the API server does not send to the webhook.
TEST_F(Cli, LeavesAlonePodsThatTheWebhookIsNotCalledFor) {
  const std::string text = std::string(kPattern) + "---\n" +
                           Deployment("cart", "patterns.remora.dev/sidecar: log-saver");
  const Finished explained = Run({"explain", "-f", "-", "-n", "kube-system"}, text);
  EXPECT_EQ(explained.exit_code, 0);
  EXPECT_THAT(
      explained.out,
      HasSubstr("unchanged: NamespaceExcluded: the webhook is not called for Pods of namespace "
                "kube-system\n"));
  EXPECT_EQ(Run({"inject", "-f", "-", "-n", "kube-system"}, text).out, text);
}

TEST_F(Cli, IsAPluginOfKubectlByItsName) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(RunCommandLine({"/usr/bin/kubectl-remora", "exlpain"}, {in, out, err}), 2);
  EXPECT_EQ(err.str(), "kubectl remora: unknown command exlpain; did you mean explain?\n");
}

TEST_F(Cli, SaysThatItCannotWrite) {
  std::istringstream in("a: 1\n");
  std::ofstream out("/dev/full");
  std::ostringstream err;
  EXPECT_EQ(RunCommandLine({"remora", "inject", "-f", "-"}, {in, out, err}), 2);
  EXPECT_EQ(err.str(), "remora inject: cannot write to the standard output\n");
}
}  // namespace
}  // namespace remora::cli
