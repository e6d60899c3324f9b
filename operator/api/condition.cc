#include "operator/api/condition.h"

#include <nlohmann/json.hpp>

namespace remora::api {

namespace {

using nlohmann::json;

std::string TextAt(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

std::optional<Condition> FindCondition(const json& status, std::string_view type) {
  if (!status.is_object()) return std::nullopt;
  const auto conditions = status.find("conditions");
  if (conditions == status.end() || !conditions->is_array()) return std::nullopt;
  for (const json& condition : *conditions) {
    if (!condition.is_object() || TextAt(condition, "type") != type) continue;
    const auto observed = condition.find("observedGeneration");
    const bool is_number = observed != condition.end() && observed->is_number_integer();
    return Condition{.status = TextAt(condition, "status"),
                     .reason = TextAt(condition, "reason"),
                     .message = TextAt(condition, "message"),
                     .since = TextAt(condition, "lastTransitionTime"),
                     .observed_generation = is_number ? observed->get<std::int64_t>() : 0};
  }
  return std::nullopt;
}

}  // namespace remora::api
