#include "operator/api/pattern_validation.h"

#include <nlohmann/json.hpp>

#include "operator/api/annotations.h"
#include "operator/api/validation_helpers.h"

namespace remora::api {

namespace {

Complaint ValidateShares(const Pattern& pattern) {
  const auto& shares = pattern.spec.share;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].volume_name.empty()) continue;
    if (!shares[i].medium.empty()) {
      return At("share", i, ".medium") +
             ": is for a new emptyDir and not for a volume of the Pod: remove medium or volumeName";
    }
    if (shares[i].size_limit) {
      return At("share", i, ".sizeLimit") +
             ": is for a new emptyDir and not for a volume of the Pod: remove sizeLimit or "
             "volumeName";
    }
  }
  if (auto complaint = CheckDiffer(
          shares, {"share", ".path", "the companion cannot mount two volumes at one path"},
          [](const Share& share) { return Given(share.path); })) {
    return complaint;
  }
  if (auto complaint = CheckDiffer(
          shares, {"share", ".targetPath", "the target cannot mount two volumes at one path"},
          [](const Share& share) { return Given(share.target_path); })) {
    return complaint;
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    for (std::size_t k = 0; k < pattern.spec.volumes.size(); ++k) {
      if (pattern.spec.volumes[k].value("name", "") != shares[i].name) continue;
      return At("share", i, ".name") + ": " + shares[i].name + " is also the name of " +
             At("volumes", k) +
             "; they must differ, for both become the volume PATTERN--NAME of "
             "the Pod";
    }
  }
  return std::nullopt;
}

Complaint ValidateFiles(const Pattern& pattern) {
  constexpr std::size_t kMostBytes = std::size_t{64} * 1024;
  std::size_t bytes = 0;
  for (const File& file : pattern.spec.files) bytes += file.content.size();
  if (bytes <= kMostBytes) return std::nullopt;
  return "spec.files: expected at most 64 KiB of content in all files together, not " +
         std::to_string(bytes) + " bytes";
}

// Labels by which owners select Pods, and the names of Kubernetes and of Remora.
bool IsReservedLabel(std::string_view key) {
  return key == "pod-template-hash" || IsKeyUnder(key, "kubernetes.io") ||
         IsKeyUnder(key, "k8s.io") || IsKeyUnder(key, "remora.dev");
}

// `is_reserved` is asked of keys that are well-formed.
Complaint ValidateKeys(const std::map<std::string, std::string>& entries, const std::string& path,
                       bool (*is_reserved)(std::string_view key)) {
  constexpr std::size_t kLongestShown = 60;
  for (const auto& [key, value] : entries) {
    if (!IsQualifiedName(key)) {
      return std::string(path)
          .append(": expected keys such as team or example.com/team, not ")
          .append(nlohmann::json(key.substr(0, kLongestShown))
                      .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
    if (is_reserved(key)) {
      return std::string(path).append(".").append(key).append(
          ": a pattern may not set it: remove it");
    }
  }
  return std::nullopt;
}

Complaint ValidateMetadata(const Pattern& pattern) {
  const PatternSpec& spec = pattern.spec;
  if (auto complaint = ValidateKeys(spec.pod_labels, "spec.podLabels", IsReservedLabel)) {
    return complaint;
  }
  for (const auto& [key, value] : spec.pod_labels) {
    if (value.find("$(") != std::string::npos || IsLabelValue(value)) continue;
    return "spec.podLabels." + key +
           ": expected a value of at most 63 letters, digits and -_. between letters and digits, "
           "or a reference such as $(params.team)";
  }
  return ValidateKeys(spec.pod_annotations, "spec.podAnnotations",
                      [](std::string_view key) { return IsKeyUnder(key, "remora.dev"); });
}

// What belongs to one operation only.
Complaint ValidateOperation(const EnvironmentVariable& variable, const nlohmann::json& written) {
  if (variable.operation == VariableOperation::kSet) {
    if (!Has(written, "separator")) return std::nullopt;
    return ".separator: belongs to operation: Append and Prepend alone; set one, or remove "
           "separator";
  }
  if (Has(written, "valueFrom")) {
    return ".valueFrom: Append and Prepend need value, for what a valueFrom gives is known only "
           "when the container starts";
  }
  if (Has(written, "onConflict")) {
    return ".onConflict: Append and Prepend change the variable that the target has: remove "
           "onConflict";
  }
  return std::nullopt;
}

Complaint ValidateEnv(const Pattern& pattern, const nlohmann::json& spec) {
  const auto& env = pattern.spec.env;
  for (std::size_t i = 0; i < env.size(); ++i) {
    if (const auto complaint = ValidateOperation(env[i], spec.at("env")[i])) {
      return At("env", i) + *complaint;
    }
    if (env[i].value.has_value() == env[i].value_from.is_null()) continue;
    return At("env", i) + ": expected exactly one of value and valueFrom, not " +
           (env[i].value ? "both" : "none");
  }
  return std::nullopt;
}

Complaint ValidateExpressions(const LabelSelector& selector, const std::string& path) {
  const auto& expressions = selector.match_expressions;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const bool needs_values =
        expressions[i].op == LabelOperator::kIn || expressions[i].op == LabelOperator::kNotIn;
    if (needs_values != expressions[i].values.empty()) continue;
    return At(path + ".matchExpressions", i, ".values") +
           ": operators In and NotIn need values, Exists and DoesNotExist have none";
  }
  return std::nullopt;
}

Complaint ValidateSelector(const Pattern& pattern) {
  if (!pattern.spec.selector) return std::nullopt;
  const LabelSelector& selector = *pattern.spec.selector;
  const auto differs = [](const std::string& where, const std::string& key) {
    return "spec.selector." + where + ": " + key +
           " differs from Pod to Pod of one workload; expected a label that the Pods have in "
           "common";
  };
  for (const auto& [key, value] : selector.match_labels) {
    if (IsPerPodLabel(key)) return differs("matchLabels", key);
  }
  for (std::size_t i = 0; i < selector.match_expressions.size(); ++i) {
    const std::string& key = selector.match_expressions[i].key;
    if (IsPerPodLabel(key)) return differs("matchExpressions[" + std::to_string(i) + "].key", key);
  }
  return ValidateExpressions(selector, "selector");
}

Complaint ValidateAllowedNamespaces(const Pattern& pattern) {
  const AllowedNamespaces& allowed = pattern.spec.allowed_namespaces;
  const bool is_selector = allowed.from == NamespacesFrom::kSelector;
  if (is_selector && !allowed.selector) {
    return "spec.allowedNamespaces.selector: missing; from: Selector needs it";
  }
  if (!allowed.selector) return std::nullopt;
  if (!is_selector) {
    return "spec.allowedNamespaces.selector: belongs to from: Selector alone; set that, or remove "
           "selector";
  }
  return ValidateExpressions(*allowed.selector, "allowedNamespaces.selector");
}

Complaint ValidateTests(const Pattern& pattern, const nlohmann::json& spec) {
  constexpr std::size_t kMostBytes = std::size_t{32} * 1024;
  const auto& tests = pattern.spec.tests;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (!tests[i].want.reason.empty() || !tests[i].want.pod.is_null()) continue;
    return At("tests", i, ".want") + ": expected a reason, a part of the Pod, or both, not none";
  }
  if (tests.empty()) return std::nullopt;
  const std::size_t bytes =
      spec.at("tests").dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size();
  if (bytes <= kMostBytes) return std::nullopt;
  return "spec.tests: expected at most 32 KiB of JSON in all tests together, not " +
         std::to_string(bytes) + " bytes";
}

}  // namespace

std::optional<std::string> ValidatePattern(const Pattern& pattern, const nlohmann::json& spec) {
  for (const auto validate : {ValidateParameters, ValidateContainer, ValidatePlacement, ValidateEnv,
                              ValidateEndpoints, ValidateTests}) {
    if (auto complaint = validate(pattern, spec)) return complaint;
  }
  for (const auto validate : {ValidateVolumes, ValidateShares, ValidateFiles, ValidateMetadata,
                              ValidateSelector, ValidateAllowedNamespaces}) {
    if (auto complaint = validate(pattern)) return complaint;
  }
  return std::nullopt;
}

}  // namespace remora::api
