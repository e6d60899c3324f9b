#include "operator/injection/live_pattern.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/condition.h"
#include "operator/api/revision.h"
#include "operator/injection/compiled_pattern.h"

namespace remora::injection {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

const json* At(const json& object, const Pointer& at) {
  return object.contains(at) ? &object.at(at) : nullptr;
}

std::string TextAt(const json& object, const Pointer& at) {
  const json* const value = At(object, at);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::int64_t NumberAt(const json& object, const Pointer& at) {
  const json* const value = At(object, at);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

// Why this spec was not accepted, if the status speaks of it.
std::string RejectionOf(const json& object) {
  const auto accepted = api::FindCondition(object.value("status", json()), "Accepted");
  const bool is_rejected =
      accepted && accepted->IsOf("False", NumberAt(object, Pointer("/metadata/generation")));
  return is_rejected ? accepted->message : std::string();
}

void Choose(const json& object, LivePattern& live) {
  const std::string pinned = TextAt(object, Pointer("/spec/pinnedRevision"));
  const std::string current = TextAt(object, Pointer("/status/currentRevision"));
  live.is_pinned = api::IsRevision(pinned);
  if (live.is_pinned) {
    live.wanted = pinned;
  } else if (api::IsRevision(current)) {
    live.wanted = current;
  } else {
    live.rejection = RejectionOf(object);
    if (live.rejection.empty()) live.wanted = live.revision;
  }
}

// The same object in the same generation: its spec is the same.
bool HasSameSpec(const LivePattern& a, const LivePattern& b) {
  return !a.identity.uid.empty() && a.identity == b.identity && a.generation > 0 &&
         a.generation == b.generation;
}

std::shared_ptr<const StoredPattern> Refused(const LivePattern& live, api::Reason reason,
                                             std::string complaint) {
  auto refused = std::make_shared<StoredPattern>(*live.stored);
  refused->refusal = reason;
  refused->complaint = std::move(complaint);
  return refused;
}

}  // namespace

Result<std::shared_ptr<const LivePattern>> LivePattern::FromObject(
    const json& object, const std::shared_ptr<const LivePattern>& before) {
  const auto kind = api::ParsePatternKind(TextAt(object, Pointer("/kind")));
  auto live = std::make_shared<LivePattern>();
  live->identity = {.kind = kind.value_or(api::PatternKind::kSidecar),
                    .namespace_name = TextAt(object, Pointer("/metadata/namespace")),
                    .name = TextAt(object, Pointer("/metadata/name")),
                    .uid = TextAt(object, Pointer("/metadata/uid"))};
  if (!kind || live->identity.name.empty()) {
    return Error(ErrorCode::kInvalid, "not a Sidecar, Ambassador or Adapter");
  }
  live->generation = NumberAt(object, Pointer("/metadata/generation"));
  const json spec = object.value("spec", json());
  const bool same_spec = before && HasSameSpec(*before, *live);
  live->revision = same_spec ? before->revision : api::RevisionOf(spec);
  Choose(object, *live);
  if (same_spec && before->wanted == live->wanted && before->rejection == live->rejection) {
    return before;
  }
  live->stored = same_spec ? before->stored : StoredPattern::FromObject(object);
  if (!live->NeedsKept()) return std::shared_ptr<const LivePattern>(std::move(live));
  live->spec = std::make_shared<const json>(spec);
  if (before && before->identity == live->identity) {
    if (before->wanted == live->wanted) live->earlier = before->earlier;
    if (before->revision == live->wanted) live->earlier = before->stored;
  }
  return std::shared_ptr<const LivePattern>(std::move(live));
}

std::string LivePattern::KeptName() const {
  return api::ControllerRevisionName(identity.kind, identity.name, wanted);
}

std::shared_ptr<const StoredPattern> ServePattern(const LivePattern& live,
                                                  const api::KeptRevision* kept,
                                                  const std::vector<std::string>& known) {
  if (live.wanted.empty()) {
    return Refused(live, api::Reason::kPatternNotAccepted, live.rejection);
  }
  if (!live.NeedsKept()) return live.stored;
  if (kept != nullptr) {
    const json revisioned = json::parse(kept->spec, nullptr, false);
    return StoredPattern::FromObject(
        {{"apiVersion", std::string(api::kGroup) + "/" + std::string(api::kVersion)},
         {"kind", std::string(PatternKindName(live.identity.kind))},
         {"metadata", {{"namespace", live.identity.namespace_name}, {"name", live.identity.name}}},
         {"spec", api::WithRevisionedSpec(*live.spec, revisioned)}});
  }
  if (live.earlier) return live.earlier;
  std::string complaint =
      "revision " + live.wanted + ", " +
      (live.is_pinned ? "which spec.pinnedRevision names" : "the last that was accepted") +
      ", is not kept; " + api::WhichAreKept(known);
  return Refused(live, api::Reason::kRevisionNotFound, std::move(complaint));
}

}  // namespace remora::injection
