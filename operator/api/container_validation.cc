// The container by kind and role, and volumes.
#include <nlohmann/json.hpp>

#include "operator/api/pattern_fields.h"
#include "operator/api/pattern_validation.h"
#include "operator/api/validation_helpers.h"

namespace remora::api {

namespace {

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

// What only a companion can do.
Complaint ValidateAbsence(const nlohmann::json& spec) {
  for (const char* field :
       {"endpoints", "metrics", "takeOver", "resourcesPercent", "drainSeconds"}) {
    if (!Has(spec, field)) continue;
    return std::string("spec.") + field +
           ": is for the companion, and without container there is "
           "none: remove " +
           field + ", or add container";
  }
  if (!Has(spec, "placement") || !Has(spec.at("placement"), "mode")) return std::nullopt;
  return "spec.placement.mode: is for the companion, and without container there is none: remove "
         "mode, or add container";
}

Complaint ValidatePopulate(const PatternSpec& spec) {
  if (Has(spec.container, "startupProbe") || !spec.init_containers.empty()) return std::nullopt;
  return "spec.container.startupProbe: missing; a Sidecar with role: Populate needs a startupProbe "
         "that succeeds when the content is there, or initContainers that bring it, for the target "
         "starts then";
}

}  // namespace

std::optional<std::string> ValidateContainer(const Pattern& pattern, const nlohmann::json& spec) {
  const nlohmann::json& container = pattern.spec.container;
  if (container.is_null()) {
    if (pattern.spec.init_containers.empty()) {
      return "spec.container: missing; it may be left out only where initContainers do the whole "
             "work";
    }
    return ValidateAbsence(spec);
  }
  const bool is_sidecar = pattern.kind == PatternKind::kSidecar;
  if (is_sidecar && pattern.spec.role == Role::kPopulate) return ValidatePopulate(pattern.spec);
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
