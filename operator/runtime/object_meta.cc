#include "operator/runtime/object_meta.h"

#include <nlohmann/json.hpp>

namespace remora::runtime {

namespace {

std::string StringAt(const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

ObjectMeta ReadObjectMeta(const nlohmann::json& object) {
  const auto metadata = object.find("metadata");  // end() when `object` is no object at all
  if (metadata == object.end() || !metadata->is_object()) return {};
  return {{StringAt(*metadata, "namespace"), StringAt(*metadata, "name")},
          StringAt(*metadata, "resourceVersion")};
}

}  // namespace remora::runtime
