// explain: takeOver and what does not follow it; what the API server would refuse.
#include <nlohmann/json.hpp>

#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kLogin = R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: login, namespace: shop}
spec:
  direction: Inbound
  endpoints: [{name: login, protocol: HTTP}]
  takeOver: {portName: http, endpoint: login}
  container: {image: login}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata:
      labels: {app: cart, version: "1"}
      annotations: {patterns.remora.dev/ambassador: login}
    spec: {containers: [{name: app, image: app, ports: [{name: http, containerPort: 8080}]}]}
---
)";

constexpr const char* kService = R"(apiVersion: v1
kind: Service
metadata: {name: cart}
spec:
  selector: {app: cart}
  ports:
    - name: web
      port: 80
      targetPort: 8080
)";

// Case 42.
TEST_F(Cli, ExplainNamesWhatDoesNotFollowATakeOver) {
  Write("cart.yaml", std::string(kLogin) + kService);
  const Finished finished = Run({"explain", "-f", "cart.yaml", "-n", "shop"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(
      finished.out,
      AllOf(HasSubstr("port http is 23557 of container login now, was 8080/TCP of container app\n"),
            HasSubstr("what will not follow, for it says the number:\n"
                      "  Service shop/cart, cart.yaml:29: spec.ports[0].targetPort is 8080; write "
                      "targetPort: http\n"),
            HasSubstr("the target still answers on 8080/TCP (container app); this NetworkPolicy "
                      "closes it:\n  apiVersion: networking.k8s.io/v1\n"),
            HasSubstr("    name: cart-close-8080\n"), Not(HasSubstr("version: \"1\""))));
  EXPECT_THAT(Run({"explain", "-f", "cart.yaml"}).out, HasSubstr("all Services"))
      << "the Service is of another namespace";
}

TEST_F(Cli, ExplainTellsTheSameToTools) {
  Write("cart.yaml", std::string(kLogin) + kService);
  const json all = json::parse(Run({"explain", "-f", "cart.yaml", "-n", "shop", "-o", "json"}).out);
  const json& ports = all[0]["ports"];
  EXPECT_EQ(ports["moves"], json::parse(R"([{"name": "http", "protocol": "TCP", "from": 8080,
    "to": 23557, "target": "app", "companion": "login"}])"));
  EXPECT_EQ(ports["willNotFollow"], json::parse(R"([{"object": "Service shop/cart",
    "place": "cart.yaml:29", "field": "spec.ports[0].targetPort", "value": "8080",
    "write": "targetPort: http"}])"));
  EXPECT_EQ(ports["networkPolicy"]["spec"]["podSelector"]["matchLabels"]["app"], "cart");
  EXPECT_EQ(all[0]["line"], 10);
}

TEST_F(Cli, ExplainSaysWhichNetworkPolicyClosesTheOldPort) {
  constexpr const char* kPolicy = R"(apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only-login, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  ingress: [{ports: [{port: http}]}]
)";
  EXPECT_THAT(Run({"explain", "-f", "-"}, std::string(kLogin) + kPolicy).out,
              AllOf(HasSubstr("(container app); closed by NetworkPolicy shop/only-login\n"),
                    HasSubstr("all Services and NetworkPolicies that are known here follow"),
                    Not(HasSubstr("kind: NetworkPolicy"))));
}

TEST_F(Cli, ExplainIsSilentAboutPortsThatDoNotMove) {
  const std::string text =
      Deployment("cart", "") + "---\n" + std::string(kService) + "  selector2: {}\n";
  EXPECT_THAT(Run({"explain", "-f", "-"}, text).out, Not(HasSubstr("port")));
}

TEST_F(Cli, RefusesAnnotationsAndLabelsThatAreNoStrings) {
  struct Case {
    const char* annotations;
    const char* sentence;
  };
  const Case cases[] = {
      {"patterns.remora.dev/inject: false",
       "the value of patterns.remora.dev/inject in spec.template.metadata.annotations is no "
       "string; expected it in quotes: \"false\""},
      {"prometheus.io/port: 9090",
       "the value of prometheus.io/port in spec.template.metadata.annotations is no string; "
       "expected it in quotes: \"9090\""},
      {"a: [b]",
       "the value of a in spec.template.metadata.annotations is no string; expected text"},
  };
  for (const Case& c : cases) {
    Write("cart.yaml", Deployment("cart", c.annotations));
    const Finished inject = Run({"inject", "-f", "cart.yaml"});
    EXPECT_EQ(inject.err,
              "cart.yaml:1: refused: Deployment default/cart: " + std::string(c.sentence) + "\n");
    EXPECT_EQ(inject.out, "");
    EXPECT_EQ(inject.exit_code, 1);
    const Finished explain = Run({"explain", "-f", "cart.yaml"});
    EXPECT_THAT(explain.out, HasSubstr("denied: by the API server: " + std::string(c.sentence)));
    EXPECT_EQ(explain.exit_code, 1);
  }
  Write("cart.yaml", Deployment("cart", "a: ~"));  // the API server takes it for an empty string
  EXPECT_EQ(Run({"inject", "-f", "cart.yaml"}).exit_code, 0);
}

TEST_F(Cli, WarnsOfPodTemplatesInKindsThatItDoesNotKnow) {
  const std::string text =
      "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: cart}\nspec:\n"
      "  template:\n    metadata: {annotations: {patterns.remora.dev/sidecar: log-saver}}\n"
      "    spec: {containers: [{name: app, image: app}]}\n";
  const std::string sentence =
      "standard input:1: warning: its Pod template asks for patterns "
      "(patterns.remora.dev/sidecar), "
      "but what argoproj.io/v1alpha1 Rollout makes of it is not known here";
  const Finished inject = Run({"inject", "-f", "-"}, text);
  EXPECT_THAT(inject.err, StartsWith(sentence));
  EXPECT_EQ(inject.out, text);
  EXPECT_EQ(inject.exit_code, 0);
  EXPECT_THAT(Run({"explain", "-f", "-"}, text).err, StartsWith(sentence));
  std::string other = text;
  other.replace(other.find("patterns.remora.dev/sidecar"), 8, "elephant");
  EXPECT_EQ(Run({"inject", "-f", "-"}, other).err, "") << "it does not ask";
}

TEST_F(Cli, ExplainSaysWhatItDoesNotUnderstand) {
  Write("cart.yaml", "a: 1\n");
  ExpectUsage({"explain"},
              "remora explain: nothing to explain; expected KIND/NAME of an object in the cluster, "
              "such as deployment/cart, or a file by -f");
  ExpectUsage(
      {"explain", "cart.yaml"},
      "remora explain: \"cart.yaml\" is no KIND/NAME; expected one such as deployment/cart");
  ExpectUsage({"explain", "pod/cart", "-f", "cart.yaml"},
              "remora explain: unexpected argument pod/cart; objects in the cluster and files are "
              "not explained together");
  ExpectUsage(
      {"explain", "pod/cart", "-n", "Shop"},
      "remora explain: \"Shop\" is no name of a namespace; expected a-z, 0-9 and -, at most "
      "63 characters");
  ExpectUsage({"explain", "pod/cart", "--kubeconfig", "none"},
              "remora explain: kubeconfig none: cannot read the file none");
  ExpectUsage({"lint", "-f", "cart.yaml", "--server", "--kubeconfig", "none"},
              "remora lint: kubeconfig none: cannot read the file none");
}

// Case 32.
TEST_F(Cli, KnowsTheVolumesOfAStatefulSetsClaimsAndDoesNotWriteThem) {
  const std::string text = R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  template:
    metadata: {annotations: {patterns.remora.dev/sidecar: backup}}
    spec:
      containers: [{name: app, image: app}]
  volumeClaimTemplates: [{metadata: {name: data}}]
)";
  Write("db.yaml", text);
  Write("backup.yaml", R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: backup}
spec:
  share: [{name: data, path: /data, targetPath: /var/lib/db, volumeName: data}]
  container: {image: backup}
)");
  const Finished finished = Run({"inject", "-f", "db.yaml", "--patterns", "backup.yaml"});
  EXPECT_EQ(finished.err, "");
  EXPECT_THAT(finished.out, AllOf(HasSubstr("name: backup"), HasSubstr("/var/lib/db"),
                                  Not(HasSubstr("persistentVolumeClaim"))));
  EXPECT_EQ(finished.exit_code, 0);
  const Finished back = Run({"uninject", "-f", "-"}, finished.out);
  EXPECT_EQ(back.out, text);
  EXPECT_EQ(back.exit_code, 0) << back.err;
}

// All names end alike: that makes none of them likely.
TEST_F(Cli, HintsAtFilesThatAreNear) {
  Write("checkout.yaml", "a: 1\n");
  Write("db.yaml", "a: 1\n");
  Write("b.yaml", "a: 1\n");
  const std::string head = "remora inject: cannot read ";
  const std::string tail = ": there is no such file or directory";
  ExpectUsage({"inject", "-f", "cart.yaml"}, head + "cart.yaml" + tail);
  ExpectUsage({"inject", "-f", "a.yaml"}, head + "a.yaml" + tail);
  ExpectUsage({"inject", "-f", "web.yaml"}, head + "web.yaml" + tail);
  ExpectUsage({"inject", "-f", "chekout.yaml"},
              head + "chekout.yaml" + tail + "; did you mean checkout.yaml?");
  ExpectUsage({"inject", "-f", "db.yml"}, head + "db.yml" + tail + "; did you mean db.yaml?");
}

}  // namespace
}  // namespace remora::cli
