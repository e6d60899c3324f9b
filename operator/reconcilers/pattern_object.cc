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

Result<std::shared_ptr<const PatternObject>> PatternObject::FromObject(const json& object) {
  auto stored = injection::StoredPattern::FromObject(object);
  if (!stored) return Error(ErrorCode::kInvalid, "not a Sidecar, Ambassador or Adapter");
  auto pattern = std::make_shared<PatternObject>();
  pattern->key = {stored->kind, stored->namespace_name, stored->name};
  pattern->stored = std::move(stored);
  const json& metadata = object.at("metadata");
  pattern->uid = TextAt(metadata, "uid");
  pattern->generation = metadata.value("generation", std::int64_t{0});
  pattern->created =
      ParseTime(TextAt(metadata, "creationTimestamp")).value_or(Clock::WallTimePoint{});
  pattern->revision = api::RevisionOf(object.value("spec", json()));
  pattern->status = object.value("status", json());
  return std::shared_ptr<const PatternObject>(std::move(pattern));
}

}  // namespace remora::reconcilers
