// Deployments, endpoints, the Lease and versions.
#include "operator/cli/doctor/program_checks.h"

#include "operator/base/timestamp.h"
#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Not;
using ::testing::SizeIs;

void AskByUrl(Facts& facts) {
  (*facts.mutating)[0]["webhooks"][0]["clientConfig"]["url"] = "https://127.0.0.1/v1/pods/named";
}

TEST(DoctorPrograms, AreFine) {
  EXPECT_THAT(JudgePrograms(HealthyFacts()), AllOf(SizeIs(5), AllOk()));
}

TEST(DoctorPrograms, NamesReplicasThatAreNotReady) {
  Facts facts = HealthyFacts();
  (*facts.webhook.deployment)["status"]["readyReplicas"] = 1;
  facts.operator_program.deployment->erase("status");
  const Findings findings = JudgePrograms(facts);
  EXPECT_THAT(findings,
              Contains(Says(Level::kWarning, "deployment remora-webhook", "1 of 2 replicas",
                            "kubectl --namespace remora-system describe pods --selector "
                            "app.kubernetes.io/name=remora-webhook")));
  EXPECT_THAT(findings, Contains(Says(Level::kProblem, "deployment remora-operator",
                                      "0 of 2 replicas are ready", "describe pods")));
  (*facts.webhook.deployment)["spec"]["replicas"] = 0;
  EXPECT_THAT(JudgePrograms(facts), Contains(Says(Level::kProblem, "deployment remora-webhook",
                                                  "scaled to 0", "--replicas=2")));
}

TEST(DoctorPrograms, MayRunElsewhereWhereTheyAnswer) {
  Facts facts = HealthyFacts();
  facts.webhook.deployment = NotThere();
  facts.operator_program.deployment = NotThere();
  EXPECT_THAT(JudgePrograms(facts), Contains(Says(Level::kProblem, "deployment remora-webhook",
                                                  "none in namespace "
                                                  "remora-system",
                                                  "helm upgrade")));
  facts.endpoint_slices = json::array();
  EXPECT_THAT(JudgePrograms(facts), Contains(Says(Level::kProblem, "service remora-webhook",
                                                  "no ready endpoint", "get pods")));
  AskByUrl(facts);
  EXPECT_THAT(JudgePrograms(facts), AllOf(SizeIs(3), AllOk()));
}

TEST(DoctorPrograms, EndpointsThatAreNotReadyDoNotCount) {
  Facts facts = HealthyFacts();
  facts.endpoint_slices =
      json::array({{{"endpoints", {{{"conditions", {{"ready", false}}}}}}}, json::object()});
  EXPECT_THAT(JudgePrograms(facts), Contains(Says(Level::kProblem, "service remora-webhook",
                                                  "no ready endpoint", "get pods")));
}

TEST(DoctorPrograms, SaysWhenNoOperatorLeads) {
  Facts facts = HealthyFacts();
  facts.lease = NotThere();
  EXPECT_THAT(JudgePrograms(facts),
              Contains(Says(Level::kProblem, "operator lease", "no operator leads",
                            "logs deployment/remora-operator")));
  facts.operator_program.deployment = NotThere();
  EXPECT_THAT(JudgePrograms(facts), Contains(Says(Level::kProblem, "operator lease",
                                                  "no operator leads", "helm upgrade")));
  facts = HealthyFacts();
  (*facts.lease)["spec"]["holderIdentity"] = "";
  EXPECT_THAT(JudgePrograms(facts),
              Contains(Says(Level::kProblem, "operator lease", "no operator leads", "logs")));
}

TEST(DoctorPrograms, JudgesTheLeaseByItsAge) {
  Facts facts = HealthyFacts();
  const auto renewed = [&](seconds ago) {
    (*facts.lease)["spec"]["renewTime"] = FormatMicroTime(kNow - ago);
    return JudgePrograms(facts)[3];
  };
  EXPECT_THAT(renewed(seconds(45)), Says(Level::kOk, "operator lease", "operator-a"));
  EXPECT_THAT(renewed(seconds(46)), Says(Level::kProblem, "operator lease",
                                         "operator-a has not renewed it for 46s", "logs"));
  EXPECT_THAT(renewed(seconds(-31)), Says(Level::kWarning, "operator lease",
                                          "the clock here says 2026-01-01T00:00:00Z", "clocks"));
}

TEST(DoctorPrograms, WarnsOfVersionsThatDiffer) {
  Facts facts = HealthyFacts();
  facts.program_version = "0.2.0";
  EXPECT_THAT(JudgePrograms(facts),
              Contains(Says(Level::kWarning, "versions",
                            "webhook and operator are 0.1.0, and this command is 0.2.0",
                            "of the image remora:0.1.0")));
  json& image =
      (*facts.operator_program.deployment)["spec"]["template"]["spec"]["containers"][0]["image"];
  image = "remora:main";
  EXPECT_THAT(JudgePrograms(facts),
              Contains(Says(Level::kWarning, "versions", "the operator's remora:main", "helm")));
  (*facts.operator_program.deployment)["metadata"]["labels"]["app.kubernetes.io/version"] = "0.0.9";
  EXPECT_THAT(JudgePrograms(facts),
              Contains(Says(Level::kWarning, "versions", "the webhook is 0.1.0, the operator 0.0.9",
                            "helm upgrade")));
}

}  // namespace
}  // namespace remora::cli::doctor
