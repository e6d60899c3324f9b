// Target, placement and waiting: who is served, and when the companion starts.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/api/pattern_validation.h"
#include "operator/api/validation_helpers.h"

namespace remora::api {

namespace {

// The companion must start before them.
Complaint ValidateServedInitContainers(const Pattern& pattern) {
  const Placement& placement = pattern.spec.placement;
  const bool is_early = pattern.kind == PatternKind::kAmbassador ||
                        placement.position == PlacementPosition::kBeforeInit ||
                        !placement.before.empty();
  if (!is_early) {
    return "spec.target.initContainers: the companion starts after all init containers of the Pod "
           "and cannot serve them: set placement.position: BeforeInit or placement.before, or "
           "remove initContainers";
  }
  if (placement.mode != PlacementMode::kRegular) return std::nullopt;
  return "spec.target.initContainers: a companion with placement.mode: Regular starts after all "
         "init containers of the Pod and cannot serve them: remove initContainers or mode";
}

Complaint ValidateTarget(const Pattern& pattern) {
  const Target& target = pattern.spec.target;
  const bool is_named = target.containers == TargetContainers::kNamed;
  const bool is_port = target.containers == TargetContainers::kPort;
  if (is_named && target.names.empty()) {
    return "spec.target.names: missing; containers: Named needs the names of containers";
  }
  if (!is_named && !target.names.empty()) {
    return "spec.target.names: belongs to containers: Named alone; set that, or remove names";
  }
  if (is_port && !target.port) {
    return "spec.target.port: missing; containers: Port needs the number or name of a port";
  }
  if (!is_port && target.port) {
    return "spec.target.port: belongs to containers: Port alone; set that, or remove port";
  }
  if (!target.init_containers) return std::nullopt;
  return ValidateServedInitContainers(pattern);
}

Complaint ValidateNames(const Pattern& pattern) {
  const Placement& placement = pattern.spec.placement;
  for (const auto& [list, names] : {std::pair{"placement.before", &placement.before},
                                    std::pair{"placement.after", &placement.after}}) {
    for (std::size_t i = 0; i < names->size(); ++i) {
      if ((*names)[i] == pattern.name) {
        return At(list, i) + ": " + pattern.name + " is the pattern itself";
      }
    }
  }
  const auto& before = placement.before;
  for (std::size_t i = 0; i < placement.after.size(); ++i) {
    const std::string& name = placement.after[i];
    if (std::find(before.begin(), before.end(), name) == before.end()) continue;
    return At("placement.after", i) + ": " + name + " stands in placement.before too";
  }
  return std::nullopt;
}

// A Regular companion starts beside the target and cannot hold it back.
Complaint ValidateMode(const Pattern& pattern, const nlohmann::json& spec) {
  if (pattern.spec.placement.mode != PlacementMode::kRegular) return std::nullopt;
  if (pattern.kind == PatternKind::kSidecar && pattern.spec.role == Role::kPopulate &&
      Has(pattern.spec.container, "startupProbe")) {
    return "spec.placement.mode: a Sidecar with role: Populate and a startupProbe cannot hold its "
           "target back with mode: Regular, for it starts beside the target: remove mode";
  }
  const bool is_outbound =
      pattern.kind == PatternKind::kAmbassador && pattern.spec.direction == Direction::kOutbound;
  if (is_outbound && (!Has(spec, "waitSeconds") || pattern.spec.wait_seconds != 0)) {
    return "spec.placement.mode: an Outbound Ambassador with mode: Regular starts beside the "
           "target and cannot be waited for: set waitSeconds: 0, or remove mode";
  }
  return std::nullopt;
}

Complaint ValidateWait(const Pattern& pattern, const nlohmann::json& spec) {
  if (!Has(spec, "waitSeconds") || pattern.spec.direction != Direction::kInbound) {
    return std::nullopt;
  }
  return "spec.waitSeconds: only an Outbound Ambassador is waited for: remove waitSeconds";
}

}  // namespace

std::optional<std::string> ValidatePlacement(const Pattern& pattern, const nlohmann::json& spec) {
  if (auto complaint = ValidateTarget(pattern)) return complaint;
  if (auto complaint = ValidateNames(pattern)) return complaint;
  if (auto complaint = ValidateMode(pattern, spec)) return complaint;
  return ValidateWait(pattern, spec);
}

}  // namespace remora::api
