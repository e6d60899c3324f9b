#include "operator/reconcilers/pattern_object.h"

#include "operator/api/annotations.h"
#include "operator/api/revision.h"
#include "operator/base/timestamp.h"

namespace remora::reconcilers {

namespace {

using nlohmann::json;

std::string TextAt(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

std::string PatternKey::ToString() const {
  return std::string(PatternKindName(kind)) + " " + object().ToString();
}

kube::Resource PatternResource(api::PatternKind kind) {
  return {std::string(api::kGroup), std::string(api::kVersion),
          std::string(PatternKindPlural(kind))};
}

std::string PatternObject::current_revision() const {
  const std::string current = status.is_object() ? TextAt(status, "currentRevision") : "";
  return api::IsRevision(current) ? current : "";
}

Result<std::shared_ptr<const PatternObject>> PatternObject::FromObject(
    const json& object, const std::shared_ptr<const PatternObject>& before) {
  auto live = injection::LivePattern::FromObject(object, before ? before->live : nullptr);
  if (!live.ok()) return live.error();
  auto pattern = std::make_shared<PatternObject>();
  pattern->live = *std::move(live);
  const api::RevisionOwner& identity = pattern->identity();
  pattern->key = {identity.kind, identity.namespace_name, identity.name};
  pattern->created = ParseTime(TextAt(object.at("metadata"), "creationTimestamp"))
                         .value_or(Clock::WallTimePoint{});
  pattern->resource_version = TextAt(object.at("metadata"), "resourceVersion");
  pattern->status = object.value("status", json());
  const bool same_spec = before && before->revision() == pattern->revision();
  pattern->spec = same_spec ? before->spec
                            : std::make_shared<const std::string>(
                                  api::RevisionedSpec(object.value("spec", json()))
                                      .dump(-1, ' ', false, json::error_handler_t::replace));
  return std::shared_ptr<const PatternObject>(std::move(pattern));
}

}  // namespace remora::reconcilers
