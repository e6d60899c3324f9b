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

bool DeclaresPort(const ContainerFacts& facts, const api::IntOrString& port, Arena& arena) {
  for (const JsonValue declared : facts.ports.elements()) {
    if (port.number ? declared["containerPort"].Integer() == *port.number
                    : declared["name"].String(arena) == std::string_view(port.text)) {
      return true;
    }
  }
  return false;
}

class TargetFinder {
 public:
  TargetFinder(Context& context, Candidate& candidate, Occupancy& occupancy)
      : context_(context), candidate_(candidate), occupancy_(occupancy) {}

  // `where` says who names it.
  void AddNamed(std::string_view name, std::string_view where) {
    if (ContainerOccupancy* container = occupancy_.FindContainer(name)) {
      return AddTarget(candidate_, container);
    }
    std::vector<std::string_view> names;
    names.reserve(context_.pod.containers.size() + context_.pod.init_containers.size());
    for (const ContainerFacts& facts : context_.pod.containers) names.push_back(facts.name);
    for (const ContainerFacts& facts : context_.pod.init_containers) names.push_back(facts.name);
    const std::string_view nearest = api::NearestName(name, names);
    Refuse(
        candidate_, Reason::kTargetNotFound,
        context_.Text({where, ": this Pod has no container \"", name, "\"",
                       nearest.empty() ? "" : context_.Text({"; did you mean ", nearest, "?"})}));
  }

  void AddByPattern() {
    const api::Target& target = candidate_.pattern->spec().target;
    switch (target.containers) {
      case api::TargetContainers::kDefault:
        if (ContainerOccupancy* container = DefaultTarget(context_, occupancy_)) {
          AddTarget(candidate_, container);
        }
        return;
      case api::TargetContainers::kNamed:
        for (const std::string& name : target.names) {
          AddNamed(name, context_.Text({api::PatternKindName(candidate_.kind), " ", candidate_.name,
                                        ", spec.target.names"}));
        }
        return;
      case api::TargetContainers::kAll:
      case api::TargetContainers::kPort:
        for (ContainerOccupancy& container : occupancy_.containers()) {
          const bool serves =
              target.containers == api::TargetContainers::kAll ||
              (target.port && DeclaresPort(container.facts(), *target.port, context_.arena));
          if (serves && !container.facts().foreign) AddTarget(candidate_, &container);
        }
        return;
    }
  }

 private:
  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
};

// The first of the Pod's init containers that start after the companion.
std::size_t FirstServed(const Context& context, const Candidate& candidate) {
  const CompiledPattern& pattern = *candidate.pattern;
  const bool native = !pattern.companion || IsNative(context, candidate);
  if (candidate.bypassed) return 0;  // the real address is there from the beginning
  if (!native) return context.pod.init_containers.size();
  const std::size_t companion = pattern.init_containers.size();
  return pattern.companion ? candidate.places[companion].slot : candidate.places.back().slot;
}

}  // namespace

bool IsOutbound(const Candidate& candidate) {
  return candidate.kind == api::PatternKind::kAmbassador &&
         candidate.pattern->spec().direction == api::Direction::kOutbound;
}

void ResolveTargets(Context& context, Candidate& candidate, Occupancy& occupancy) {
  TargetFinder finder(context, candidate, occupancy);
  for (const std::string_view name : candidate.named_targets) {
    finder.AddNamed(name, context.Text({"annotation ", api::kTargetPrefix, candidate.name}));
  }
  if (candidate.named_targets.empty()) finder.AddByPattern();
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
