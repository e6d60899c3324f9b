// The catalog, the sealed namespace and the patterns.
#include "operator/cli/doctor/pattern_checks.h"

#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(DoctorPatterns, AreFineAndCounted) {
  EXPECT_THAT(JudgePatterns(HealthyFacts()),
              ElementsAre(Says(Level::kOk, "catalog", "namespace remora-catalog has 1 pattern"),
                          Says(Level::kOk, "sealed namespace", "admits no Pods"),
                          Says(Level::kOk, "patterns", "all 1 pattern are Ready")));
}

TEST(DoctorPatterns, NamesNamespacesThatAreMissing) {
  Facts facts = HealthyFacts();
  facts.catalog = NotThere();
  facts.sealed = NotThere();
  EXPECT_THAT(JudgePatterns(facts),
              Contains(Says(Level::kWarning, "catalog", "no namespace remora-catalog",
                            "kubectl create namespace remora-catalog")));
  EXPECT_THAT(JudgePatterns(facts), Contains(Says(Level::kProblem, "sealed namespace",
                                                  "no namespace remora-sealed", "helm upgrade")));
}

TEST(DoctorPatterns, NamesAQuotaThatWouldAdmitPods) {
  Facts facts = HealthyFacts();
  for (const json& quotas :
       {json::array(), json::array({{{"spec", {{"hard", {{"pods", "1"}}}}}}})}) {
    facts.quotas = quotas;
    EXPECT_THAT(JudgePatterns(facts)[1],
                Says(Level::kProblem, "sealed namespace", "no ResourceQuota with pods: 0",
                     "kubectl --namespace remora-sealed create quota no-pods --hard=pods=0"));
  }
}

json Pattern(int number, const json& condition) {
  return {{"kind", "Ambassador"},
          {"metadata", {{"name", "redis-" + std::to_string(number)}, {"namespace", "shop"}}},
          {"status", {{"conditions", json::array({condition})}}}};
}

TEST(DoctorPatterns, NamesThoseThatAreNotReady) {
  Facts facts = HealthyFacts();
  const json refused = {{"type", "Ready"},
                        {"status", "False"},
                        {"reason", "NotAccepted"},
                        {"message", "spec.container: no"}};
  facts.patterns = json::array({Pattern(1, refused), Pattern(2, {{"type", "Accepted"}})});
  const Findings findings = JudgePatterns(facts);
  EXPECT_THAT(findings, Contains(Says(Level::kWarning, "pattern Ambassador shop/redis-1",
                                      "not Ready: NotAccepted: spec.container: no",
                                      "remora status ambassador/redis-1 --namespace shop")));
  EXPECT_THAT(findings, Contains(Says(Level::kWarning, "pattern Ambassador shop/redis-2",
                                      "the operator has not looked at it", "remora status")));
  for (int i = 3; i < 15; ++i) facts.patterns->push_back(Pattern(i, refused));
  EXPECT_THAT(JudgePatterns(facts), SizeIs(2 + 10 + 1));
  EXPECT_THAT(JudgePatterns(facts).back(),
              Says(Level::kWarning, "patterns", "4 more are not Ready", "--all-namespaces"));
}

}  // namespace
}  // namespace remora::cli::doctor
