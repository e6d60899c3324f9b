// The container by kind and role, and volumes.
#include <nlohmann/json.hpp>

#include "operator/api/pattern_fields.h"
#include "operator/api/pattern_validation.h"

namespace remora::api {

namespace {

bool Has(const nlohmann::json& object, std::string_view key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && !found->is_null();
}

// What holds the target back, or makes its Pod unready.
struct Hold {
  std::string_view field;
  bool (*present)(const nlohmann::json& container);
  std::string_view of_sidecar;
  std::string_view of_adapter;
};

constexpr Hold kHolds[] = {
    {"startupProbe", [](const nlohmann::json& c) { return Has(c, "startupProbe"); },
     "a Sidecar that collects must not hold its target back: remove startupProbe, or set role: "
     "Populate",
     "an Adapter must not hold its target back and waits for it instead: remove startupProbe"},
    {"readinessProbe", [](const nlohmann::json& c) { return Has(c, "readinessProbe"); },
     "a Sidecar that collects must not make its Pod unready: remove readinessProbe, or set role: "
     "Populate",
     "an Adapter must not make its Pod unready: remove readinessProbe"},
    {"lifecycle.postStart",
     [](const nlohmann::json& c) {
       return Has(c, "lifecycle") && Has(c["lifecycle"], "postStart");
     },
     "a Sidecar that collects must not hold its target back: remove postStart, or set role: "
     "Populate",
     "an Adapter must not hold its target back: remove postStart"},
};

}  // namespace

std::optional<std::string> ValidateContainer(const Pattern& pattern) {
  const nlohmann::json& container = pattern.spec.container;
  const bool is_sidecar = pattern.kind == PatternKind::kSidecar;
  if (is_sidecar && pattern.spec.role == Role::kPopulate) {
    if (Has(container, "startupProbe")) return std::nullopt;
    return "spec.container.startupProbe: missing; a Sidecar with role: Populate needs a "
           "startupProbe that succeeds when the content is there, for the target starts then";
  }
  if (!is_sidecar && pattern.kind != PatternKind::kAdapter) return std::nullopt;
  for (const Hold& hold : kHolds) {
    if (!hold.present(container)) continue;
    return "spec.container." + std::string(hold.field) + ": " +
           std::string(is_sidecar ? hold.of_sidecar : hold.of_adapter);
  }
  return std::nullopt;
}

std::optional<std::string> ValidateVolumes(const Pattern& pattern) {
  const auto& volumes = pattern.spec.volumes;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    std::string sources;
    int count = 0;
    for (const std::string_view source : kVolumeSources) {
      if (!Has(volumes[i], source)) continue;
      if (count++ > 0) sources += " and ";
      sources += source;
    }
    if (count == 1) continue;
    return "spec.volumes[" + std::to_string(i) +
           "]: expected exactly one source, such as emptyDir: {}, not " +
           (count == 0 ? "none" : sources);
  }
  return std::nullopt;
}

}  // namespace remora::api
