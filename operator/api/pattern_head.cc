#include "operator/api/pattern_head.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/api/annotations.h"

namespace remora::api {

namespace {

constexpr std::size_t kLargestSpecBytes = std::size_t{256} * 1024;
constexpr int kDeepestNesting = 16;

Error Invalid(std::string message) { return Error(ErrorCode::kInvalid, std::move(message)); }

std::string TextAt(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string Quoted(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  return nlohmann::json(text.substr(0, kLongest) + (text.size() > kLongest ? "..." : ""))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Whether objects and lists stand more than `levels` deep in it.
bool IsDeeperThan(int levels, const nlohmann::json& value) {
  if (!value.is_structured()) return false;
  return levels == 0 || std::any_of(value.begin(), value.end(), [&](const nlohmann::json& child) {
           return IsDeeperThan(levels - 1, child);
         });
}

Result<void> CheckFields(const nlohmann::json& object) {
  const std::vector<std::string_view> known = {"apiVersion", "kind", "metadata", "spec", "status"};
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    const std::string_view nearest = NearestName(item.key(), known);
    return Invalid(item.key().substr(0, 60) + ": unknown field; " +
                   (nearest.empty() ? "the fields of a pattern stand under spec"
                                    : "did you mean " + std::string(nearest) + "?"));
  }
  return {};
}

Result<void> CheckSpec(const nlohmann::json& object) {
  const auto spec = object.find("spec");
  if (spec == object.end() || !spec->is_object())
    return Invalid("spec: missing; expected an object");
  if (IsDeeperThan(kDeepestNesting, *spec)) {
    return Invalid("spec: expected objects and lists nested at most " +
                   std::to_string(kDeepestNesting) + " deep");
  }
  const std::size_t size =
      spec->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size();
  if (size > kLargestSpecBytes) {
    return Invalid("spec: expected at most 256 KiB of JSON, not " + std::to_string(size) +
                   " bytes");
  }
  return {};
}

}  // namespace

Result<void> DecodeHead(const nlohmann::json& object, Pattern& out) {
  if (!object.is_object()) return Invalid("expected an object of a pattern kind");
  const std::string api_version = TextAt(object, "apiVersion");
  const std::string expected = std::string(kGroup) + "/" + std::string(kVersion);
  if (api_version != expected) {
    return Invalid("apiVersion: expected " + expected + ", not " + Quoted(api_version));
  }
  const std::string kind_name = TextAt(object, "kind");
  const auto kind = ParsePatternKind(kind_name);
  if (!kind) {
    const std::string_view nearest = NearestName(kind_name, {"Sidecar", "Ambassador", "Adapter"});
    return Invalid("kind: expected Sidecar, Ambassador or Adapter, not " + Quoted(kind_name) +
                   (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
  }
  out.kind = *kind;
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) {
    out.name = TextAt(*metadata, "name");
    out.namespace_name = TextAt(*metadata, "namespace");
  }
  if (!IsPatternName(out.name)) {
    return Invalid(
        "metadata.name: expected a DNS label of at most 40 characters without \"--\", such as "
        "log-saver, not " +
        Quoted(out.name));
  }
  if (auto fields = CheckFields(object); !fields.ok()) return fields;
  return CheckSpec(object);
}

}  // namespace remora::api
