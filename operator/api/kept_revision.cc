#include "operator/api/kept_revision.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "operator/api/annotations.h"
#include "operator/api/revision.h"

namespace remora::api {

namespace {

using nlohmann::json;

std::string ApiVersion() { return std::string(kGroup) + "/" + std::string(kVersion); }

std::string TextAt(const json& object, const json::json_pointer& at) {
  if (!object.contains(at)) return {};
  const json& value = object.at(at);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// The one reference that says `controller: true`, if it is to a pattern.
std::optional<RevisionOwner> OwnerOf(const json& object) {
  const json::json_pointer references("/metadata/ownerReferences");
  if (!object.contains(references) || !object.at(references).is_array()) return std::nullopt;
  for (const json& reference : object.at(references)) {
    if (!reference.is_object() || reference.value("controller", json()) != true) continue;
    const auto kind = ParsePatternKind(TextAt(reference, json::json_pointer("/kind")));
    if (!kind || TextAt(reference, json::json_pointer("/apiVersion")) != ApiVersion()) continue;
    return RevisionOwner{
        .kind = *kind,
        .namespace_name = TextAt(object, json::json_pointer("/metadata/namespace")),
        .name = TextAt(reference, json::json_pointer("/name")),
        .uid = TextAt(reference, json::json_pointer("/uid"))};
  }
  return std::nullopt;
}

}  // namespace

std::string ControllerRevisionName(PatternKind kind, std::string_view pattern,
                                   std::string_view revision) {
  std::string name(PatternKindName(kind));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  return name.append("-").append(pattern).append("-").append(revision);
}

json MakeControllerRevision(const RevisionOwner& owner, const json& spec, std::int64_t number,
                            const std::string& unchecked) {
  json object = {{"apiVersion", "apps/v1"},
                 {"kind", "ControllerRevision"},
                 {"metadata",
                  {{"namespace", owner.namespace_name},
                   {"name", ControllerRevisionName(owner.kind, owner.name, RevisionOf(spec))},
                   {"labels", {{std::string(kPatternLabel), owner.name}}},
                   {"ownerReferences",
                    {{{"apiVersion", ApiVersion()},
                      {"kind", std::string(PatternKindName(owner.kind))},
                      {"name", owner.name},
                      {"uid", owner.uid},
                      {"controller", true}}}}}},
                 {"data", {{"spec", RevisionedSpec(spec)}}},
                 {"revision", number}};
  if (!unchecked.empty()) object["metadata"]["annotations"][kUncheckedKey] = unchecked;
  return object;
}

std::string WhichAreKept(const std::vector<std::string>& revisions) {
  if (revisions.empty()) return "none is";
  std::string text;
  for (const std::string& revision : revisions) text += (text.empty() ? "" : ", ") + revision;
  return text + (revisions.size() == 1 ? " is" : " are");
}

Result<KeptRevision> ReadKeptRevision(const json& object) {
  const auto invalid = [](const char* sentence) { return Error(ErrorCode::kInvalid, sentence); };
  const auto owner = OwnerOf(object);
  if (!owner) return invalid("its controller is no pattern");
  const json::json_pointer spec("/data/spec");
  if (!object.contains(spec) || !object.at(spec).is_object())
    return invalid("data.spec is missing");
  KeptRevision kept{.owner = *owner,
                    .revision = RevisionOf(object.at(spec)),
                    .created = TextAt(object, json::json_pointer("/metadata/creationTimestamp")),
                    .spec = object.at(spec).dump(-1, ' ', false, json::error_handler_t::replace)};
  kept.unchecked =
      object.contains(json::json_pointer("/metadata/annotations") / std::string(kUncheckedKey));
  if (TextAt(object, json::json_pointer("/metadata/name")) !=
      ControllerRevisionName(owner->kind, owner->name, kept.revision)) {
    return invalid("its name is not that of what it holds");
  }
  const auto number = object.find("revision");
  if (number != object.end() && number->is_number_integer()) {
    kept.number = number->get<std::int64_t>();
  }
  // Anybody who may write ControllerRevisions may write any number.
  if (kept.number < 0 || kept.number > kLastRevisionNumber)
    return invalid("its number is out of bounds");
  return kept;
}

}  // namespace remora::api
