#include "operator/cli/doctor/pattern_checks.h"

#include <algorithm>
#include <cctype>

namespace remora::cli::doctor {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

constexpr std::size_t kMaxLines = 10;  // of patterns that are not Ready

std::string Count(std::int64_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

Finding JudgeCatalog(const Facts& facts) {
  const std::string check = "catalog";
  const std::string name = "namespace " + facts.catalog_namespace;
  if (!facts.catalog.ok() && facts.catalog.error().code() == ErrorCode::kNotFound) {
    return Warning(check, "there is no " + name + ", so no pattern is there for everybody",
                   "kubectl create " + name);
  }
  if (!facts.catalog.ok()) return NotGiven(check, facts.catalog.error());
  if (!facts.patterns.ok()) return Ok(check, name);
  const std::int64_t count =
      std::count_if(facts.patterns->begin(), facts.patterns->end(), [&](const json& pattern) {
        return TextAt(pattern, "/metadata/namespace") == facts.catalog_namespace;
      });
  return Ok(check, name + " has " + Count(count, "pattern"));
}

bool AdmitsNoPods(const json& quotas) {
  return std::any_of(quotas.begin(), quotas.end(),
                     [](const json& quota) { return TextAt(quota, "/spec/hard/pods") == "0"; });
}

Finding JudgeSealed(const Facts& facts) {
  const std::string check = "sealed namespace";
  const std::string& name = facts.sealed_namespace;
  if (!facts.sealed.ok() && facts.sealed.error().code() == ErrorCode::kNotFound) {
    return Problem(
        check,
        "there is no namespace " + name + ": the operator cannot ask the API server about patterns",
        HelmUpgrade(facts));
  }
  if (!facts.sealed.ok()) return NotGiven(check, facts.sealed.error());
  if (!facts.quotas.ok()) return NotGiven(check, facts.quotas.error());
  if (!AdmitsNoPods(*facts.quotas)) {
    return Problem(check,
                   "namespace " + name +
                       " has no ResourceQuota with pods: 0, so that a Pod of a "
                       "pattern could run there",
                   "kubectl --namespace " + name + " create quota no-pods --hard=pods=0");
  }
  return Ok(check, "namespace " + name + " admits no Pods");
}

const json* ReadyOf(const json& pattern) {
  for (const json& condition : ListAt(pattern, "/status/conditions")) {
    if (TextAt(condition, "/type") == "Ready") return &condition;
  }
  return nullptr;
}

// Empty where it is Ready.
std::string ComplaintOf(const json& pattern) {
  const json* ready = ReadyOf(pattern);
  if (ready == nullptr) return "the operator has not looked at it";
  if (TextAt(*ready, "/status") == "True") return {};
  const std::string message = TextAt(*ready, "/message");
  return TextAt(*ready, "/reason") + (message.empty() ? "" : ": " + message);
}

Finding NotReady(const Facts& facts, const json& pattern, const std::string& complaint) {
  std::string kind = TextAt(pattern, "/kind");
  const std::string space = TextAt(pattern, "/metadata/namespace");
  const std::string name = TextAt(pattern, "/metadata/name");
  const std::string check = "pattern " + kind + ' ' + space + '/' + name;
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  return Warning(check, "it is not Ready: " + complaint,
                 facts.program + " status " + kind + '/' + name + " --namespace " + space);
}

void JudgeReadiness(const Facts& facts, Findings& findings) {
  if (!facts.patterns.ok()) {
    // That they are not served is said of the kinds.
    if (facts.patterns.error().code() == ErrorCode::kNotFound) return;
    findings.push_back(NotGiven("patterns", facts.patterns.error()));
    return;
  }
  std::size_t not_ready = 0;
  for (const json& pattern : *facts.patterns) {
    const std::string complaint = ComplaintOf(pattern);
    if (complaint.empty() || ++not_ready > kMaxLines) continue;
    findings.push_back(NotReady(facts, pattern, complaint));
  }
  if (not_ready > kMaxLines) {
    findings.push_back(Warning("patterns",
                               std::to_string(not_ready - kMaxLines) + " more are not Ready",
                               facts.program + " status --all-namespaces"));
  } else if (not_ready == 0) {
    const auto count = static_cast<std::int64_t>(facts.patterns->size());
    findings.push_back(Ok("patterns", count == 0
                                          ? "there are none"
                                          : "all " + Count(count, "pattern") + " are Ready"));
  }
}

}  // namespace

Findings JudgePatterns(const Facts& facts) {
  Findings findings = {JudgeCatalog(facts), JudgeSealed(facts)};
  JudgeReadiness(facts, findings);
  return findings;
}

}  // namespace remora::cli::doctor
