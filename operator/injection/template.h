// Template: text of a pattern, cut once into literals and references, so that a Pod only pays for
// putting the pieces together.
//
// Contract
//   - A reference is `$(root...)` with a root of the table below; any other `$(VAR)` is Kubernetes'
//     own and stays as it is; `$$(params.x)` is a literal `$(params.x)`.
//   - A JSON template comes out as valid JSON whatever its values hold: values are escaped, and a
//     string that is one reference alone takes the type of its value, except where Kubernetes has
//     a string (command, args, a variable's value, paths, images).
//   - In command, args and variable values a `$` of a value is doubled, so that Kubernetes hands on
//     the same bytes.
// Thread-safety: immutable after compiling.
// Errors: Invalid, with the reference and what may stand there.
//
// Example
//   ReferenceTable table(pattern);
//   auto text = Template::FromText("127.0.0.1:$(endpoints.redis.port)", table, Stage::kPorts);
//   text->AppendTo(values, out);
#pragma once

#include <cstdint>
#include <memory_resource>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/result.h"

namespace remora::injection {

enum class Root : std::uint8_t {
  kParameter,
  kPatternName,
  kPatternRevision,
  kPodNamespace,
  kPodServiceAccountName,
  kPodLabel,
  kTargetName,
  kTargetImage,
  kTargetPort,
  kEndpointPort,
  kMetricsPort,
  kEndpointHost,
  kEndpointAddress,
  kEndpointUpstream,
  kSharePath,
};

// When a value is known; a field that makes values may only refer to earlier stages, so that no
// two can wait for each other.
enum class Stage : std::uint8_t {
  kRequest,  // parameters, pattern, pod
  kTarget,   // target
  kPorts,    // ports of endpoints and metrics
  kAll,      // addresses, upstreams, shared paths
};
Stage StageOf(Root root);

struct Reference {
  Root root;
  std::size_t index = 0;  // of the parameter, endpoint or share
  std::string key;        // label or port name
  std::string text;       // as written, without $( )
  std::size_t uses = 1;   // in how many places of the pattern it stands
};

// What a reference stands for in one Pod.
struct Value {
  std::string_view text;
  bool is_literal = false;  // a JSON number or boolean, written without quotes
};

// The distinct references of one pattern; templates name them by their number.
class ReferenceTable {
 public:
  explicit ReferenceTable(const api::Pattern& pattern) : pattern_(pattern) {}

  // The number of the reference; `text` is what stands between $( and ).
  Result<std::size_t> Add(std::string_view text, Stage latest);
  // Whether `text` begins with one of our roots.
  static bool IsOurs(std::string_view text);

  std::vector<Reference> references() && { return std::move(references_); }
  const std::vector<Reference>& references() const& { return references_; }

 private:
  Result<Reference> Read(std::string_view text) const;
  Result<Reference> ReadEndpoint(std::string_view text, std::string_view rest) const;

  const api::Pattern& pattern_;
  std::vector<Reference> references_;
};

class Template {
 public:
  // Plain text to plain text.
  static Result<Template> FromText(std::string_view text, ReferenceTable& table, Stage latest);
  // A JSON value to JSON text. `where` is the field, for the complaint.
  static Result<Template> FromJson(const nlohmann::json& value, ReferenceTable& table,
                                   std::string_view where);
  // An object's members without the braces; `left_out` keys are passed over.
  static Result<Template> FromMembers(const nlohmann::json& object, ReferenceTable& table,
                                      std::string_view where,
                                      const std::vector<std::string_view>& left_out);

  void AppendTo(std::span<const Value> values, std::pmr::string& out) const;
  bool IsLiteral() const { return !HasReferences(); }
  bool IsEmpty() const { return literals_.empty() && slots_.empty(); }
  bool HasReferences() const { return !slots_.empty(); }
  // The text where there is no reference in it.
  std::string_view LiteralText() const { return literals_; }

  class Compiler;

 private:
  enum class Style : std::uint8_t { kPlain, kTyped, kInString, kInExpandedString };
  // A reference, and where in the literal text it stands.
  struct Slot {
    std::uint32_t position;
    std::uint32_t reference;
    Style style;
  };
  static void AppendValue(Style style, const Value& value, std::pmr::string& out);

  std::string literals_;  // all of them, one after another
  std::vector<Slot> slots_;
};

// `text` as the inside of a JSON string.
void AppendEscaped(std::string_view text, std::pmr::string& out);
// `text` as a JSON string with its quotes.
void AppendQuoted(std::string_view text, std::pmr::string& out);

}  // namespace remora::injection
