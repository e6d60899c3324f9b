#include "operator/injection/explanation.h"

#include <nlohmann/json.hpp>

#include "operator/api/annotations.h"
#include "operator/injection/plan.h"
#include "operator/injection/pod_facts.h"
#include "operator/injection/record.h"

namespace remora::injection {

namespace {

using api::ReasonName;

std::string_view OriginName(ParameterOrigin origin) {
  switch (origin) {
    case ParameterOrigin::kPod: return "Pod";
    case ParameterOrigin::kNamespace: return "Namespace";
    case ParameterOrigin::kDefault: return "default";
  }
  return "";
}

std::string Full(const Decision& decision) {
  std::string text(api::PatternKindName(decision.kind));
  text += ' ';
  if (!decision.namespace_name.empty()) text.append(decision.namespace_name).append("/");
  text += decision.name;
  return text;
}

// "env REDIS_PORT of container cart": what an operation is about, in words.
std::string Subject(const Operation& operation) {
  std::string key(operation.key);
  const std::string container = (operation.init ? " of init container " : " of container ") +
                                std::string(operation.container_name);
  switch (operation.list) {
    case List::kVolumes: return "volume " + key;
    case List::kInitContainers: return "init container " + key;
    case List::kContainers: return "container " + key;
    case List::kEnvironment: return "env " + key + container;
    case List::kMounts: return "mount " + key + container;
    case List::kAnnotations: return "annotation " + key;
    case List::kLabels: return "label " + key;
    case List::kPodSpec: return key;
    case List::kContainerField: return key + container;
    case List::kHostAliases: return "host name " + key + " (127.0.0.1)";
    case List::kPullSecrets: return "image pull secret " + key;
  }
  return key;
}

// " value": the field of a variable that is changed.
std::string FieldOf(const Operation& operation) {
  const bool named = operation.list == List::kEnvironment && !operation.field.empty();
  return named ? " " + std::string(operation.field) : "";
}

std::string WhySkipped(api::Reason reason) {
  std::string text(ReasonName(reason));
  switch (reason) {
    case api::Reason::kOptedOut:
      return text + ": annotation " + std::string(api::kInjectKey) +
             " is \"false\", so no pattern applies";
    case api::Reason::kMirrorPod: return text + ": the Pod is the mirror of a static Pod";
    case api::Reason::kNamespaceDisabled:
      return text + ": its Namespace has the label " + std::string(api::kInjectionLabel) +
             ": disabled";
    default: return text;
  }
}

// Whether the record lists it: the record itself is of no pattern.
bool BelongsTo(const Operation& operation, std::size_t decision) {
  return operation.decision == decision && operation.key != api::kStatusKey;
}

class TextWriter {
 public:
  std::string Write(const Outcome& outcome) {
    const Plan& plan = *outcome.plan;
    if (!plan.refusal.empty()) {
      Line("denied: " + std::string(outcome.message));
    } else if (plan.skipped) {
      Line("unchanged: " + WhySkipped(*plan.skipped));
    } else if (plan.decisions.empty()) {
      Line("unchanged: no annotation asks for a pattern");
    }
    for (std::size_t i = 0; i < plan.decisions.size(); ++i) Decided(plan, i);
    for (const Decision& decision : plan.passed_over) {
      Line(Full(decision) + ": " + std::string(ReasonName(decision.reason)) + ": " +
           std::string(decision.message));
    }
    if (outcome.verdict == Verdict::kDenied && plan.refusal.empty()) {
      Line("denied: a pattern that is refused with onError Deny refuses the Pod");
    }
    return std::move(out_);
  }

 private:
  void Decided(const Plan& plan, std::size_t index) {
    const Decision& decision = plan.decisions[index];
    std::string head = Full(decision) + ": " + std::string(ReasonName(decision.reason));
    if (!decision.revision.empty()) head += " (revision " + std::string(decision.revision) + ")";
    Line(head);
    if (!decision.message.empty())
      Row(decision.denies ? "denies" : "because", std::string(decision.message));
    std::string targets;
    for (const std::string_view target : decision.targets) {
      targets += (targets.empty() ? "" : ", ") + std::string(target);
    }
    if (!targets.empty()) Row("targets", targets);
    for (const EffectiveParameter& parameter : decision.parameters) {
      Row("parameter", std::string(parameter.name) + " = " + std::string(parameter.value) + " (" +
                           std::string(OriginName(parameter.origin)) + ")");
    }
    for (const PortBinding& port : decision.ports) {
      Row("port", std::string(port.name) + " = " + std::to_string(port.port) + " (allocated)");
    }
    for (const Operation& operation : plan.operations) {
      if (!BelongsTo(operation, index)) continue;
      if (operation.verb == Verb::kAdd) {
        Row("adds", Subject(operation));
      } else {
        Row("changes",
            Subject(operation) + FieldOf(operation) + " from " + std::string(operation.before) +
                (operation.json.empty() ? " to nothing" : " to " + std::string(operation.json)));
      }
    }
  }

  void Line(const std::string& text) {
    out_ += text + "\n";
    last_label_.clear();
  }

  // The same label is written once for the rows that follow each other.
  void Row(const std::string& label, const std::string& text) {
    constexpr std::size_t kLabelWidth = 11;
    out_ += "  ";
    const std::string shown = label == last_label_ ? "" : label;
    out_ += shown + std::string(kLabelWidth - shown.size(), ' ') + text + "\n";
    last_label_ = label;
  }

  std::string out_;
  std::string last_label_;
};

nlohmann::json DecisionAsJson(const Plan& plan, std::size_t index) {
  const Decision& decision = plan.decisions[index];
  nlohmann::json json = {{"kind", api::PatternKindName(decision.kind)},
                         {"name", decision.name},
                         {"reason", ReasonName(decision.reason)}};
  if (!decision.namespace_name.empty()) json["namespace"] = decision.namespace_name;
  if (!decision.revision.empty()) json["revision"] = decision.revision;
  if (!decision.message.empty()) json["message"] = decision.message;
  if (decision.denies) json["denies"] = true;
  for (const std::string_view target : decision.targets) json["targets"].push_back(target);
  for (const PortBinding& port : decision.ports) json["ports"][std::string(port.name)] = port.port;
  for (const EffectiveParameter& parameter : decision.parameters) {
    json["parameters"][std::string(parameter.name)] = {{"value", parameter.value},
                                                       {"from", OriginName(parameter.origin)}};
  }
  for (const Operation& operation : plan.operations) {
    if (!BelongsTo(operation, index)) continue;
    std::pmr::string pointer;
    AppendPointer(operation, pointer);
    json[operation.verb == Verb::kAdd ? "adds" : "changes"].push_back(pointer);
  }
  return json;
}

}  // namespace

std::string ExplainAsText(const Outcome& outcome) { return TextWriter().Write(outcome); }

std::string ExplainAsJson(const Outcome& outcome) {
  const Plan& plan = *outcome.plan;
  const char* verdict = outcome.verdict == Verdict::kPatched  ? "patched"
                        : outcome.verdict == Verdict::kDenied ? "denied"
                                                              : "unchanged";
  nlohmann::json json = {{"verdict", verdict}, {"patterns", nlohmann::json::array()}};
  if (plan.skipped) json["reason"] = ReasonName(*plan.skipped);
  if (!plan.refusal.empty()) json["reason"] = ReasonName(plan.refusal_reason);
  if (!outcome.message.empty()) json["message"] = outcome.message;
  for (std::size_t i = 0; i < plan.decisions.size(); ++i) {
    json["patterns"].push_back(DecisionAsJson(plan, i));
  }
  for (const Decision& decision : plan.passed_over) {
    json["passedOver"].push_back({{"kind", api::PatternKindName(decision.kind)},
                                  {"namespace", decision.namespace_name},
                                  {"name", decision.name},
                                  {"reason", ReasonName(decision.reason)},
                                  {"message", decision.message}});
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace remora::injection
