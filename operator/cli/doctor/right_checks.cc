#include "operator/cli/doctor/right_checks.h"

#include <string_view>
#include <utility>

#include "operator/cli/doctor/webhook_checks.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;

struct Asked {
  const NeededRight& right;
  std::string_view resource;
  std::string_view verb;
  const std::string& namespace_name;  // empty: all
  std::string_view name;              // empty: any
};

AccessQuestion QuestionOf(const Asked& asked) {
  const std::string_view group = asked.right.group;
  const std::size_t slash = asked.resource.find('/');
  json attributes = {
      {"group", group}, {"resource", asked.resource.substr(0, slash)}, {"verb", asked.verb}};
  if (slash != asked.resource.npos) attributes["subresource"] = asked.resource.substr(slash + 1);
  if (!asked.namespace_name.empty()) attributes["namespace"] = asked.namespace_name;
  std::string sentence = std::string(asked.verb) + ' ' + std::string(asked.resource);
  if (!group.empty()) sentence.append(".").append(group);
  if (!asked.name.empty()) {
    attributes["name"] = asked.name;
    sentence.append(" ").append(asked.name);
  }
  if (!asked.namespace_name.empty()) sentence += " in " + asked.namespace_name;
  return {std::move(sentence), std::move(attributes)};
}

Finding JudgeProgram(const Facts& facts, const ProgramFacts& program) {
  const std::string check = "rights of " + program.name;
  const std::string account =
      "the ServiceAccount " + program.name + " in namespace " + facts.release_namespace;
  const Answer& there = program.service_account;
  if (!there.ok() && there.error().code() == ErrorCode::kNotFound) {
    if (program.deployment.ok()) {
      return Problem(check, account + " is missing", HelmUpgrade(facts));
    }
    return Ok(check, "there is no such ServiceAccount, so no role to look at");
  }
  if (!there.ok()) return NotGiven(check, there.error());
  if (!program.missing_rights.ok()) return NotGiven(check, program.missing_rights.error());
  if (program.missing_rights->empty()) return Ok(check, "it may do all that it needs");
  return Problem(check,
                 account + " may not " +
                     Joined(program.missing_rights->get<std::vector<std::string>>(), ", nor "),
                 HelmUpgrade(facts));
}

}  // namespace

std::vector<AccessQuestion> QuestionsOf(const std::vector<NeededRight>& rights,
                                        const Facts& facts) {
  std::vector<AccessQuestion> questions;
  for (const NeededRight& right : rights) {
    const std::string space = right.scope == RightScope::kCluster   ? ""
                              : right.scope == RightScope::kRelease ? facts.release_namespace
                                                                    : facts.sealed_namespace;
    std::vector<std::string_view> names = right.names;
    if (names.empty()) names.emplace_back();
    for (const std::string_view name : names) {
      for (const std::string_view resource : right.resources) {
        for (const std::string_view verb : right.verbs) {
          questions.push_back(QuestionOf({right, resource, verb, space, name}));
        }
      }
    }
  }
  return questions;
}

std::vector<NeededRight> SecretRights(const Facts& facts) {
  if (SourceOf(facts) == CertificateSource::kCertManager) {
    return {{RightScope::kRelease, "", {"secrets"}, {"get"}, {facts.secret}}};
  }
  return {{RightScope::kRelease, "", {"secrets"}, {"create"}},
          {RightScope::kRelease,
           "",
           {"secrets"},
           {"get", "update"},
           {facts.secret, "remora-webhook-ca"}}};
}

Findings JudgeRights(const Facts& facts) {
  return {JudgeProgram(facts, facts.webhook), JudgeProgram(facts, facts.operator_program)};
}

}  // namespace remora::cli::doctor
