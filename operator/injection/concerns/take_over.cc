// Take-over: an Inbound Ambassador gets the name of the target's port, so that Services and
// NetworkPolicies that say the name follow; the target's own probes and hooks get the number.
#include <array>

#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::array<std::string_view, 3> kActions = {"httpGet", "tcpSocket", "grpc"};

class TakeOverPlanner {
 public:
  TakeOverPlanner(Context& context, Candidate& candidate, Occupancy& occupancy)
      : context_(context),
        candidate_(candidate),
        occupancy_(occupancy),
        take_over_(*candidate.pattern->spec().take_over) {}

  void Run() {
    const ContainerOccupancy* target = FindTarget();
    if (candidate_.Refused()) return;
    if (target == nullptr) return RefuseNotFound(nullptr);
    const ContainerFacts& facts = target->facts();
    const auto port = FindPort(context_, candidate_, facts, take_over_.port_name);
    if (port->taken_by_another || !occupancy_.TakePortName(facts.name, take_over_.port_name)) {
      return RefuseNotFound(target);
    }
    if (port->index) RemoveName(facts, *port);
    ReplaceInHandlers(facts, *port);
  }

 private:
  Transport TransportOfEndpoint() const {
    for (const CompiledEndpoint& endpoint : candidate_.pattern->endpoints) {
      const auto index = static_cast<std::size_t>(&endpoint - &candidate_.pattern->endpoints[0]);
      if (candidate_.pattern->spec().endpoints[index].name == take_over_.endpoint) {
        return endpoint.transport;
      }
    }
    return Transport::kTcp;
  }

  // The one target that declares a port of the name, with the endpoint's protocol.
  const ContainerOccupancy* FindTarget() {
    const ContainerOccupancy* found = nullptr;
    for (const ContainerOccupancy* target : candidate_.targets) {
      const auto port = FindPort(context_, candidate_, target->facts(), take_over_.port_name);
      if (!port || port->transport != TransportOfEndpoint()) continue;
      if (found != nullptr) {
        Refuse(candidate_, Reason::kTargetAmbiguous,
               Sentence(context_, candidate_,
                        {" takes over the port ", take_over_.port_name, ", which its targets ",
                         found->facts().name, " and ", target->facts().name,
                         " both declare; name one with the annotation ", api::kTargetPrefix,
                         candidate_.name}));
        return nullptr;
      }
      found = target;
    }
    return found;
  }

  void RefuseNotFound(const ContainerOccupancy* target) {
    if (target != nullptr) {
      return Refuse(candidate_, Reason::kPortNotFound,
                    Sentence(context_, candidate_,
                             {" takes over the port ", take_over_.port_name, " of container ",
                              target->facts().name, ", which another pattern has taken already"}));
    }
    std::vector<std::string_view> names;
    for (const ContainerOccupancy* each : candidate_.targets) {
      for (const JsonValue port : each->facts().ports.elements()) {
        names.push_back(port["name"].String(context_.arena).value_or(""));
      }
    }
    const std::string_view nearest = api::NearestName(take_over_.port_name, names);
    Refuse(candidate_, Reason::kPortNotFound,
           Sentence(context_, candidate_,
                    {" takes over the port ", take_over_.port_name, ", but no target declares a ",
                     TransportName(TransportOfEndpoint()), " port of that name",
                     nearest.empty() ? "" : context_.Text({"; did you mean ", nearest, "?"})}));
  }

  static Operation OperationFor(const ContainerFacts& facts) {
    Operation operation;
    operation.list = List::kContainerField;
    operation.container = facts.index;
    operation.container_name = facts.name;
    return operation;
  }

  void RemoveName(const ContainerFacts& facts, const NamedPort& port) {
    Operation operation = OperationFor(facts);
    operation.verb = Verb::kRemove;
    operation.key = PortNamePointer(context_, port);
    operation.field =
        context_.Text({"ports/", context_.Text(static_cast<std::int64_t>(*port.index)), "/name"});
    operation.before = Quoted(context_, take_over_.port_name);
    AddOperation(context_, candidate_, operation);
  }

  void ReplaceInHandlers(const ContainerFacts& facts, const NamedPort& port) {
    struct Handler {
      std::string_view path;
      JsonValue value;
    };
    const std::array<Handler, 5> handlers = {{
        {"livenessProbe", facts.liveness_probe},
        {"readinessProbe", facts.readiness_probe},
        {"startupProbe", facts.startup_probe},
        {"lifecycle/postStart", facts.lifecycle["postStart"]},
        {"lifecycle/preStop", facts.lifecycle["preStop"]},
    }};
    for (const Handler& handler : handlers) {
      for (const std::string_view action : kActions) {
        const JsonValue used = handler.value[action]["port"];
        if (used.String(context_.arena) != std::string_view(take_over_.port_name)) continue;
        Operation operation = OperationFor(facts);
        operation.verb = Verb::kSet;
        operation.key = context_.Text({handler.path, "/", action, "/port"});
        operation.field = operation.key;
        operation.json = context_.Text(static_cast<std::int64_t>(port.number));
        operation.before = used.raw();
        AddOperation(context_, candidate_, operation);
      }
    }
  }

  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
  const api::TakeOver& take_over_;
};

}  // namespace

std::string_view PortNamePointer(const Context& context, const NamedPort& port) {
  return context.Text({"ports/", context.Text(static_cast<std::int64_t>(port.number)), "~1",
                       TransportName(port.transport), "/name"});
}

std::optional<NamedPort> FindPort(const Context& context, const Candidate& candidate,
                                  const ContainerFacts& container, std::string_view name) {
  std::size_t index = 0;
  for (const JsonValue declared : container.ports.elements()) {
    NamedPort port;
    port.number = static_cast<int>(PortNumber(declared["containerPort"]));
    port.transport = ParseTransport(declared["protocol"].RawString());
    port.index = index++;
    if (declared["name"].String(context.arena) == name) return port;
    // An earlier call has taken the name away: it counts as the user wrote it.
    const std::string_view pointer =
        context.Text({"/spec/containers/", container.name, "/", PortNamePointer(context, port)});
    for (const RecordedPath& changed : context.previous.changed()) {
      if (changed.pointer != pointer || changed.before.String(context.arena) != name) continue;
      port.index.reset();
      port.taken_by_another = static_cast<int>(changed.pattern) != candidate.recorded;
      return port;
    }
  }
  return std::nullopt;
}

void PlanTakeOver(Context& context, Candidate& candidate, Occupancy& occupancy) {
  if (!candidate.pattern->spec().take_over) return;
  TakeOverPlanner(context, candidate, occupancy).Run();
}

}  // namespace remora::injection
