// The containers of the Pod that a pattern serves.
#include <algorithm>

#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::string_view kDefaultContainer = "kubectl.kubernetes.io/default-container";

ContainerOccupancy* DefaultTarget(Context& context, Occupancy& occupancy) {
  if (const std::string_view* name = context.pod.FindAnnotation(kDefaultContainer)) {
    for (ContainerOccupancy& container : occupancy.containers()) {
      if (container.facts().name == *name) return &container;
    }
  }
  for (ContainerOccupancy& container : occupancy.containers()) {
    if (!container.facts().foreign) return &container;
  }
  return nullptr;
}

void AddTarget(Candidate& candidate, ContainerOccupancy* container) {
  auto& list = container->facts().init ? candidate.init_targets : candidate.targets;
  if (std::find(list.begin(), list.end(), container) == list.end()) list.push_back(container);
}

void AddNamed(Context& context, Candidate& candidate, Occupancy& occupancy, std::string_view name,
              std::string_view where) {
  if (ContainerOccupancy* container = occupancy.FindContainer(name)) {
    return AddTarget(candidate, container);
  }
  std::vector<std::string_view> names;
  names.reserve(context.pod.containers.size() + context.pod.init_containers.size());
  for (const ContainerFacts& facts : context.pod.containers) names.push_back(facts.name);
  for (const ContainerFacts& facts : context.pod.init_containers) names.push_back(facts.name);
  const std::string_view nearest = api::NearestName(name, names);
  Refuse(candidate, Reason::kTargetNotFound,
         context.Text({where, ": this Pod has no container \"", name, "\"",
                       nearest.empty() ? "" : context.Text({"; did you mean ", nearest, "?"})}));
}

// The Pod's own list of targets for this pattern.
void AddAnnotated(Context& context, Candidate& candidate, Occupancy& occupancy,
                  std::string_view list) {
  const std::string_view where = context.Text({"annotation ", api::kTargetPrefix, candidate.name});
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    std::string_view name = rest.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    AddNamed(context, candidate, occupancy, name, where);
    if (comma == std::string_view::npos || candidate.Refused()) return;
    rest.remove_prefix(comma + 1);
  }
}

bool DeclaresPort(const ContainerFacts& facts, const api::IntOrString& port, Arena& arena) {
  for (const JsonValue declared : facts.ports.elements()) {
    if (port.number ? declared["containerPort"].Integer() == *port.number
                    : declared["name"].String(arena) == std::string_view(port.text)) {
      return true;
    }
  }
  return false;
}

// The first of the Pod's init containers that start after the companion.
std::size_t FirstServed(const Context& context, const Candidate& candidate) {
  const CompiledPattern& pattern = *candidate.pattern;
  const bool native = !pattern.companion || IsNative(context, candidate);
  if (candidate.bypassed) return 0;  // the real address is there from the beginning
  if (!native) return context.pod.init_containers.size();
  const std::size_t companion = pattern.init_containers.size();
  return pattern.companion ? candidate.places[companion].slot : candidate.places.back().slot;
}

void AddByPattern(Context& context, Candidate& candidate, Occupancy& occupancy) {
  const api::Target& target = candidate.pattern->spec().target;
  switch (target.containers) {
    case api::TargetContainers::kDefault:
      if (ContainerOccupancy* container = DefaultTarget(context, occupancy)) {
        AddTarget(candidate, container);
      }
      return;
    case api::TargetContainers::kAll:
      for (ContainerOccupancy& container : occupancy.containers()) {
        if (!container.facts().foreign) AddTarget(candidate, &container);
      }
      return;
    case api::TargetContainers::kNamed:
      for (const std::string& name : target.names) {
        AddNamed(context, candidate, occupancy, name,
                 context.Text({api::PatternKindName(candidate.kind), " ", candidate.name,
                               ", spec.target.names"}));
      }
      return;
    case api::TargetContainers::kPort:
      for (ContainerOccupancy& container : occupancy.containers()) {
        if (!container.facts().foreign && target.port &&
            DeclaresPort(container.facts(), *target.port, context.arena)) {
          AddTarget(candidate, &container);
        }
      }
      return;
  }
}

}  // namespace

bool IsOutbound(const Candidate& candidate) {
  return candidate.kind == api::PatternKind::kAmbassador &&
         candidate.pattern->spec().direction == api::Direction::kOutbound;
}

void ResolveTargets(Context& context, Candidate& candidate, Occupancy& occupancy) {
  const std::string_view key = context.Text({api::kTargetPrefix, candidate.name});
  if (const std::string_view* list = context.pod.FindAnnotation(key)) {
    AddAnnotated(context, candidate, occupancy, *list);
  } else {
    AddByPattern(context, candidate, occupancy);
  }
  if (!candidate.Refused() && candidate.targets.empty() && candidate.init_targets.empty()) {
    const api::Target& target = candidate.pattern->spec().target;
    const std::string_view what = target.containers == api::TargetContainers::kPort && target.port
                                      ? context.Text({"declares port ", target.port->text})
                                      : "is not another injector's";
    Refuse(candidate, Reason::kTargetNotFound,
           context.Text({candidate.asked_by, ": no container of this Pod ", what, ", so ",
                         api::PatternKindName(candidate.kind), " ", candidate.name,
                         " has no target"}));
  }
  if (!IsOutbound(candidate) && !candidate.pattern->spec().target.init_containers) return;
  for (std::size_t i = FirstServed(context, candidate); i < occupancy.init_containers().size();
       ++i) {
    ContainerOccupancy& container = occupancy.init_containers()[i];
    if (!container.facts().foreign) AddTarget(candidate, &container);
  }
}

}  // namespace remora::injection
