// What references stand for in this Pod: parameters first, then what is made from them.
#include <algorithm>

#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"
#include "operator/injection/parameters.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::string_view kLoopback = "127.0.0.1";

// "annotation params.patterns.remora.dev/redis.upstream"
std::string_view ParameterKey(Context& context, const Candidate& candidate, std::string_view name) {
  return context.Text({"annotation ", api::kParameterPrefix, candidate.name, ".", name});
}

std::string_view Described(Context& context, const api::Parameter& spec) {
  return spec.description.empty() ? "" : context.Text({" (", spec.description, ")"});
}

// What the Pod says, else its Namespace.
std::optional<EffectiveParameter> GivenValue(const Context& context, const Candidate& candidate,
                                             std::string_view parameter) {
  const std::string_view key =
      context.Text({api::kParameterPrefix, candidate.name, ".", parameter});
  if (const std::string_view* value = context.pod.FindAnnotation(key)) {
    return EffectiveParameter{parameter, *value, ParameterOrigin::kPod};
  }
  if (context.namespace_facts == nullptr) return std::nullopt;
  const auto& annotations = context.namespace_facts->annotations;
  const auto found = annotations.find(key);
  if (found == annotations.end()) return std::nullopt;
  return EffectiveParameter{parameter, found->second, ParameterOrigin::kNamespace};
}

void RefuseUnknownParameters(Context& context, Candidate& candidate) {
  const std::string_view prefix = context.Text({api::kParameterPrefix, candidate.name, "."});
  for (const Annotation& pair : context.pod.annotations) {
    if (!pair.key.starts_with(prefix)) continue;
    const std::string_view name = pair.key.substr(prefix.size());
    const auto& parameters = candidate.pattern->spec().parameters;
    const auto known = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const api::Parameter& p) { return p.name == name; });
    if (known != parameters.end()) continue;
    std::vector<std::string_view> names;
    std::pmr::string list(&context.arena);
    for (const api::Parameter& parameter : parameters) {
      names.push_back(parameter.name);
      if (!list.empty()) list += ", ";
      list += parameter.name;
    }
    const std::string_view nearest = api::NearestName(name, names);
    const std::string_view hint = !nearest.empty() ? context.Text({"; did you mean ", nearest, "?"})
                                  : names.empty()  ? "; it has none"
                                                   : context.Text({"; expected ", list});
    return Refuse(candidate, Reason::kUnknownParameter,
                  context.Text({"annotation ", pair.key, ": ", api::PatternKindName(candidate.kind),
                                " ", candidate.name, " has no parameter ", name, hint}));
  }
}

// One parameter's value, or nothing where it has none.
std::optional<EffectiveParameter> Effective(Context& context, Candidate& candidate,
                                            const CompiledParameter& parameter) {
  const api::Parameter& spec = *parameter.spec;
  if (const auto given = GivenValue(context, candidate, spec.name)) {
    if (const auto complaint = CheckParameter(parameter, given->value)) {
      const std::string_view whose =
          given->origin == ParameterOrigin::kPod
              ? ""
              : context.Text({" of Namespace ", context.request.namespace_name});
      Refuse(candidate, Reason::kInvalidParameter,
             context.Text({ParameterKey(context, candidate, spec.name), whose, ": ", *complaint,
                           Described(context, spec)}));
      return std::nullopt;
    }
    return given;
  }
  if (spec.default_value) {
    return EffectiveParameter{spec.name, *spec.default_value, ParameterOrigin::kDefault};
  }
  if (spec.required) {
    Refuse(
        candidate, Reason::kMissingParameter,
        context.Text({ParameterKey(context, candidate, spec.name), ": missing; ",
                      api::PatternKindName(candidate.kind), " ", candidate.name, " requires this ",
                      api::ParameterTypeName(spec.type), Described(context, spec)}));
  }
  return std::nullopt;
}

std::optional<Value> ParameterValue(const Candidate& candidate, const api::Parameter& spec) {
  for (const EffectiveParameter& parameter : candidate.parameters) {
    if (parameter.name == spec.name) return Value{parameter.value, IsLiteralType(spec.type)};
  }
  return std::nullopt;
}

std::optional<Value> TargetPort(Context& context, const Candidate& candidate,
                                std::string_view name) {
  const auto port = FindPort(context, candidate, candidate.targets.front()->facts(), name);
  if (!port) return std::nullopt;
  return Value{context.Text(static_cast<std::int64_t>(port->number)), true};
}

std::optional<Value> PortValue(Context& context, int port) {
  return Value{context.Text(static_cast<std::int64_t>(port)), true};
}

// Where the target finds an endpoint: the companion on localhost or, bypassed, the real address.
std::optional<Value> EndpointValue(Context& context, const Candidate& candidate,
                                   const Reference& reference) {
  const CompiledEndpoint& endpoint = candidate.pattern->endpoints[reference.index];
  if (endpoint.is_socket) return Value{endpoint.socket_path};
  std::string_view host = kLoopback;
  std::string_view port =
      context.Text(static_cast<std::int64_t>(candidate.endpoint_ports[reference.index]));
  std::string_view address = context.Text({host, ":", port});
  if (candidate.bypassed) {
    address = Rendered(context, candidate, endpoint.upstream);
    host = HostAndPort(address).host;
    port = HostAndPort(address).port;
  }
  if (reference.root == Root::kEndpointHost) return Value{host};
  return reference.root == Root::kEndpointPort ? Value{port, true} : Value{address};
}

std::optional<Value> ValueOf(Context& context, const Candidate& candidate,
                             const Reference& reference) {
  const CompiledPattern& pattern = *candidate.pattern;
  switch (reference.root) {
    case Root::kParameter:
      return ParameterValue(candidate, pattern.spec().parameters[reference.index]);
    case Root::kPatternName: return Value{pattern.pattern().name};
    case Root::kPatternRevision: return Value{pattern.pattern().revision};
    case Root::kPodNamespace: return Value{context.request.namespace_name};
    case Root::kPodServiceAccountName: return Value{context.pod.service_account_name};
    case Root::kPodLabel: {
      const std::string_view* label = context.pod.FindLabel(reference.key);
      return label == nullptr ? std::nullopt : std::optional<Value>(Value{*label});
    }
    case Root::kTargetName: return Value{candidate.targets.front()->facts().name};
    case Root::kTargetImage: return Value{candidate.targets.front()->facts().image};
    case Root::kTargetPort: return TargetPort(context, candidate, reference.key);
    case Root::kEndpointPort:
    case Root::kEndpointHost:
    case Root::kEndpointAddress: return EndpointValue(context, candidate, reference);
    case Root::kMetricsPort: return PortValue(context, candidate.metrics_port);
    case Root::kEndpointUpstream:
      return Value{Rendered(context, candidate, pattern.endpoints[reference.index].upstream)};
    case Root::kSharePath:
      return Value{Rendered(context, candidate, pattern.shares[reference.index].path)};
  }
  return std::nullopt;
}

bool NeedsTarget(Root root) { return StageOf(root) == Stage::kTarget; }

void RefuseUnresolved(Context& context, Candidate& candidate, const Reference& reference) {
  std::string_view why = " has no value in this Pod";
  if (reference.root == Root::kTargetPort) {
    why = context.Text({": container ", candidate.targets.front()->facts().name,
                        " declares no port named ", reference.key});
  } else if (reference.root == Root::kPodLabel) {
    why = context.Text({": the Pod has no label ", reference.key});
  } else if (reference.root == Root::kParameter) {
    why = context.Text({": set the annotation ", api::kParameterPrefix, candidate.name, ".",
                        candidate.pattern->spec().parameters[reference.index].name});
  }
  Refuse(candidate, Reason::kUnresolvedReference,
         Sentence(context, candidate, {" refers to $(", reference.text, ")", why}));
}

}  // namespace

void ResolveParameters(Context& context, Candidate& candidate) {
  RefuseUnknownParameters(context, candidate);
  for (const CompiledParameter& parameter : candidate.pattern->parameters) {
    if (const auto effective = Effective(context, candidate, parameter)) {
      candidate.parameters.push_back(*effective);
    }
  }
  candidate.values.resize(candidate.pattern->references.size());
}

void CheckRenderedSize(Context& context, Candidate& candidate) {
  constexpr std::size_t kMostBytes = std::size_t{1024} * 1024;  // etcd takes 1.5 MiB a request
  const auto& references = candidate.pattern->references;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < references.size(); ++i) {
    bytes += references[i].uses * candidate.values[i].text.size();
  }
  if (bytes <= kMostBytes) return;
  Refuse(candidate, Reason::kInvalidParameter,
         Sentence(context, candidate,
                  {" would write ", context.Text(static_cast<std::int64_t>(bytes)),
                   " bytes of this Pod's values into it; 1048576 are allowed: give it shorter "
                   "parameters"}));
}

void ResolveValues(Context& context, Candidate& candidate, Stage stage) {
  const auto& references = candidate.pattern->references;
  for (std::size_t i = 0; i < references.size() && !candidate.Refused(); ++i) {
    if (StageOf(references[i].root) != stage) continue;
    if (NeedsTarget(references[i].root) && candidate.targets.size() != 1) {
      return Refuse(candidate, Reason::kTargetAmbiguous,
                    Sentence(context, candidate,
                             {" refers to $(", references[i].text,
                              ") and needs exactly one target; name it with the annotation ",
                              api::kTargetPrefix, candidate.name}));
    }
    if (const auto value = ValueOf(context, candidate, references[i])) {
      candidate.values[i] = *value;
    } else {
      RefuseUnresolved(context, candidate, references[i]);
    }
  }
}

}  // namespace remora::injection
