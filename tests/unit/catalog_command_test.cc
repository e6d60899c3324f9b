// catalog list and show, of files.
#include <nlohmann/json.hpp>

#include "tests/unit/cli_fixture.h"

namespace remora::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Catalog : public Cli {
 protected:
  Catalog() {
    Write("patterns/log-saver.yaml", R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver}
spec:
  description: Keeps what the application logs.
  allowedNamespaces: {from: All}
  parameters:
    - {name: dir, type: string, default: /var/log/app, description: where the logs are}
    - {name: level, type: string, required: true, enum: [all, errors]}
    - {name: size, type: quantity, required: true, maximum: 1Gi}
  container: {image: saver}
  env: [{name: LOG_DIR, value: $(params.dir)}]
  share: [{name: logs, path: /logs, targetPath: $(params.dir)}]
)");
    Write("patterns/redis.yaml", R"(apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: redis}
spec:
  container: {image: haproxy}
  endpoints:
    - name: redis
      port: 6379
      hostnames: [redis.local]
      env: {host: REDIS_HOST, port: REDIS_PORT, url: {name: REDIS_URL, value: redis://localhost}}
    - {name: admin, protocol: HTTP}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Adapter
metadata: {name: redis}
spec:
  description: Redis for Prometheus.
  container: {image: exporter}
  metrics: {port: 9121}
)");
  }

  static Finished Show(const std::string& name) {
    return Run({"catalog", "show", name, "--patterns", "patterns"});
  }
};

TEST_F(Catalog, ListsWhatThereIs) {
  const Finished list = Run({"catalog", "list", "--patterns", "patterns"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(list.out,
            "KIND         NAME        DESCRIPTION\n"
            "Sidecar      log-saver   Keeps what the application logs.\n"
            "Ambassador   redis       -\n"
            "Adapter      redis       Redis for Prometheus.\n");
  const json all =
      json::parse(Run({"catalog", "list", "--patterns", "patterns", "-o", "json"}).out);
  EXPECT_EQ(all[0]["annotation"], json({{"patterns.remora.dev/sidecar", "log-saver"}}));
  EXPECT_EQ(all[0]["namespace"], "remora-catalog");
  EXPECT_EQ(all[0]["parameters"][0]["default"], "/var/log/app");
}

TEST_F(Catalog, ShowsWhatToCopyAndWhatItTakes) {
  const Finished shown = Show("log-saver");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(shown.out,
            "Sidecar remora-catalog/log-saver\n"
            "  Keeps what the application logs.\n"
            "\n"
            "Annotations of the Pod, or of the Pod template of a workload:\n"
            "  patterns.remora.dev/sidecar: log-saver\n"
            "  params.patterns.remora.dev/log-saver.level: \"all\"\n"
            "  params.patterns.remora.dev/log-saver.size: \"64Mi\"\n"
            "\n"
            "Parameters, given as params.patterns.remora.dev/log-saver.NAME:\n"
            "  NAME    TYPE                  DEFAULT        REQUIRED   DESCRIPTION\n"
            "  dir     string                /var/log/app   no         where the logs are\n"
            "  level   string: all, errors   -              yes        -\n"
            "  size    quantity, to 1Gi      -              yes        -\n"
            "\n"
            "Directories that application and companion share:\n"
            "  APPLICATION     COMPANION   WRITTEN BY\n"
            "  $(params.dir)   /logs       the application\n"
            "\n"
            "Variables that the application gets:\n"
            "  LOG_DIR   $(params.dir)\n");
}

// What is printed is what gets it injected.
TEST_F(Catalog, TheAnnotationsThatItShowsAreEnough) {
  const std::string shown = Show("log-saver").out;
  std::string annotations;
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  patterns.") && !line.starts_with("  params.")) continue;
    annotations += (annotations.empty() ? "" : ", ") + line.substr(2);
  }
  Write("cart.yaml", Deployment("cart", annotations));
  const Finished injected = Run({"inject", "-f", "cart.yaml", "--patterns", "patterns", "-n",
                                 "default", "--catalog-namespace", "default"});
  EXPECT_EQ(injected.exit_code, 0) << injected.err;
  EXPECT_THAT(injected.out, HasSubstr("name: log-saver"));
}

TEST_F(Catalog, ShowsEndpointsAndMetricsOfAllKindsOfThatName) {
  const Finished shown = Show("redis");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("Only namespaces that spec.allowedNamespaces admits may use it."),
                    HasSubstr("  patterns.remora.dev/ambassador: redis\n"),
                    HasSubstr("  redis   localhost:6379, redis.local   REDIS_HOST, REDIS_PORT, "
                              "REDIS_URL\n"),
                    HasSubstr("  admin   localhost:(allocated)         -\n"),
                    HasSubstr("\n\nAdapter remora-catalog/redis\n"),
                    HasSubstr("Metrics: port metrics (9121), path /metrics\n")));
  EXPECT_THAT(Show("radp/redis").out, Not(HasSubstr("Ambassador")));
}

TEST_F(Catalog, SaysWhatItDoesNotKnow) {
  ExpectUsage({"catalog"}, "remora catalog: expected list or show");
  ExpectUsage({"catalog", "shwo"}, "remora catalog: expected list or show; did you mean show?");
  ExpectUsage({"catalog", "list", "redis"},
              "remora catalog: unexpected argument redis; list names all patterns, and show one");
  ExpectUsage({"catalog", "show"},
              "remora catalog: no pattern is named; expected NAME or KIND/NAME, such as "
              "sidecar/log-saver");
  ExpectUsage({"catalog", "show", "log-savr", "--patterns", "patterns"},
              "remora catalog: there is no pattern log-savr in the files; did you mean log-saver?");
  ExpectUsage({"catalog", "show", "sidecar/redis", "--patterns", "patterns"},
              "remora catalog: there is no Sidecar redis in the files");
}

}  // namespace
}  // namespace remora::cli
