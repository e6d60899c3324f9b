// The API server's version and the three kinds.
#include "operator/cli/doctor/server_checks.h"

#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(DoctorServer, IsFineFromTheOldestVersionThatRemoraNeeds) {
  Facts facts = HealthyFacts();
  for (const char* version : {"v1.33.0", "v1.36.4", "v1.40.1+k3s1", "v1.33.0-eks-1234"}) {
    facts.server_version = json{{"gitVersion", version}};
    EXPECT_THAT(JudgeServer(facts), ElementsAre(Says(Level::kOk, "API server", version)));
  }
}

// Case 23.
TEST(DoctorServer, SaysInOneSentenceThatAServerIsTooOld) {
  Facts facts = HealthyFacts();
  facts.server_version = json{{"gitVersion", "v1.32.9"}};
  const Findings findings = JudgeServer(facts);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].level, Level::kProblem);
  EXPECT_EQ(findings[0].sentence,
            "Kubernetes v1.32.9 is too old: Remora needs 1.33 or later, where native sidecars are "
            "stable and Services find their ports");
  EXPECT_EQ(findings[0].remedy,
            "upgrade the control plane and the nodes to Kubernetes 1.33 or later");
}

TEST(DoctorServer, NamesAServerThatIsNoKubernetesOrDoesNotAnswer) {
  Facts facts = HealthyFacts();
  facts.server_version = json{{"gitVersion", "2.0"}};
  EXPECT_THAT(JudgeServer(facts), ElementsAre(Says(Level::kWarning, "API server", "2.0")));
  facts.server_version = Error(ErrorCode::kUnavailable, "connection refused");
  EXPECT_THAT(JudgeServer(facts), ElementsAre(Says(Level::kProblem, "API server",
                                                   "connection refused", "kubectl cluster-info")));
  EXPECT_FALSE(IsServerReachable(facts));
}

TEST(DoctorKinds, OfThisVersionAreFine) {
  EXPECT_THAT(JudgeKinds(HealthyFacts()), AllOf(SizeIs(3), AllOk()));
}

TEST(DoctorKinds, NamesWhatIsMissing) {
  Facts facts = HealthyFacts();
  facts.kinds[1] = NotThere();
  EXPECT_THAT(JudgeKinds(facts),
              Contains(Says(Level::kProblem, "kind Sidecar",
                            "no CustomResourceDefinition sidecars.patterns.remora.dev",
                            "helm upgrade --install remora charts/remora --namespace "
                            "remora-system --reuse-values --set crds.install=true")));
  facts.kinds[1] = NoRight();
  EXPECT_THAT(JudgeKinds(facts),
              Contains(Says(Level::kUnknown, "kind Sidecar", "no right", "somebody who has")));
}

TEST(DoctorKinds, NamesOneThatIsNotServedStoredOrEstablished) {
  Facts facts = HealthyFacts();
  const json healthy = *facts.kinds[0];
  const auto spoil = [&](const char* path, const json& value) {
    json crd = healthy;
    crd[json::json_pointer(path)] = value;
    facts.kinds[0] = crd;
    return JudgeKinds(facts)[0];
  };
  EXPECT_THAT(spoil("/status/conditions/0/status", "False"),
              Says(Level::kProblem, "kind Ambassador", "not Established", "kubectl describe"));
  EXPECT_THAT(spoil("/spec/versions/0/served", false),
              Says(Level::kProblem, "kind Ambassador", "does not serve v1alpha1", "helm upgrade"));
  EXPECT_THAT(spoil("/spec/versions/0/name", "v1alpha0"),
              Says(Level::kProblem, "kind Ambassador", "does not serve v1alpha1", "helm upgrade"));
  EXPECT_THAT(spoil("/spec/versions/0/storage", false),
              Says(Level::kWarning, "kind Ambassador", "another version", "image"));
}

TEST(DoctorKinds, TellsAnOlderCrdFromANewerOneByItsFields) {
  Facts facts = HealthyFacts();
  const char* path =
      "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/update/properties";
  json older = *facts.kinds[2];
  older[json::json_pointer(path)].erase("replaceMissing");
  json newer = *facts.kinds[2];
  newer[json::json_pointer(path)]["maxUnavailable"] = {{"type", "integer"}};
  facts.kinds[2] = older;
  EXPECT_THAT(JudgeKinds(facts)[2],
              Says(Level::kProblem, "kind Adapter",
                   "older than remora 0.1.0 and does not know spec.update.replaceMissing",
                   "crds.install=true"));
  facts.kinds[2] = newer;
  EXPECT_THAT(JudgeKinds(facts)[2], Says(Level::kWarning, "kind Adapter",
                                         "does not know spec.update.maxUnavailable", "image"));
}

}  // namespace
}  // namespace remora::cli::doctor
