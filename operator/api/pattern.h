// Pattern: what a Sidecar, an Ambassador or an Adapter says, as a value.
//
// Contract
//   - DecodePattern() refuses what the CRDs in crds/ refuse: unknown fields, wrong types, the limits
//     and every CEL rule, but for the values of parameters and quantities, which are read when the
//     pattern is compiled (injection). One complaint names the field, what is expected and, for a
//     likely typing error, the nearest name. The size of all tests is counted here alone, since the
//     API server cannot.
//   - What the API server takes for absent is absent: a field that is null.
//   - A spec above 256 KiB or nested deeper than 16 is refused before it is read.
//   - Every field stands once in a VisitFields() of pattern_fields.h, which decodes it and lists it
//     for the parity test with the CRDs.
//   - What is core/v1 stays JSON: containers, volumes, `valueFrom`, and the Pods of tests.
// Thread-safety: value types.
// Errors: Invalid.
//
// Example
//   auto pattern = api::DecodePattern(nlohmann::json::parse(text));
//   if (!pattern.ok()) return pattern.error();  // "spec.endpoints[0].prot: unknown field; did ..."
//   Use(pattern->name, pattern->spec.endpoints);
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/result.h"

namespace remora::api {

// In the order in which patterns are decided and placed.
enum class PatternKind : std::uint8_t { kAmbassador, kSidecar, kAdapter };
inline constexpr int kPatternKindCount = 3;

std::string_view PatternKindName(PatternKind kind);    // "Ambassador"
std::string_view PatternKindPlural(PatternKind kind);  // "ambassadors"
std::optional<PatternKind> ParsePatternKind(std::string_view name);

// A field that takes a number or a string (with references).
struct IntOrString {
  std::optional<std::int64_t> number;
  std::string text;  // the number's digits where it is one
};

enum class ParameterType : std::uint8_t {
  kString,
  kInteger,
  kBoolean,
  kQuantity,
  kDuration,
  kPort
};
std::string_view ParameterTypeName(ParameterType type);

struct Parameter {
  std::string name;
  ParameterType type = ParameterType::kString;
  std::optional<std::string> default_value;
  bool required = false;
  std::vector<std::string> enumeration;
  std::string pattern;  // RE2, the whole value
  std::optional<IntOrString> minimum;
  std::optional<IntOrString> maximum;
  std::string description;
  std::optional<std::string> example;
};

enum class TargetContainers : std::uint8_t { kDefault, kAll, kNamed, kPort };

struct Target {
  TargetContainers containers = TargetContainers::kDefault;
  std::vector<std::string> names;
  std::optional<IntOrString> port;  // a number, or the name of a port
  bool init_containers = false;
};

enum class ShareAccess : std::uint8_t { kTargetWrites, kCompanionWrites, kBoth };

struct Share {
  std::string name;
  std::string path;         // in the companion
  std::string target_path;  // in the targets
  std::optional<ShareAccess> access;
  std::string medium;
  std::optional<IntOrString> size_limit;
  std::string sub_path;
  std::string volume_name;  // one of the Pod's
};

struct File {
  std::string path;
  std::string content;
  std::int64_t mode = 0644;
};

enum class OnConflict : std::uint8_t { kKeep, kOverride, kFail };
enum class VariableOperation : std::uint8_t { kSet, kAppend, kPrepend };

struct EnvironmentVariable {
  std::string name;
  std::optional<std::string> value;
  nlohmann::json value_from;  // null: absent
  VariableOperation operation = VariableOperation::kSet;
  std::string separator = " ";  // between the target's own value and this one
  OnConflict on_conflict = OnConflict::kKeep;
};

struct EndpointUrl {
  std::string name;
  std::string value;
};

struct EndpointEnvironment {
  std::string host;  // names of variables of the target; empty: none
  std::string port;
  std::optional<EndpointUrl> url;
};

enum class EndpointProtocol : std::uint8_t { kTcp, kUdp, kHttp, kGrpc, kUnix };

struct Endpoint {
  std::string name;
  EndpointProtocol protocol = EndpointProtocol::kTcp;
  std::optional<IntOrString> port;     // absent: allocated
  std::string socket_path;             // kUnix: its folder is shared
  std::string upstream;                // host:port
  std::vector<std::string> hostnames;  // aliases of 127.0.0.1
  EndpointEnvironment env;
};

// The endpoint takes the name of a port of the target.
struct TakeOver {
  std::string port_name;
  std::string endpoint;
};

struct Metrics {
  std::optional<IntOrString> port;  // absent: allocated
  std::string path = "/metrics";
  std::string port_name = "metrics";
  bool annotate = false;
};

enum class LabelOperator : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist };

struct LabelRequirement {
  std::string key;
  LabelOperator op = LabelOperator::kExists;
  std::vector<std::string> values;
};

struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<LabelRequirement> match_expressions;

  using Labels = std::map<std::string, std::string, std::less<>>;
  bool Matches(const Labels& labels) const;
  // The same on labels that are looked up, by key.
  using Find = std::function<const std::string_view*(std::string_view key)>;
  bool Matches(const Find& find) const;
};

enum class NamespacesFrom : std::uint8_t { kSame, kAll, kSelector };

struct AllowedNamespaces {
  NamespacesFrom from = NamespacesFrom::kSame;
  std::optional<LabelSelector> selector;
};

enum class PlacementMode : std::uint8_t { kNative, kRegular };
enum class PlacementPosition : std::uint8_t { kBeforeInit, kAfterInit };

struct Placement {
  std::optional<PlacementMode> mode;          // absent: by kind
  std::optional<PlacementPosition> position;  // absent: by kind
  std::vector<std::string> before;            // patterns or containers
  std::vector<std::string> after;
};

struct PullSecret {
  std::string name;
};

enum class ServiceAccountToken : std::uint8_t { kInherit, kHide };

// What a test of a pattern wants of a Pod that asks for it.
struct TestWant {
  std::string reason;
  nlohmann::json pod;  // null: absent; a part of the resulting Pod
};

struct PatternTest {
  std::string name;
  nlohmann::json pod;
  TestWant want;
};

// What becomes of Pods that are there already.
struct Update {
  bool replace_missing = false;
};

enum class OnError : std::uint8_t { kDeny, kAdmit };
enum class Role : std::uint8_t { kCollect, kPopulate };
enum class Direction : std::uint8_t { kOutbound, kInbound };

struct PatternSpec {
  std::string description;
  std::vector<Parameter> parameters;
  Target target;
  nlohmann::json container;  // null where init_containers do the whole work
  std::vector<nlohmann::json> init_containers;
  std::vector<nlohmann::json> volumes;
  std::vector<PullSecret> image_pull_secrets;
  std::vector<Share> share;
  std::vector<File> files;
  std::vector<EnvironmentVariable> env;
  Placement placement;
  std::int64_t drain_seconds = 0;
  std::optional<std::int64_t> resources_percent;
  ServiceAccountToken service_account_token = ServiceAccountToken::kInherit;
  std::map<std::string, std::string> pod_labels;
  std::map<std::string, std::string> pod_annotations;
  std::optional<LabelSelector> selector;  // absent: never added unasked
  AllowedNamespaces allowed_namespaces;
  std::optional<OnError> on_error;
  Update update;
  std::string pinned_revision;  // empty: the last that was accepted
  std::int64_t revision_history_limit = 10;
  std::vector<PatternTest> tests;
  // Sidecar
  Role role = Role::kCollect;
  // Ambassador
  Direction direction = Direction::kOutbound;
  std::int64_t wait_seconds = 60;
  std::optional<TakeOver> take_over;
  // Ambassador and Adapter
  std::vector<Endpoint> endpoints;
  // Adapter
  std::optional<Metrics> metrics;
};

struct Pattern {
  PatternKind kind = PatternKind::kSidecar;
  std::string namespace_name;
  std::string name;
  PatternSpec spec;
  std::string revision;  // of the spec as given (revision.h)

  // What happens to a Pod that this pattern cannot be added to.
  OnError EffectiveOnError() const;
};

OnError DefaultOnError(PatternKind kind, Role role = Role::kCollect);

// From an object of one of the three kinds, as the API server gives it or as a user wrote it.
Result<Pattern> DecodePattern(const nlohmann::json& object);

// Every field path of the kind, "spec.endpoints[].env.url.name", in the order of the table; opaque
// parts end there ("spec.container").
std::vector<std::string> FieldPaths(PatternKind kind);

// The nearest of the candidates, if near enough to be a typing error; empty if none is. Upper and
// lower case are near.
std::string_view NearestName(std::string_view name,
                             const std::vector<std::string_view>& candidates);

}  // namespace remora::api

// Longer than the house style because the vocabulary of patterns is read, and compared with the
// CRDs, as one.
