// Rights of the two ServiceAccounts.
#include "operator/cli/doctor/right_checks.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "operator/cli/documents.h"
#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;

// A template of the chart without what is Helm's: the rules are plain YAML.
std::string WithoutHelm(const std::string& path) {
  std::ifstream file(REMORA_SOURCE_DIR "/" + path);
  std::string line;
  std::string text;
  int conditions = 0;
  while (std::getline(file, line)) {
    const std::size_t open = line.find("{{");
    if (line.find("{{- if ") != line.npos) ++conditions;
    const bool is_else = line.find("{{- else") != line.npos;
    if (line.find("{{- end") != line.npos) --conditions;
    if (is_else || (open != line.npos && line.find_first_not_of(' ') == open)) continue;
    if (conditions > 0) continue;  // what only some installations need
    if (open != line.npos)
      line = line.substr(0, open) + "x" + (line.ends_with("}}]") ? "]" : "") +
             (line.ends_with("}}}") ? "}" : "");
    text += line + '\n';
  }
  return text;
}

// "patch sidecars/status.patterns.remora.dev", each once.
std::set<std::string> Granted(const std::string& path) {
  const auto documents = ReadDocuments(WithoutHelm(path), path);
  EXPECT_TRUE(documents.ok()) << documents.error().message();
  std::set<std::string> granted;
  for (const Document& document : *documents) {
    for (const json& rule : ListAt(document.parsed.value, "/rules")) {
      const std::string group = rule["apiGroups"][0];
      for (const json& resource : rule["resources"]) {
        for (const json& verb : rule["verbs"]) {
          if (resource == "secrets") continue;
          granted.insert(verb.get<std::string>() + ' ' + resource.get<std::string>() +
                         (group.empty() ? "" : "." + group));
        }
      }
    }
  }
  return granted;
}

std::set<std::string> Needed(const std::vector<NeededRight>& rights) {
  std::set<std::string> needed;
  for (const NeededRight& right : rights) {
    for (const std::string_view resource : right.resources) {
      for (const std::string_view verb : right.verbs) {
        needed.insert(std::string(verb) + ' ' + std::string(resource) +
                      (right.group.empty() ? "" : "." + std::string(right.group)));
      }
    }
  }
  return needed;
}

TEST(DoctorRights, AreThoseOfTheChart) {
  EXPECT_EQ(Needed(WebhookRights()), Granted("charts/remora/templates/webhook-rights.yaml"));
  EXPECT_EQ(Needed(OperatorRights()), Granted("charts/remora/templates/operator-rights.yaml"));
}

TEST(DoctorRights, AreAskedForOneByOne) {
  const Facts facts = HealthyFacts();
  const auto questions = QuestionsOf(OperatorRights(), facts);
  const auto find = [&](const std::string& sentence) -> json {
    for (const AccessQuestion& question : questions) {
      if (question.sentence == sentence) return question.attributes;
    }
    return nullptr;
  };
  EXPECT_EQ(find("patch sidecars/status.patterns.remora.dev"),
            json({{"group", "patterns.remora.dev"},
                  {"resource", "sidecars"},
                  {"subresource", "status"},
                  {"verb", "patch"}}));
  EXPECT_EQ(find("update leases.coordination.k8s.io remora-operator in remora-system"),
            json({{"group", "coordination.k8s.io"},
                  {"resource", "leases"},
                  {"name", "remora-operator"},
                  {"namespace", "remora-system"},
                  {"verb", "update"}}));
  EXPECT_EQ(find("create pods in remora-sealed"), json({{"group", ""},
                                                        {"resource", "pods"},
                                                        {"namespace", "remora-sealed"},
                                                        {"verb", "create"}}));
}

// The operator's on Secrets go by who makes the certificates.
TEST(DoctorRights, OnSecretsAreFewerWhereCertManagerMakesThem) {
  Facts facts = HealthyFacts();
  EXPECT_EQ(QuestionsOf(SecretRights(facts), facts).size(), 5U);
  EXPECT_EQ(QuestionsOf(SecretRights(facts), facts)[3].sentence,
            "get secrets remora-webhook-ca in remora-system");
  (*facts.operator_program.deployment)["spec"]["template"]["spec"]["containers"][0]["args"] = {
      "--certificates=cert-manager"};
  const auto questions = QuestionsOf(SecretRights(facts), facts);
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].sentence, "get secrets remora-webhook-tls in remora-system");
}

TEST(DoctorRights, NamesEachThatIsMissing) {
  Facts facts = HealthyFacts();
  EXPECT_THAT(JudgeRights(facts), AllOk());
  facts.webhook.missing_rights = json::array({"list limitranges", "watch limitranges"});
  EXPECT_THAT(JudgeRights(facts),
              Contains(Says(Level::kProblem, "rights of remora-webhook",
                            "the ServiceAccount remora-webhook in namespace remora-system may not "
                            "list limitranges, nor watch limitranges",
                            "helm upgrade")));
  facts.webhook.missing_rights = NoRight();
  EXPECT_THAT(JudgeRights(facts),
              Contains(Says(Level::kUnknown, "rights of remora-webhook", "no right")));
}

TEST(DoctorRights, NamesAServiceAccountThatIsMissing) {
  Facts facts = HealthyFacts();
  facts.webhook.service_account = NotThere();
  EXPECT_THAT(JudgeRights(facts), Contains(Says(Level::kProblem, "rights of remora-webhook",
                                                "is missing", "helm upgrade")));
  facts.webhook.deployment = NotThere();
  EXPECT_THAT(JudgeRights(facts),
              Contains(Says(Level::kOk, "rights of remora-webhook", "no such ServiceAccount")));
}

}  // namespace
}  // namespace remora::cli::doctor
