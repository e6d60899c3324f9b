#include "operator/api/pattern_validation.h"

#include <map>
#include <nlohmann/json.hpp>

namespace remora::api {

namespace {

using Complaint = std::optional<std::string>;

std::string At(std::string_view list, std::size_t index, std::string_view field = "") {
  return "spec." + std::string(list) + "[" + std::to_string(index) + "]" + std::string(field);
}

// A field in which the items of a list must differ, and why.
struct Distinct {
  std::string_view list;
  std::string_view field;
  std::string_view reason;
};

// Complains of the second of two equal values. `value_of` gives an item's value, null for none.
template <typename Items, typename ValueOf>
Complaint CheckDiffer(const Items& items, const Distinct& distinct, ValueOf value_of) {
  const auto& [list, field, reason] = distinct;
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::optional<std::string> value = value_of(items[i]);
    if (!value) continue;
    const auto [entry, is_new] = first.emplace(*value, i);
    if (is_new) continue;
    return At(list, i, field) + ": " + *value + " is also that of " +
           At(list, entry->second, field) + "; they must differ, for " + std::string(reason);
  }
  return std::nullopt;
}

// A value that is there, for CheckDiffer.
Complaint Given(const std::string& text) { return text.empty() ? std::nullopt : Complaint(text); }

Complaint GivenNumber(const std::optional<IntOrString>& port) {
  return port && port->number ? Complaint(port->text) : std::nullopt;
}

Complaint ValidateTarget(const Pattern& pattern) {
  const Target& target = pattern.spec.target;
  const bool is_named = target.containers == TargetContainers::kNamed;
  const bool is_port = target.containers == TargetContainers::kPort;
  if (is_named && target.names.empty()) {
    return "spec.target.names: missing; containers: Named needs the names of containers";
  }
  if (!is_named && !target.names.empty()) {
    return "spec.target.names: belongs to containers: Named alone; set that, or remove names";
  }
  if (is_port && !target.port) {
    return "spec.target.port: missing; containers: Port needs the number or name of a port";
  }
  if (!is_port && target.port) {
    return "spec.target.port: belongs to containers: Port alone; set that, or remove port";
  }
  if (target.init_containers && pattern.kind != PatternKind::kAmbassador) {
    return "spec.target.initContainers: the companion starts after all init containers of the Pod "
           "and cannot serve them: remove initContainers";
  }
  return std::nullopt;
}

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

Complaint ValidateEnv(const Pattern& pattern) {
  const auto& env = pattern.spec.env;
  for (std::size_t i = 0; i < env.size(); ++i) {
    if (env[i].value.has_value() == env[i].value_from.is_null()) continue;
    return At("env", i) + ": expected exactly one of value and valueFrom, not " +
           (env[i].value ? "both" : "none");
  }
  return std::nullopt;
}

// host, port and URL of one endpoint are different variables.
Complaint ValidateEndpointEnvironment(const Endpoint& endpoint) {
  const EndpointEnvironment& env = endpoint.env;
  const std::string url = env.url ? env.url->name : "";
  const bool differ = (env.host.empty() || (env.host != env.port && env.host != url)) &&
                      (env.port.empty() || env.port != url);
  if (differ) return std::nullopt;
  return ".env: expected different variables for host, port and url, not " +
         (env.port.empty() ? env.host : env.port) + " twice";
}

Complaint ValidateEndpoints(const Pattern& pattern) {
  const auto& endpoints = pattern.spec.endpoints;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if (pattern.kind == PatternKind::kAdapter && endpoints[i].name == "metrics") {
      return At("endpoints", i, ".name") +
             ": metrics is the name of the port in spec.metrics; give the endpoint another";
    }
    if (const auto complaint = ValidateEndpointEnvironment(endpoints[i])) {
      return At("endpoints", i) + *complaint;
    }
  }
  if (auto complaint = CheckDiffer(
          endpoints, {"endpoints", ".port", "the companion cannot listen twice on one port"},
          [](const Endpoint& e) { return GivenNumber(e.port); })) {
    return complaint;
  }
  if (auto complaint =
          CheckDiffer(endpoints, {"endpoints", ".env.port", "a variable holds one port"},
                      [](const Endpoint& e) { return Given(e.env.port); })) {
    return complaint;
  }
  return CheckDiffer(
      endpoints, {"endpoints", ".env.url.name", "a variable holds one URL"},
      [](const Endpoint& e) { return e.env.url ? Given(e.env.url->name) : std::nullopt; });
}

Complaint ValidateMetrics(const Pattern& pattern) {
  if (!pattern.spec.metrics) return std::nullopt;
  const auto port = GivenNumber(pattern.spec.metrics->port);
  const auto& endpoints = pattern.spec.endpoints;
  for (std::size_t i = 0; port && i < endpoints.size(); ++i) {
    if (GivenNumber(endpoints[i].port) != port) continue;
    return "spec.metrics.port: " + *port + " is also that of " + At("endpoints", i, ".port") +
           "; they must differ, for both are ports of the companion";
  }
  return std::nullopt;
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
  const auto& expressions = allowed.selector->match_expressions;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const bool needs_values =
        expressions[i].op == LabelOperator::kIn || expressions[i].op == LabelOperator::kNotIn;
    if (needs_values != expressions[i].values.empty()) continue;
    return At("allowedNamespaces.selector.matchExpressions", i, ".values") +
           ": operators In and NotIn need values, Exists and DoesNotExist have none";
  }
  return std::nullopt;
}

Complaint ValidateWait(const Pattern& pattern, const nlohmann::json& spec) {
  const auto wait = spec.find("waitSeconds");
  const bool has_wait = wait != spec.end() && !wait->is_null();
  if (!has_wait || pattern.spec.direction != Direction::kInbound) return std::nullopt;
  return "spec.waitSeconds: only an Outbound Ambassador is waited for: remove waitSeconds";
}

}  // namespace

std::optional<std::string> ValidatePattern(const Pattern& pattern, const nlohmann::json& spec) {
  if (auto complaint = ValidateParameters(pattern, spec)) return complaint;
  for (const auto validate :
       {ValidateTarget, ValidateContainer, ValidateVolumes, ValidateShares, ValidateFiles,
        ValidateEnv, ValidateEndpoints, ValidateMetrics, ValidateAllowedNamespaces}) {
    if (auto complaint = validate(pattern)) return complaint;
  }
  return ValidateWait(pattern, spec);
}

}  // namespace remora::api
