#include "operator/injection/sample_pod.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/annotations.h"
#include "operator/api/reason.h"
#include "operator/injection/pattern_tests.h"
#include "operator/injection/plan.h"

namespace remora::injection {

namespace {

using nlohmann::json;

// Beside the ports that patterns get allocated, and those that they usually fix.
constexpr int kFirstPort = 18080;

// What a string is for, its pattern need not say: a name, a path or an address.
constexpr const char* kWords[] = {"sample", "/sample", "sample:8080"};

std::string TextOf(const std::optional<api::IntOrString>& value, const std::string& otherwise) {
  return value ? value->text : otherwise;
}

std::string SampleValue(const api::Parameter& parameter, const std::string& word) {
  if (parameter.default_value) return *parameter.default_value;
  if (!parameter.enumeration.empty()) return parameter.enumeration.front();
  if (parameter.example) return *parameter.example;
  const std::optional<api::IntOrString>& limit =
      parameter.minimum ? parameter.minimum : parameter.maximum;
  switch (parameter.type) {
    case api::ParameterType::kString: return word;
    case api::ParameterType::kInteger: return TextOf(limit, "1");
    case api::ParameterType::kBoolean: return "true";
    case api::ParameterType::kQuantity: return TextOf(limit, "1Mi");
    case api::ParameterType::kDuration: return TextOf(limit, "1s");
    case api::ParameterType::kPort: return TextOf(limit, "8080");
  }
  return {};
}

// `text` with the parameters in it replaced; of other references nothing is known here.
std::string WithParameters(std::string text, const std::vector<api::Parameter>& parameters,
                           const std::string& word) {
  for (const api::Parameter& parameter : parameters) {
    const std::string reference = "$(params." + parameter.name + ")";
    const std::string value = SampleValue(parameter, word);
    for (std::size_t at = 0; (at = text.find(reference, at)) != std::string::npos;) {
      text.replace(at, reference.size(), value);
      at += value.size();
    }
  }
  return text;
}

json SampleAnnotations(const api::Pattern& pattern, const std::string& word) {
  const std::string_view key = api::ListKey(pattern.kind);
  json annotations = {{std::string(key), pattern.name}};
  for (const api::Parameter& parameter : pattern.spec.parameters) {
    if (parameter.default_value) continue;
    annotations[std::string(api::kParameterPrefix) + pattern.name + "." + parameter.name] =
        SampleValue(parameter, word);
  }
  return annotations;
}

json SampleContainer(const CompiledPattern& pattern, const std::string& name) {
  json ports = json::array();
  int next = kFirstPort;
  const auto declare = [&](const std::string& port_name) {
    const bool known = std::any_of(ports.begin(), ports.end(),
                                   [&](const json& port) { return port["name"] == port_name; });
    if (!known) ports.push_back({{"name", port_name}, {"containerPort", next++}});
  };
  for (const Reference& reference : pattern.references) {
    if (reference.root == Root::kTargetPort) declare(reference.key);
  }
  if (const auto& take_over = pattern.spec().take_over) declare(take_over->port_name);
  if (const auto& port = pattern.spec().target.port) {
    if (port->number) {
      ports.push_back({{"name", "target"}, {"containerPort", *port->number}});
    } else {
      declare(port->text);
    }
  }
  json container = {{"name", name}, {"image", "sample"}};
  if (!ports.empty()) container["ports"] = ports;
  return container;
}

// Those of the Pod that the pattern mounts.
json SampleVolumes(const api::PatternSpec& spec, const std::string& word) {
  json volumes = json::array();
  const auto add = [&](const std::string& name) {
    const json volume = {{"name", WithParameters(name, spec.parameters, word)},
                         {"emptyDir", json::object()}};
    const bool known = std::find(volumes.begin(), volumes.end(), volume) != volumes.end();
    if (!known) volumes.push_back(volume);
  };
  const auto is_own = [&](const json& name) {
    const auto has_name = [&](const json& volume) { return volume.value("name", "") == name; };
    return std::any_of(spec.volumes.begin(), spec.volumes.end(), has_name) ||
           std::any_of(spec.share.begin(), spec.share.end(),
                       [&](const api::Share& share) { return share.name == name; });
  };
  for (const api::Share& share : spec.share) {
    if (!share.volume_name.empty()) add(share.volume_name);
  }
  if (!spec.container.is_object()) return volumes;
  for (const json& mount : spec.container.value("volumeMounts", json::array())) {
    const json name = mount.value("name", json());
    if (name.is_string() && !is_own(name)) add(name.get<std::string>());
  }
  return volumes;
}

// Whether the pattern leaves it to us what stands somewhere.
bool HasMadeUpWords(const CompiledPattern& compiled) {
  const auto is_open = [](const api::Parameter& parameter) {
    return parameter.type == api::ParameterType::kString && !parameter.default_value &&
           parameter.enumeration.empty() && !parameter.example;
  };
  const auto is_label = [](const Reference& reference) {
    return reference.root == Root::kPodLabel;
  };
  const auto& parameters = compiled.spec().parameters;
  return std::any_of(parameters.begin(), parameters.end(), is_open) ||
         std::any_of(compiled.references.begin(), compiled.references.end(), is_label);
}

}  // namespace

json SamplePod(const CompiledPattern& compiled, const std::string& word) {
  const api::Pattern& pattern = compiled.pattern();
  json labels = json::object();
  for (const Reference& reference : compiled.references) {
    if (reference.root == Root::kPodLabel) labels[reference.key] = "sample";
  }
  json containers = json::array();
  for (const std::string& name : pattern.spec.target.names) {
    containers.push_back(SampleContainer(compiled, name));
  }
  if (containers.empty()) containers.push_back(SampleContainer(compiled, "sample-target"));
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", "sample"},
            {"namespace", pattern.namespace_name},
            {"labels", labels},
            {"annotations", SampleAnnotations(pattern, word)}}},
          {"spec", {{"containers", containers}, {"volumes", SampleVolumes(pattern.spec, word)}}}};
}

std::optional<std::string> RenderSample(const std::shared_ptr<const StoredPattern>& pattern,
                                        const Environment& environment) {
  PatternIndex::Builder builder;
  builder.Add(pattern);
  const auto index = std::move(builder).Build();
  PatternTest sample;
  sample.kind = pattern->kind;
  sample.namespace_name = pattern->namespace_name;
  sample.pattern = pattern->name;
  std::optional<std::string> first_failure;
  for (const char* word : kWords) {
    sample.pod = SamplePod(*pattern->compiled, word);
    auto failure = RunPatternTest(sample, *index, environment);
    if (!failure) return std::nullopt;
    if (!first_failure) first_failure = std::move(failure);
  }
  // A sample that does not fit its field says nothing about the values of real Pods.
  const std::string unfit = "got " + std::string(ReasonName(api::Reason::kInvalidParameter));
  if (first_failure->starts_with(unfit)) return std::nullopt;
  return "with sample values in a sample Pod: " + *first_failure;
}

std::optional<InjectedSample> InjectSample(const std::shared_ptr<const StoredPattern>& pattern,
                                           const Environment& environment) {
  PatternIndex::Builder builder;
  builder.Add(pattern);
  const auto index = std::move(builder).Build();
  Workspace workspace;
  JsonDocument document;
  for (const char* word : kWords) {
    json pod = SamplePod(*pattern->compiled, word);
    if (!document.Parse(pod.dump()).ok()) continue;
    const Outcome outcome =
        Inject({.pod = document.root(), .namespace_name = pattern->namespace_name}, *index,
               environment, workspace);
    const bool refused = std::any_of(
        outcome.plan->decisions.begin(), outcome.plan->decisions.end(),
        [](const Decision& decision) { return decision.reason != api::Reason::kInjected; });
    if (outcome.verdict != Verdict::kPatched || refused) continue;
    return InjectedSample{.pod = pod.patch(json::parse(outcome.patch)),
                          .has_made_up_words = HasMadeUpWords(*pattern->compiled)};
  }
  return std::nullopt;
}

void StopAsking(json& pod, const std::string& name) {
  json& metadata = pod["metadata"];
  metadata.erase("name");
  metadata["generateName"] = name;
  json kept = json::object();
  for (const auto& [key, value] : metadata["annotations"].items()) {
    if (!api::AsksForPatterns(key) && key != api::kStatusKey) kept[key] = value;
  }
  kept[std::string(api::kInjectKey)] = "false";
  metadata["annotations"] = std::move(kept);
}

}  // namespace remora::injection
