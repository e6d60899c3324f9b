#include "operator/cli/catalog_text.h"

#include <string>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/cli/field_differences.h"
#include "operator/cli/text_table.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using api::Pattern;
using nlohmann::json;
using Pointer = json::json_pointer;

std::string OrDash(std::string text) { return text.empty() ? "-" : OneLine(text); }

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string KeyOf(const std::string& pattern, const std::string& parameter) {
  return std::string(api::kParameterPrefix) + pattern + '.' + parameter;
}

// In YAML, in quotes where it would not be a string without.
std::string Quoted(const std::string& value) { return json(value).dump(); }

// One that is accepted, as far as the pattern says.
std::string SampleOf(const api::Parameter& parameter) {
  if (parameter.example) return *parameter.example;
  if (!parameter.enumeration.empty()) return parameter.enumeration.front();
  switch (parameter.type) {
    case api::ParameterType::kInteger: return "1";
    case api::ParameterType::kBoolean: return "true";
    case api::ParameterType::kQuantity: return "64Mi";
    case api::ParameterType::kDuration: return "30s";
    case api::ParameterType::kPort: return "8080";
    case api::ParameterType::kString: break;
  }
  return "VALUE";
}

void PrintAnnotations(const Pattern& pattern, std::ostream& out) {
  out << "\nAnnotations of the Pod, or of the Pod template of a workload:\n  "
      << api::ListKey(pattern.kind) << ": " << pattern.name << '\n';
  for (const api::Parameter& parameter : pattern.spec.parameters) {
    if (!parameter.required) continue;
    out << "  " << KeyOf(pattern.name, parameter.name) << ": " << Quoted(SampleOf(parameter))
        << '\n';
  }
}

std::string LimitsOf(const api::Parameter& parameter) {
  std::string text(api::ParameterTypeName(parameter.type));
  if (!parameter.enumeration.empty()) text += ": " + Joined(parameter.enumeration);
  if (parameter.minimum) text += ", from " + parameter.minimum->text;
  if (parameter.maximum) text += ", to " + parameter.maximum->text;
  return text;
}

void PrintParameters(const Pattern& pattern, std::ostream& out) {
  if (pattern.spec.parameters.empty()) return;
  out << "\nParameters, given as " << KeyOf(pattern.name, "NAME") << ":\n";
  TextTable table({"NAME", "TYPE", "DEFAULT", "REQUIRED", "DESCRIPTION"});
  for (const api::Parameter& parameter : pattern.spec.parameters) {
    const auto& value = parameter.default_value;
    table.Add({parameter.name, LimitsOf(parameter),
               value ? (value->empty() ? "\"\"" : OneLine(*value)) : "-",
               parameter.required ? "yes" : "no", OrDash(parameter.description)});
  }
  table.Print("  ", out);
}

std::string AddressOf(const api::Endpoint& endpoint) {
  if (endpoint.protocol == api::EndpointProtocol::kUnix) return endpoint.socket_path;
  std::string text = "localhost:" + (endpoint.port ? endpoint.port->text : "(allocated)");
  for (const std::string& name : endpoint.hostnames) text += ", " + name;
  return text;
}

void PrintEndpoints(const Pattern& pattern, std::ostream& out) {
  if (pattern.spec.endpoints.empty()) return;
  out << "\nEndpoints, and the variables that tell the application of them:\n";
  TextTable table({"NAME", "ADDRESS", "VARIABLES"});
  for (const api::Endpoint& endpoint : pattern.spec.endpoints) {
    std::vector<std::string> variables;
    for (const std::string& name : {endpoint.env.host, endpoint.env.port}) {
      if (!name.empty()) variables.push_back(name);
    }
    if (endpoint.env.url) variables.push_back(endpoint.env.url->name);
    table.Add({endpoint.name, AddressOf(endpoint), OrDash(Joined(variables))});
  }
  table.Print("  ", out);
}

std::string WriterOf(const Pattern& pattern, const api::Share& share) {
  const bool populates = pattern.spec.role == api::Role::kPopulate;
  switch (share.access.value_or(populates ? api::ShareAccess::kCompanionWrites
                                          : api::ShareAccess::kTargetWrites)) {
    case api::ShareAccess::kTargetWrites: return "the application";
    case api::ShareAccess::kCompanionWrites: return "the companion";
    case api::ShareAccess::kBoth: return "both";
  }
  return {};
}

void PrintShares(const Pattern& pattern, std::ostream& out) {
  if (pattern.spec.share.empty()) return;
  out << "\nDirectories that application and companion share:\n";
  TextTable table({"APPLICATION", "COMPANION", "WRITTEN BY"});
  for (const api::Share& share : pattern.spec.share) {
    table.Add({share.target_path, share.path, WriterOf(pattern, share)});
  }
  table.Print("  ", out);
}

void PrintVariables(const Pattern& pattern, std::ostream& out) {
  if (pattern.spec.env.empty()) return;
  out << "\nVariables that the application gets:\n";
  TextTable table;
  for (const api::EnvironmentVariable& variable : pattern.spec.env) {
    table.Add({variable.name, variable.value ? OneLine(*variable.value) : "from elsewhere"});
  }
  table.Print("  ", out);
}

void PrintMetrics(const Pattern& pattern, std::ostream& out) {
  if (!pattern.spec.metrics) return;
  const api::Metrics& metrics = *pattern.spec.metrics;
  out << "\nMetrics: port " << metrics.port_name << " ("
      << (metrics.port ? metrics.port->text : "allocated") << "), path " << metrics.path << '\n';
}

}  // namespace

void PrintCatalog(const std::vector<json>& patterns, std::ostream& out) {
  TextTable table({"KIND", "NAME", "DESCRIPTION"});
  for (const json& pattern : patterns) {
    table.Add({StringAt(pattern, Pointer("/kind")), StringAt(pattern, Pointer("/metadata/name")),
               OrDash(StringAt(pattern, Pointer("/spec/description")))});
  }
  table.Print("", out);
}

Result<void> PrintCatalogEntry(const json& object, std::ostream& out) {
  const auto decoded = api::DecodePattern(object);
  if (!decoded.ok()) {
    return decoded.error().WithContext(StringAt(object, Pointer("/kind")) + ' ' +
                                       StringAt(object, Pointer("/metadata/name")));
  }
  const Pattern& pattern = *decoded;
  out << api::PatternKindName(pattern.kind) << ' ' << pattern.namespace_name << '/' << pattern.name
      << '\n';
  if (!pattern.spec.description.empty()) out << "  " << OneLine(pattern.spec.description) << '\n';
  if (pattern.spec.allowed_namespaces.from != api::NamespacesFrom::kAll) {
    out << "  Only namespaces that spec.allowedNamespaces admits may use it.\n";
  }
  PrintAnnotations(pattern, out);
  PrintParameters(pattern, out);
  PrintEndpoints(pattern, out);
  PrintShares(pattern, out);
  PrintVariables(pattern, out);
  PrintMetrics(pattern, out);
  return {};
}

json CatalogEntryAsJson(const json& pattern) {
  const json spec = pattern.value("spec", json::object());
  json entry = {{"kind", StringAt(pattern, Pointer("/kind"))},
                {"namespace", StringAt(pattern, Pointer("/metadata/namespace"))},
                {"name", StringAt(pattern, Pointer("/metadata/name"))},
                {"description", StringAt(pattern, Pointer("/spec/description"))}};
  if (const auto kind = api::ParsePatternKind(entry["kind"].get<std::string>())) {
    entry["annotation"] = {{std::string(api::ListKey(*kind)), entry["name"]}};
  }
  for (const char* field : {"parameters", "endpoints", "share", "env"}) {
    entry[field] = spec.value(field, json::array());
  }
  if (spec.contains("metrics")) entry["metrics"] = spec["metrics"];
  return entry;
}

}  // namespace remora::cli
