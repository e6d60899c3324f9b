// The containers of a pattern: fields, ports, mounts.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "operator/injection/parameters.h"
#include "operator/injection/pattern_compiler.h"
#include "operator/injection/quantity.h"

namespace remora::injection {

namespace {

constexpr int kLastPort = 65535;
constexpr std::array<std::string_view, 3> kProbes = {"livenessProbe", "readinessProbe",
                                                     "startupProbe"};

std::string At(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

Error Bad(const std::string& where, const std::string& what) {
  return Error(ErrorCode::kInvalid, where + ": " + what);
}

const nlohmann::json& Member(const nlohmann::json& object, std::string_view key) {
  static const nlohmann::json kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

bool IsPort(std::int64_t number) { return number >= 1 && number <= kLastPort; }

// The numeric ports that a handler (probe or hook) dials.
void CollectHandlerPorts(const nlohmann::json& handler, std::vector<int>& ports) {
  if (!handler.is_object()) return;
  for (const char* action : {"httpGet", "tcpSocket", "grpc"}) {
    const nlohmann::json& port = Member(Member(handler, action), "port");
    if (!port.is_number_integer() || !IsPort(port.get<std::int64_t>())) continue;
    ports.push_back(port.get<int>());
  }
}

// What is said without a reference; nothing for what cannot be compared before there is a Pod.
Result<std::optional<Quantity>> FixedQuantity(const nlohmann::json& value,
                                              const std::string& where) {
  if (value.is_null()) return std::optional<Quantity>();
  if (!value.is_string() && !value.is_number()) return Bad(where, "expected a quantity");
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find("$(") != std::string::npos) return std::optional<Quantity>();
  auto quantity = Quantity::Parse(text);
  if (!quantity) return Bad(where, "expected a quantity such as 100m or 64Mi" + NotValue(text));
  return quantity;
}

// The API server would refuse every Pod that gets such a companion.
Result<void> CheckResources(const nlohmann::json& resources, const std::string& where) {
  if (!resources.is_object()) return {};
  const nlohmann::json& requests = Member(resources, "requests");
  const nlohmann::json& limits = Member(resources, "limits");
  for (const auto& [list, values] : {std::pair{".limits.", &limits}, {".requests.", &requests}}) {
    if (!values->is_object()) continue;
    for (const auto& item : values->items()) {
      const auto quantity = FixedQuantity(item.value(), where + list + item.key());
      if (!quantity.ok()) return quantity.error();
      if (values != &requests || !*quantity || !limits.is_object()) continue;
      const auto limit = FixedQuantity(Member(limits, item.key()), where);
      if (limit.ok() && *limit && **quantity > **limit) {
        return Bad(where + list + item.key(), "expected at most the limit");
      }
    }
  }
  return {};
}

}  // namespace

Result<void> PatternCompiler::Companion() {
  const nlohmann::json& container = pattern_.spec.container;
  if (container.is_null()) return {};
  auto compiled = Container(container, pattern_.name, "spec.container");
  if (!compiled.ok()) return compiled.error();
  out_.companion = std::move(*compiled);
  out_.has_startup_probe = Member(container, "startupProbe").is_object();
  for (const std::string_view probe : kProbes) {
    CollectHandlerPorts(Member(container, probe), out_.probe_ports);
  }
  for (const char* hook : {"postStart", "preStop"}) {
    CollectHandlerPorts(Member(Member(container, "lifecycle"), hook), out_.probe_ports);
  }
  return {};
}

Result<CompiledContainer> PatternCompiler::Container(const nlohmann::json& container,
                                                     const std::string& name,
                                                     const std::string& where) {
  CompiledContainer compiled;
  compiled.name = name;
  compiled.where = where;
  nlohmann::json adjusted = container;
  if (const auto devices = adjusted.find("volumeDevices"); devices != adjusted.end()) {
    for (auto& device : *devices) RenameDevice(device);
  }
  auto members = Template::FromMembers(adjusted, table_, where,
                                       {"name", "image", "env", "ports", "volumeMounts",
                                        "restartPolicy", "resources", "securityContext"});
  if (!members.ok()) return members.error();
  compiled.members = std::move(*members);
  if (auto checked = CheckResources(Member(container, "resources"), where + ".resources");
      !checked.ok()) {
    return checked.error();
  }
  compiled.has_pull_policy = Member(container, "imagePullPolicy").is_string();
  for (const auto& [key, out] : {std::pair{"resources", &compiled.resources},
                                 std::pair{"securityContext", &compiled.security_context}}) {
    const nlohmann::json& part = Member(container, key);
    if (!part.is_object()) continue;
    auto json = Template::FromJson(part, table_, where + "." + key);
    if (!json.ok()) return json.error();
    *out = std::move(*json);
  }
  auto done = Text(container.value("image", ""), Stage::kAll, where + ".image", compiled.image);
  if (done.ok()) done = Environment(Member(container, "env"), where + ".env", compiled);
  if (done.ok()) done = Ports(Member(container, "ports"), where + ".ports", compiled);
  if (!done.ok()) return done.error();
  const nlohmann::json& mounts = Member(container, "volumeMounts");
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    auto mount = Mount(mounts[i], At(where + ".volumeMounts", i));
    if (!mount.ok()) return mount.error();
    compiled.mounts.push_back(std::move(*mount));
  }
  return compiled;
}

void PatternCompiler::RenameDevice(nlohmann::json& device) const {
  const nlohmann::json& name = Member(device, "name");
  if (name.is_string() && IsOwnVolume(name.get<std::string>())) {
    device["name"] = pattern_.name + "--" + name.get<std::string>();
  }
}

Result<void> PatternCompiler::Environment(const nlohmann::json& env, const std::string& where,
                                          CompiledContainer& out) {
  if (env.is_null()) return {};
  for (const nlohmann::json& variable : env) {
    const nlohmann::json& name = Member(variable, "name");
    if (name.is_string()) out.variables.push_back(name.get<std::string>());
  }
  auto json = Template::FromJson(env, table_, where);
  if (!json.ok()) return json.error();
  out.env = std::move(*json);
  return {};
}

Result<void> PatternCompiler::Ports(const nlohmann::json& ports, const std::string& where,
                                    CompiledContainer& out) {
  if (ports.is_null()) return {};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto port = Port(Member(ports[i], "containerPort"), At(where, i) + ".containerPort");
    if (!port.ok()) return port.error();
    const nlohmann::json& protocol = Member(ports[i], "protocol");
    out.declared_ports.push_back(
        {*port, ParseTransport(protocol.is_string() ? protocol.get<std::string>() : "")});
  }
  auto json = Template::FromJson(ports, table_, where);
  if (!json.ok()) return json.error();
  out.ports = std::move(*json);
  return {};
}

Result<CompiledPort> PatternCompiler::Port(const nlohmann::json& value, const std::string& where) {
  if (value.is_string()) return PortText(value.get<std::string>(), where);
  if (value.is_number_integer() && IsPort(value.get<std::int64_t>())) {
    return CompiledPort{value.get<int>(), std::nullopt};
  }
  return Bad(where, value.is_null() ? "missing; expected a port from 1 to 65535"
                                    : "expected a port from 1 to 65535, not " + value.dump());
}

Result<CompiledPort> PatternCompiler::PortText(const std::string& text, const std::string& where) {
  const Error refused = Bad(where,
                            "expected a port from 1 to 65535 or one reference to a parameter of "
                            "type port or integer" +
                                NotValue(text));
  const bool whole = text.starts_with("$(") && text.find(')') == text.size() - 1;
  if (!whole) return refused;
  auto reference = table_.Add(std::string_view(text).substr(2, text.size() - 3), Stage::kPorts);
  if (!reference.ok()) return reference.error().WithContext(where);
  const Reference& read = table_.references()[*reference];
  if (read.root == Root::kParameter) {
    const api::ParameterType type = pattern_.spec.parameters[read.index].type;
    if (type != api::ParameterType::kPort && type != api::ParameterType::kInteger) return refused;
  } else if (read.root != Root::kEndpointPort && read.root != Root::kMetricsPort) {
    return refused;
  }
  return CompiledPort{std::nullopt, *reference};
}

Result<CompiledPort> PatternCompiler::OwnPort(const std::optional<api::IntOrString>& port,
                                              const std::string& where) {
  if (!port) return CompiledPort{};
  if (port->number) return Port(nlohmann::json(*port->number), where);
  auto compiled = PortText(port->text, where);
  if (!compiled.ok()) return compiled;
  const Root root = table_.references()[*compiled->reference].root;
  if (root == Root::kEndpointPort || root == Root::kMetricsPort) {
    return Bad(where, "expected a number or a parameter, not another port of this pattern");
  }
  return compiled;
}

Result<CompiledMount> PatternCompiler::Mount(const nlohmann::json& mount,
                                             const std::string& where) {
  const nlohmann::json& name = Member(mount, "name");
  const nlohmann::json& path = Member(mount, "mountPath");
  if (!name.is_string()) return Bad(where + ".name", "expected the name of a volume");
  if (!path.is_string()) return Bad(where + ".mountPath", "expected a path");
  CompiledMount compiled;
  std::string volume = name.get<std::string>();
  if (IsOwnVolume(volume)) {
    compiled.source = MountSource::kPattern;
    volume = pattern_.name + "--" + volume;
  } else if (const auto share = ShareNamed(volume)) {
    compiled.source = MountSource::kShare;
    compiled.share = *share;
  }
  auto done = Text(volume, Stage::kAll, where + ".name", compiled.volume_name);
  if (done.ok()) {
    done = Text(path.get<std::string>(), Stage::kAll, where + ".mountPath", compiled.mount_path);
  }
  if (!done.ok()) return done.error();
  auto members = Template::FromMembers(mount, table_, where, {"name"});
  if (!members.ok()) return members.error();
  compiled.members = std::move(*members);
  return compiled;
}

}  // namespace remora::injection
