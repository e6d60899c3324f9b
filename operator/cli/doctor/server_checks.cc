#include "operator/cli/doctor/server_checks.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "operator/api/annotations.h"
#include "operator/api/field_list.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

// Since then, native sidecars are stable and Services find the named ports on them.
constexpr int kOldestMinor = 33;
constexpr std::size_t kMaxNamed = 3;  // fields in a sentence; the rest is counted

// Of "v1.36.4": 36.
std::optional<int> MinorOf(const std::string& version) {
  constexpr std::string_view kMajor = "v1.";
  if (!version.starts_with(kMajor)) return std::nullopt;
  int minor = 0;
  const char* begin = version.data() + kMajor.size();
  const auto read = std::from_chars(begin, version.data() + version.size(), minor);
  if (read.ec != std::errc()) return std::nullopt;
  return minor;
}

void Walk(const json& schema, const std::string& path, std::set<std::string>& paths) {
  paths.insert(path);
  const json properties = schema.value("properties", json::object());
  for (const auto& item : properties.items()) Walk(item.value(), path + "." + item.key(), paths);
  if (schema.contains("items")) Walk(schema["items"], path + "[]", paths);
}

std::set<std::string> FieldsOf(const json& version) {
  const Pointer path("/schema/openAPIV3Schema/properties/spec");
  std::set<std::string> paths;
  if (version.contains(path) && version.at(path).is_object()) Walk(version.at(path), "spec", paths);
  return paths;
}

std::set<std::string> FieldsOf(api::PatternKind kind) {
  std::set<std::string> paths = {"spec"};
  for (const api::FieldDescription& field : api::DescribeFields(kind)) paths.insert(field.path);
  return paths;
}

std::vector<std::string> Without(const std::set<std::string>& all,
                                 const std::set<std::string>& known) {
  std::vector<std::string> rest;
  std::set_difference(all.begin(), all.end(), known.begin(), known.end(), std::back_inserter(rest));
  return rest;
}

std::string Named(std::vector<std::string> fields) {
  const std::size_t count = fields.size();
  fields.resize(std::min(count, kMaxNamed));
  return Joined(fields) +
         (count > kMaxNamed ? " and " + std::to_string(count - kMaxNamed) + " more" : "");
}

bool IsEstablished(const json& crd) {
  const json& conditions = ListAt(crd, "/status/conditions");
  return std::any_of(conditions.begin(), conditions.end(), [](const json& condition) {
    return TextAt(condition, "/type") == "Established" && TextAt(condition, "/status") == "True";
  });
}

const json* FindVersion(const json& crd) {
  for (const json& version : ListAt(crd, "/spec/versions")) {
    if (TextAt(version, "/name") == api::kVersion) return &version;
  }
  return nullptr;
}

Finding JudgeFields(const Facts& facts, const std::string& check, api::PatternKind kind,
                    const json& version) {
  const std::set<std::string> theirs = FieldsOf(version);
  const std::set<std::string> ours = FieldsOf(kind);
  if (const auto missing = Without(ours, theirs); !missing.empty()) {
    return Problem(check,
                   "the CRD is older than " + facts.program + ' ' + facts.program_version +
                       " and does not know " + Named(missing),
                   HelmUpgrade(facts, "--set crds.install=true"));
  }
  if (const auto more = Without(theirs, ours); !more.empty()) {
    return Warning(check,
                   "the CRD is newer than " + facts.program + ' ' + facts.program_version +
                       ", which does not know " + Named(more),
                   "take the " + facts.program + " of the image that runs in the cluster");
  }
  return Ok(check, std::string(api::kVersion) + " is served and stored, with the " +
                       std::to_string(ours.size()) + " fields of this version");
}

Finding JudgeKind(const Facts& facts, api::PatternKind kind, const Answer& crd) {
  const std::string check = "kind " + std::string(PatternKindName(kind));
  const std::string name = std::string(PatternKindPlural(kind)) + '.' + std::string(api::kGroup);
  if (!crd.ok() && crd.error().code() == ErrorCode::kNotFound) {
    return Problem(check, "there is no CustomResourceDefinition " + name,
                   HelmUpgrade(facts, "--set crds.install=true"));
  }
  if (!crd.ok()) return NotGiven(check, crd.error());
  if (!IsEstablished(*crd)) {
    return Problem(check, "the CustomResourceDefinition " + name + " is not Established",
                   "kubectl describe customresourcedefinition " + name);
  }
  const json* version = FindVersion(*crd);
  if (version == nullptr || !version->value("served", false)) {
    return Problem(
        check,
        "the CustomResourceDefinition " + name + " does not serve " + std::string(api::kVersion),
        HelmUpgrade(facts, "--set crds.install=true"));
  }
  if (!version->value("storage", false)) {
    return Warning(check,
                   "another version than " + std::string(api::kVersion) +
                       " is stored: the CRD is "
                       "newer than " +
                       facts.program + ' ' + facts.program_version,
                   "take the " + facts.program + " of the image that runs in the cluster");
  }
  return JudgeFields(facts, check, kind, *version);
}

}  // namespace

bool IsServerReachable(const Facts& facts) { return facts.server_version.ok(); }

Findings JudgeServer(const Facts& facts) {
  const std::string check = "API server";
  if (!facts.server_version.ok()) {
    return {Problem(check, facts.server_version.error().message(), "kubectl cluster-info")};
  }
  const std::string version = TextAt(*facts.server_version, "/gitVersion");
  const auto minor = MinorOf(version);
  if (!minor) {
    return {Warning(check,
                    facts.server + " says of itself that it is " +
                        (version.empty() ? "nothing" : version) + "; expected v1.33 or later",
                    "kubectl version")};
  }
  if (*minor < kOldestMinor) {
    return {Problem(check,
                    "Kubernetes " + version +
                        " is too old: Remora needs 1.33 or later, where "
                        "native sidecars are stable and Services find their ports",
                    "upgrade the control plane and the nodes to Kubernetes 1.33 or later")};
  }
  return {Ok(check, facts.server + " is Kubernetes " + version)};
}

Findings JudgeKinds(const Facts& facts) {
  Findings findings;
  for (std::size_t i = 0; i < facts.kinds.size(); ++i) {
    findings.push_back(JudgeKind(facts, static_cast<api::PatternKind>(i), facts.kinds[i]));
  }
  return findings;
}

}  // namespace remora::cli::doctor
