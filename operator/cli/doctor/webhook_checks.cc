#include "operator/cli/doctor/webhook_checks.h"

#include <algorithm>
#include <iterator>

#include "operator/cli/doctor/expected_webhooks.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;

constexpr const char* kCheck = "webhook configuration";

// White space is how YAML folds an expression; it means nothing in CEL outside of strings, and ours
// have none there.
std::string Folded(std::string_view text) {
  std::string folded;
  std::copy_if(text.begin(), text.end(), std::back_inserter(folded),
               [](char c) { return c != ' ' && c != '\n' && c != '\t'; });
  return folded;
}

bool Holds(const json& list, std::string_view word) {
  return std::any_of(list.begin(), list.end(), [&](const json& item) {
    return item.is_string() && (item == word || item == "*");
  });
}

bool Covers(const json& rule, const ExpectedRule& expected) {
  const auto all = [&](const char* path, const std::vector<std::string_view>& words) {
    const json& list = ListAt(rule, path);
    return std::all_of(words.begin(), words.end(),
                       [&](std::string_view word) { return Holds(list, word); });
  };
  return Holds(ListAt(rule, "/apiGroups"), expected.group) &&
         all("/operations", expected.operations) && all("/resources", expected.resources);
}

// Empty where the condition is there as it should be.
std::string ComplaintOf(const json& conditions, const ExpectedCondition& condition) {
  const auto found = std::find_if(conditions.begin(), conditions.end(), [&](const json& one) {
    return TextAt(one, "/name") == condition.name;
  });
  const std::string name = "its matchCondition " + std::string(condition.name);
  if (found == conditions.end()) return name + " is missing";
  const bool is_same = Folded(TextAt(*found, "/expression")) == Folded(condition.expression);
  return is_same ? "" : name + " is another version's";
}

std::vector<std::string> ComplaintsOf(const json& entry, const ExpectedEntry& expected) {
  std::vector<std::string> complaints;
  const json& rules = ListAt(entry, "/rules");
  for (const ExpectedRule& rule : expected.rules) {
    const bool is_covered =
        std::any_of(rules.begin(), rules.end(), [&](const json& one) { return Covers(one, rule); });
    if (!is_covered) {
      complaints.push_back("it is not asked about " +
                           Joined({rule.resources.begin(), rule.resources.end()}));
    }
  }
  for (const ExpectedCondition& condition : expected.conditions) {
    std::string complaint = ComplaintOf(ListAt(entry, "/matchConditions"), condition);
    if (!complaint.empty()) complaints.push_back(std::move(complaint));
  }
  const std::string path = TextAt(entry, "/clientConfig/service/path");
  const std::string url = TextAt(entry, "/clientConfig/url");
  if (path != expected.path && !url.ends_with(expected.path)) {
    complaints.push_back("it leads to " + (url.empty() ? path : url) + " instead of " +
                         std::string(expected.path));
  }
  return complaints;
}

Finding JudgeEntry(const Facts& facts, const ExpectedEntry& expected) {
  const std::string check = "webhook " + std::string(expected.name);
  const json* entry =
      FindEntry(expected.is_mutating ? facts.mutating : facts.validating, expected.name);
  if (entry == nullptr) {
    return Problem(check, "the configuration remora has no such entry", HelmUpgrade(facts));
  }
  const auto complaints = ComplaintsOf(*entry, expected);
  if (!complaints.empty()) return Problem(check, Joined(complaints, "; "), HelmUpgrade(facts));
  const std::string policy = TextAt(*entry, "/failurePolicy");
  if (!expected.may_fail && policy != "Ignore") {
    return Warning(
        check,
        "failurePolicy is " + policy +
            ": while no webhook answers, objects are refused that did not ask for Remora",
        HelmUpgrade(facts));
  }
  const bool waits = expected.name == kNamedEntry && policy == "Fail" &&
                     facts.webhook.deployment.ok() &&
                     NumberAt(*facts.webhook.deployment, "/spec/replicas", 1) < 2;
  if (waits) {
    return Warning(check,
                   "failurePolicy is Fail with one replica: while it restarts, Pods that ask for "
                   "patterns are refused",
                   HelmUpgrade(facts, "--set webhook.replicas=2"));
  }
  return Ok(check, "as this version needs it, failurePolicy " + policy);
}

bool IsAskedAboutPods(const json& webhook) {
  const json& rules = ListAt(webhook, "/rules");
  return std::any_of(rules.begin(), rules.end(), [](const json& rule) {
    const json& resources = ListAt(rule, "/resources");
    const bool pods = Holds(resources, "pods") || Holds(resources, "*/*");
    return pods && Holds(ListAt(rule, "/apiGroups"), "") &&
           Holds(ListAt(rule, "/operations"), "CREATE");
  });
}

// The API server asks the configurations in the order of their names.
void AddOthers(const Facts& facts, Findings& findings) {
  std::vector<std::string> before;
  std::vector<std::string> after;
  for (const json& configuration : *facts.mutating) {
    const std::string name = TextAt(configuration, "/metadata/name");
    if (name == kConfigurationName) continue;
    const json& webhooks = ListAt(configuration, "/webhooks");
    if (!std::any_of(webhooks.begin(), webhooks.end(), IsAskedAboutPods)) continue;
    (name < kConfigurationName ? before : after).push_back(name);
  }
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  const std::string check = "other webhooks";
  if (!after.empty()) {
    findings.push_back(Ok(check, "asked about Pods after Remora: " + Joined(after) +
                                     "; a Pod that has no annotation of Remora's before does not "
                                     "get its patterns by one that they add"));
  }
  if (!before.empty()) findings.push_back(Ok(check, "asked before Remora: " + Joined(before)));
}

bool Matches(const json& expression, const Labels& labels) {
  const auto label = labels.find(TextAt(expression, "/key"));
  const std::string op = TextAt(expression, "/operator");
  if (op == "Exists") return label != labels.end();
  if (op == "DoesNotExist") return label == labels.end();
  const json& values = ListAt(expression, "/values");
  const bool is_in = label != labels.end() &&
                     std::find(values.begin(), values.end(), label->second) != values.end();
  return op == "In" ? is_in : !is_in;
}

bool IsSelected(const json& entry, const Labels& labels) {
  const json& expressions = ListAt(entry, "/namespaceSelector/matchExpressions");
  const bool all = std::all_of(expressions.begin(), expressions.end(),
                               [&](const json& expression) { return Matches(expression, labels); });
  const json::json_pointer path("/namespaceSelector/matchLabels");
  if (!all || !entry.contains(path)) return all;
  const auto items = entry.at(path).items();
  return std::all_of(items.begin(), items.end(), [&](const auto& item) {
    const auto label = labels.find(item.key());
    return label != labels.end() && item.value() == label->second;
  });
}

}  // namespace

const json* FindEntry(const Answer& configurations, std::string_view name) {
  const json* configuration = FindNamed(configurations, kConfigurationName);
  if (configuration == nullptr) return nullptr;
  for (const json& entry : ListAt(*configuration, "/webhooks")) {
    if (TextAt(entry, "/name") == name) return &entry;
  }
  return nullptr;
}

bool IsAskedByUrl(const Facts& facts) {
  const json* entry = FindEntry(facts.mutating, kNamedEntry);
  return entry != nullptr && !TextAt(*entry, "/clientConfig/url").empty();
}

CertificateSource SourceOf(const Facts& facts) {
  if (IsAskedByUrl(facts)) return CertificateSource::kUrl;
  const Answer& deployment = facts.operator_program.deployment;
  if (!deployment.ok()) return CertificateSource::kOperator;
  for (const json& container : ListAt(*deployment, "/spec/template/spec/containers")) {
    if (Holds(ListAt(container, "/args"), "--certificates=cert-manager")) {
      return CertificateSource::kCertManager;
    }
  }
  return CertificateSource::kOperator;
}

std::string CertificateCure(const Facts& facts) {
  switch (SourceOf(facts)) {
    case CertificateSource::kUrl:
      return "give the webhook a certificate that is valid, and the configuration remora the "
             "caBundle of its authority";
    case CertificateSource::kCertManager: return Kubectl(facts, "describe certificates");
    // It makes them when it starts, and whenever they are missing.
    case CertificateSource::kOperator: break;
  }
  return Kubectl(facts, "rollout restart deployment/remora-operator");
}

std::string PickAskedNamespace(const Answer& mutating,
                               const std::vector<std::pair<std::string, Labels>>& candidates) {
  const json* entry = FindEntry(mutating, kNamedEntry);
  for (const auto& [name, own] : candidates) {
    Labels labels = own;
    labels["kubernetes.io/metadata.name"] = name;
    if (entry == nullptr || IsSelected(*entry, labels)) return name;
  }
  return {};
}

Findings JudgeWebhooks(const Facts& facts) {
  Findings findings;
  for (const Answer* configurations : {&facts.mutating, &facts.validating}) {
    const bool is_mutating = configurations == &facts.mutating;
    if (!configurations->ok()) {
      findings.push_back(NotGiven(kCheck, configurations->error()));
      continue;
    }
    if (FindNamed(*configurations, kConfigurationName) == nullptr) {
      findings.push_back(
          Problem(kCheck,
                  std::string("there is no ") + (is_mutating ? "Mutating" : "Validating") +
                      "WebhookConfiguration remora: the API server asks nobody about " +
                      (is_mutating ? "Pods" : "patterns"),
                  HelmUpgrade(facts)));
      continue;
    }
    for (const ExpectedEntry& expected : ExpectedEntries()) {
      if (expected.is_mutating == is_mutating) findings.push_back(JudgeEntry(facts, expected));
    }
  }
  if (facts.mutating.ok()) AddOthers(facts, findings);
  return findings;
}

}  // namespace remora::cli::doctor
