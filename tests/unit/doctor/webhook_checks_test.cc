// The webhook configurations.
#include "operator/cli/doctor/webhook_checks.h"

#include "operator/cli/doctor/expected_webhooks.h"
#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kNamed[] = "webhook named.patterns.remora.dev";

json& Entry(Facts& facts, std::size_t index) { return (*facts.mutating)[0]["webhooks"][index]; }

// What hack/webhook-configuration.yaml.in says is all that is expected, and the other way round.
TEST(DoctorWebhooks, ExpectsWhatTheConfigurationSays) {
  const Facts facts = HealthyFacts();
  EXPECT_THAT(JudgeWebhooks(facts), AllOf(SizeIs(5), AllOk()));
  std::size_t entries = 0;
  for (const Answer* list : {&facts.mutating, &facts.validating}) {
    for (const json& entry : (**list)[0]["webhooks"]) {
      const std::string name = entry["name"];
      const auto expected =
          std::find_if(ExpectedEntries().begin(), ExpectedEntries().end(),
                       [&](const ExpectedEntry& one) { return one.name == name; });
      ASSERT_NE(expected, ExpectedEntries().end()) << name;
      EXPECT_EQ(expected->conditions.size(), ListAt(entry, "/matchConditions").size()) << name;
      EXPECT_EQ(expected->rules.size(), entry["rules"].size()) << name;
      EXPECT_EQ(expected->may_fail, entry["failurePolicy"] == "Fail") << name;
      ++entries;
    }
  }
  EXPECT_EQ(entries, ExpectedEntries().size());
}

TEST(DoctorWebhooks, NamesAConfigurationOrAnEntryThatIsMissing) {
  Facts facts = HealthyFacts();
  (*facts.mutating)[0]["webhooks"].erase(1);
  EXPECT_THAT(JudgeWebhooks(facts),
              Contains(Says(Level::kProblem, "webhook automatic.patterns.remora.dev",
                            "no such entry", "helm upgrade")));
  facts.mutating = json::array();
  facts.validating = NoRight();
  EXPECT_THAT(JudgeWebhooks(facts),
              ElementsAre(Says(Level::kProblem, "webhook configuration",
                               "no MutatingWebhookConfiguration remora", "helm upgrade"),
                          Says(Level::kUnknown, "webhook configuration", "no right")));
}

TEST(DoctorWebhooks, NamesWhatAnEntrySaysOtherwise) {
  const auto spoil = [](const char* path, const json& value) {
    Facts facts = HealthyFacts();
    Entry(facts, 0)[json::json_pointer(path)] = value;
    return JudgeWebhooks(facts)[0];
  };
  EXPECT_THAT(spoil("/matchConditions/0/name", "mine"),
              Says(Level::kProblem, kNamed, "matchCondition asks-for-patterns is missing", "helm"));
  EXPECT_THAT(spoil("/matchConditions/0/expression", "true"),
              Says(Level::kProblem, kNamed, "asks-for-patterns is another version's", "helm"));
  EXPECT_THAT(spoil("/rules/0/operations", {"UPDATE"}),
              Says(Level::kProblem, kNamed, "it is not asked about pods", "helm"));
  EXPECT_THAT(spoil("/clientConfig/service/path", "/mutate"),
              Says(Level::kProblem, kNamed, "leads to /mutate instead of /v1/pods/named", "helm"));
}

// What an administrator adds is his own.
TEST(DoctorWebhooks, TakesMoreThanItExpects) {
  Facts facts = HealthyFacts();
  Entry(facts, 0)["matchConditions"].push_back({{"name", "mine"}, {"expression", "true"}});
  Entry(facts, 0)["rules"][0]["operations"] = {"*"};
  Entry(facts, 0)["failurePolicy"] = "Ignore";
  EXPECT_THAT(JudgeWebhooks(facts), AllOk());
}

TEST(DoctorWebhooks, WarnsOfWhatADeadWebhookWouldHoldUp) {
  Facts facts = HealthyFacts();
  (*facts.webhook.deployment)["spec"]["replicas"] = 1;
  EXPECT_THAT(JudgeWebhooks(facts)[0],
              Says(Level::kWarning, kNamed, "Fail with one replica", "webhook.replicas=2"));
  Entry(facts, 0)["failurePolicy"] = "Ignore";
  EXPECT_EQ(JudgeWebhooks(facts)[0].level, Level::kOk);
  Entry(facts, 1)["failurePolicy"] = "Fail";
  EXPECT_THAT(
      JudgeWebhooks(facts)[1],
      Says(Level::kWarning, "webhook automatic.patterns.remora.dev", "did not ask", "helm"));
}

// Case 10: the API server asks configurations in the order of their names.
TEST(DoctorWebhooks, NamesOtherWebhooksForPodsAndWhetherTheyComeLater) {
  Facts facts = HealthyFacts();
  const auto other = [](const std::string& name, const char* resource) {
    return json{
        {"metadata", {{"name", name}}},
        {"webhooks",
         {{{"rules", {{{"apiGroups", {""}}, {"operations", {"*"}}, {"resources", {resource}}}}}}}}};
  };
  facts.mutating->push_back(other("zipkin", "pods"));
  facts.mutating->push_back(other("linkerd", "*"));
  facts.mutating->push_back(other("secrets", "secrets"));
  const Findings findings = JudgeWebhooks(facts);
  EXPECT_THAT(findings, Contains(Says(Level::kOk, "other webhooks",
                                      "asked about Pods after Remora: zipkin; a Pod that has no "
                                      "annotation of Remora's before does not")));
  EXPECT_THAT(findings, Contains(Says(Level::kOk, "other webhooks", "before Remora: linkerd")));
  EXPECT_THAT(findings, SizeIs(7));
}

TEST(DoctorWebhooks, PicksANamespaceWhosePodsItIsAskedAbout) {
  const Facts facts = HealthyFacts();
  const Labels disabled = {{"patterns.remora.dev/injection", "disabled"}};
  EXPECT_EQ(PickAskedNamespace(facts.mutating, {{"kube-system", {}}, {"a", disabled}, {"b", {}}}),
            "b");
  EXPECT_EQ(PickAskedNamespace(facts.mutating, {{"remora-system", {}}}), "");
  EXPECT_EQ(PickAskedNamespace(NoRight(), {{"kube-system", {}}}), "kube-system");
}

}  // namespace
}  // namespace remora::cli::doctor
