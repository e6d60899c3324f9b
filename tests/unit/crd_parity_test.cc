// The field table in operator/api and the CRDs in crds/ say the same of every field, both ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "operator/api/field_list.h"
#include "operator/api/pattern.h"
#include "operator/api/reason.h"
#include "operator/cli/yaml_reader.h"

namespace remora::api {
namespace {

using nlohmann::json;

// What is compared: path → "string, required, maxLength 21".
using Fields = std::map<std::string, std::string>;

json ReadSpecSchema(PatternKind kind) {
  const std::string path =
      std::string(REMORA_SOURCE_DIR "/crds/") + std::string(PatternKindPlural(kind)) + ".yaml";
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto parsed = cli::ReadYaml(text, {path, 1});
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.error().message();
    return json::object();
  }
  return parsed->value.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"_json_pointer);
}

bool IsOpen(const json& schema) {
  return schema.value("x-kubernetes-preserve-unknown-fields", false);
}

std::string Limit(std::string_view name, const json& schema) {
  const auto found = schema.find(name);
  return found == schema.end() ? "" : ", " + std::string(name) + " " + found->dump();
}

// --- the CRD's side ----------------------------------------------------------------------------

std::string Described(const json& schema, bool required) {
  std::string text = schema.value("x-kubernetes-int-or-string", false)
                         ? "int-or-string"
                         : schema.value("type", "any");
  if (required) text += ", required";
  text += Limit("minLength", schema) + Limit("maxLength", schema);
  text += Limit("minItems", schema) + Limit("maxItems", schema);
  text += Limit("minimum", schema) + Limit("maximum", schema);
  const std::string list_type = schema.value("x-kubernetes-list-type", "");
  if (list_type == "set") text += ", unique by .";
  if (list_type == "map") {
    text += ", unique by " + schema["x-kubernetes-list-map-keys"][0].get<std::string>();
  }
  if (const auto values = schema.find("additionalProperties"); values != schema.end()) {
    text += Limit("maxProperties", schema) + ", values" + Limit("maxLength", *values);
  }
  for (const auto& choice : schema.value("enum", json::array())) {
    text += " | " + choice.get<std::string>();
  }
  if (IsOpen(schema)) text += ", open";
  return text;
}

void Walk(const json& schema, const std::string& path, bool required, Fields& out) {
  out[path] = Described(schema, required);
  std::set<std::string> needed;
  for (const auto& name : schema.value("required", json::array())) {
    needed.insert(name.get<std::string>());
  }
  const json properties = schema.value("properties", json::object());
  for (const auto& item : properties.items()) {
    Walk(item.value(), path + "." + item.key(), needed.count(item.key()) > 0, out);
  }
  if (schema.contains("items")) Walk(schema["items"], path + "[]", false, out);
}

Fields FieldsOfCrd(PatternKind kind) {
  Fields fields;
  Walk(ReadSpecSchema(kind), "spec", false, fields);
  fields.erase("spec");
  return fields;
}

// --- the table's side --------------------------------------------------------------------------

std::string Described(const FieldDescription& field) {
  const FieldRules& rules = field.rules;
  const FieldRules none;
  std::string text(field.type.empty() ? "any" : field.type);
  const auto limit = [&](const char* name, auto value, auto unlimited) {
    if (value != unlimited) text += std::string(", ") + name + " " + std::to_string(value);
  };
  if (rules.required) text += ", required";
  if (field.type == "string" || field.type == "int-or-string") {
    limit("minLength", rules.min_length, none.min_length);
    limit("maxLength", rules.max_length, none.max_length);
  }
  if (field.type == "array") {
    limit("minItems", rules.min_items, none.min_items);
    limit("maxItems", rules.max_items, none.max_items);
    if (!rules.unique_by.empty()) text += ", unique by " + std::string(rules.unique_by);
  }
  if (field.type == "integer") {
    limit("minimum", rules.minimum, none.minimum);
    limit("maximum", rules.maximum, none.maximum);
  }
  if (field.type == "object" && rules.max_items != none.max_items) {
    limit("maxProperties", rules.max_items, none.max_items);
    text += ", values";
    limit("maxLength", rules.max_length, none.max_length);
  }
  for (const std::string_view choice : field.choices) text.append(" | ").append(choice);
  if (field.keeps_unknown) text += ", open";
  return text;
}

Fields FieldsOfTable(PatternKind kind) {
  Fields fields;
  for (const FieldDescription& field : DescribeFields(kind)) {
    EXPECT_TRUE(fields.emplace(field.path, Described(field)).second)
        << field.path << " stands twice in the table";
  }
  return fields;
}

// The ends of the CRD's paths, where container, initContainers, volumes and open objects are ends.
std::set<std::string> LeafPathsOfCrd(PatternKind kind) {
  const Fields fields = FieldsOfCrd(kind);
  std::set<std::string> leaves;
  for (const auto& [path, described] : fields) {
    const bool below_end = path.starts_with("spec.container.") ||
                           path.starts_with("spec.initContainers[") ||
                           path.starts_with("spec.volumes[");
    const auto next = fields.upper_bound(path);
    bool has_fields = false;
    for (auto it = next; it != fields.end() && it->first.starts_with(path); ++it) {
      const char after = it->first[path.size()];
      if (after == '.' || after == '[') has_fields = true;
    }
    const bool is_end = path == "spec.container" || path == "spec.initContainers" ||
                        path == "spec.volumes" || !has_fields;
    if (is_end && !below_end) leaves.insert(path);
  }
  return leaves;
}

class CrdParity : public testing::TestWithParam<PatternKind> {};

TEST_P(CrdParity, EveryFieldOfTheCrdIsInTheTableWithTheSameRules) {
  const Fields table = FieldsOfTable(GetParam());
  for (const auto& [path, described] : FieldsOfCrd(GetParam())) {
    const auto found = table.find(path);
    if (found == table.end()) {
      ADD_FAILURE() << path << " is in the CRD and not in operator/api/pattern_fields.h";
    } else {
      EXPECT_EQ(found->second, described) << path << ": table and CRD differ";
    }
  }
}

TEST_P(CrdParity, EveryFieldOfTheTableIsInTheCrd) {
  const Fields crd = FieldsOfCrd(GetParam());
  for (const auto& [path, described] : FieldsOfTable(GetParam())) {
    EXPECT_TRUE(crd.contains(path)) << path << " is in the table and not in the CRD";
  }
}

TEST_P(CrdParity, FieldPathsAreTheEndsOfTheCrdsPaths) {
  const auto paths = FieldPaths(GetParam());
  EXPECT_THAT(paths, testing::UnorderedElementsAreArray(LeafPathsOfCrd(GetParam())));
}

// A walk that finds nothing would agree with anything.
TEST_P(CrdParity, TheWalkReachesTheDeepestFields) {
  const Fields fields = FieldsOfCrd(GetParam());
  EXPECT_GT(fields.size(), 150U);
  EXPECT_EQ(fields.at("spec.share[].name"), "string, required, maxLength 21");
  EXPECT_EQ(fields.at("spec.allowedNamespaces.selector.matchLabels"),
            "object, maxProperties 16, values, maxLength 63");
  EXPECT_EQ(fields.at("spec.container.lifecycle.postStart"), "object, open");
  EXPECT_EQ(fields.at("spec.initContainers[].name"), "string, required, maxLength 21");
  EXPECT_EQ(fields.at("spec.podLabels"), "object, maxProperties 16, values, maxLength 512");
  EXPECT_EQ(fields.at("spec.tests[].want.pod"), "object, open");
}

// The CRD has a list of its own, for kubectl and the API server.
TEST_P(CrdParity, ATestMayWantEachReason) {
  std::string reasons = "string";
  for (int i = 0; i < kReasonCount; ++i) {
    reasons.append(" | ").append(ReasonName(static_cast<Reason>(i)));
  }
  EXPECT_EQ(FieldsOfCrd(GetParam()).at("spec.tests[].want.reason"), reasons);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CrdParity,
                         testing::Values(PatternKind::kAmbassador, PatternKind::kSidecar,
                                         PatternKind::kAdapter),
                         [](const auto& kind) { return std::string(PatternKindName(kind.param)); });

}  // namespace
}  // namespace remora::api
