#include "operator/injection/pattern_compiler.h"

#include <algorithm>
#include <array>

#include "operator/api/field_rules.h"
#include "operator/injection/parameters.h"

namespace remora::injection {

namespace {

constexpr int kLastPort = 65535;
constexpr std::array<std::string_view, 3> kProbes = {"livenessProbe", "readinessProbe",
                                                     "startupProbe"};

std::string Prefixed(const std::string& pattern, std::string_view name) {
  return pattern + "--" + std::string(name);
}

std::string At(std::string_view field, std::size_t index) {
  return "spec." + std::string(field) + "[" + std::to_string(index) + "]";
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

// Nothing, or what is wrong with the size of a new emptyDir.
std::optional<std::string> CheckSizeLimit(const std::optional<api::IntOrString>& size) {
  if (!size || size->number || size->text.starts_with("$(")) return std::nullopt;
  const auto quantity = ParseQuantity(size->text);
  if (quantity && *quantity > 0) return std::nullopt;
  return "expected " + std::string(api::formats::kSizeLimit.expectation) + NotValue(size->text);
}

}  // namespace

Result<void> PatternCompiler::Run() {
  using Step = Result<void> (PatternCompiler::*)();
  for (const Step step :
       {&PatternCompiler::Parameters, &PatternCompiler::Container, &PatternCompiler::Ports,
        &PatternCompiler::Mounts, &PatternCompiler::Volumes, &PatternCompiler::Shares,
        &PatternCompiler::Files, &PatternCompiler::Env, &PatternCompiler::Endpoints,
        &PatternCompiler::Metrics}) {
    if (auto done = (this->*step)(); !done.ok()) return done;
  }
  out_.references = std::move(table_).references();
  return {};
}

Result<void> PatternCompiler::Parameters() {
  for (std::size_t i = 0; i < pattern_.spec.parameters.size(); ++i) {
    auto compiled = CompileParameter(pattern_.spec.parameters[i], At("parameters", i));
    if (!compiled.ok()) return compiled.error();
    out_.parameters.push_back(std::move(*compiled));
  }
  return {};
}

Result<void> PatternCompiler::Container() {
  const nlohmann::json& container = pattern_.spec.container;
  nlohmann::json adjusted = container;
  if (const auto devices = adjusted.find("volumeDevices"); devices != adjusted.end()) {
    for (auto& device : *devices) RenameDevice(device);
  }
  auto members = Template::FromMembers(adjusted, table_, "spec.container",
                                       {"name", "ports", "volumeMounts", "restartPolicy"});
  if (!members.ok()) return members.error();
  out_.container = std::move(*members);
  out_.has_startup_probe = Member(container, "startupProbe").is_object();
  for (const std::string_view probe : kProbes) {
    CollectHandlerPorts(Member(container, probe), out_.probe_ports);
  }
  for (const char* hook : {"postStart", "preStop"}) {
    CollectHandlerPorts(Member(Member(container, "lifecycle"), hook), out_.probe_ports);
  }
  return {};
}

void PatternCompiler::RenameDevice(nlohmann::json& device) {
  const nlohmann::json& name = Member(device, "name");
  if (name.is_string() && IsOwnVolume(name.get<std::string>())) {
    device["name"] = Prefixed(pattern_.name, name.get<std::string>());
  }
}

Result<void> PatternCompiler::Ports() {
  const nlohmann::json& ports = Member(pattern_.spec.container, "ports");
  if (ports.is_null()) return {};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto port =
        Port(Member(ports[i], "containerPort"), At("container.ports", i) + ".containerPort");
    if (!port.ok()) return port.error();
    out_.declared_ports.push_back({*port, Member(ports[i], "protocol") == "UDP"});
  }
  auto json = Template::FromJson(ports, table_, "spec.container.ports");
  if (!json.ok()) return json.error();
  out_.container_ports = std::move(*json);
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
  } else if (read.root != Root::kEndpointPort && read.root != Root::kMetricsPort &&
             read.root != Root::kTargetPort) {
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

Result<void> PatternCompiler::Mounts() {
  const nlohmann::json& mounts = Member(pattern_.spec.container, "volumeMounts");
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    auto mount = Mount(mounts[i], At("container.volumeMounts", i));
    if (!mount.ok()) return mount.error();
    out_.mounts.push_back(std::move(*mount));
  }
  return {};
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
    volume = Prefixed(pattern_.name, volume);
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

Result<void> PatternCompiler::Volumes() {
  for (std::size_t i = 0; i < pattern_.spec.volumes.size(); ++i) {
    nlohmann::json volume = pattern_.spec.volumes[i];
    CompiledVolume compiled;
    compiled.name = Prefixed(pattern_.name, volume.value("name", ""));
    volume["name"] = compiled.name;
    auto json = Template::FromJson(volume, table_, At("volumes", i));
    if (!json.ok()) return json.error();
    compiled.json = std::move(*json);
    out_.volumes.push_back(std::move(compiled));
  }
  return {};
}

Result<void> PatternCompiler::Shares() {
  for (std::size_t i = 0; i < pattern_.spec.share.size(); ++i) {
    auto share = Share(pattern_.spec.share[i], At("share", i));
    if (!share.ok()) return share.error();
    out_.shares.push_back(std::move(*share));
  }
  return {};
}

Result<CompiledShare> PatternCompiler::Share(const api::Share& share, const std::string& where) {
  if (const auto complaint = CheckSizeLimit(share.size_limit)) {
    return Bad(where + ".sizeLimit", *complaint);
  }
  CompiledShare compiled;
  compiled.volume = Prefixed(pattern_.name, share.name);
  const bool populate =
      pattern_.kind == api::PatternKind::kSidecar && pattern_.spec.role == api::Role::kPopulate;
  compiled.access = share.access.value_or(populate ? api::ShareAccess::kCompanionWrites
                                                   : api::ShareAccess::kTargetWrites);
  struct Field {
    const std::string& text;
    const char* name;
    Template& out;
  };
  const std::array<Field, 4> fields = {{
      {share.path, ".path", compiled.path},
      {share.target_path, ".targetPath", compiled.target_path},
      {share.sub_path, ".subPath", compiled.sub_path},
      {share.volume_name, ".volumeName", compiled.volume_name},
  }};
  for (const Field& field : fields) {
    // What makes a value may not refer to what is made from it: ports are known before shares.
    auto done = Text(field.text, Stage::kPorts, where + field.name, field.out);
    if (!done.ok()) return done.error();
  }
  nlohmann::json empty_dir = nlohmann::json::object();
  if (!share.medium.empty()) empty_dir["medium"] = share.medium;
  if (share.size_limit) empty_dir["sizeLimit"] = share.size_limit->text;
  auto members = Template::FromMembers(empty_dir, table_, where, {});
  if (!members.ok()) return members.error();
  compiled.empty_dir = std::move(*members);
  return compiled;
}

Result<void> PatternCompiler::Files() {
  for (std::size_t i = 0; i < pattern_.spec.files.size(); ++i) {
    const api::File& file = pattern_.spec.files[i];
    const std::string where = At("files", i);
    CompiledFile compiled;
    auto done = Text(file.path, Stage::kAll, where + ".path", compiled.path);
    if (done.ok()) done = Text(file.content, Stage::kAll, where + ".content", compiled.content);
    if (!done.ok()) return done;
    out_.files.push_back(std::move(compiled));
  }
  return {};
}

Result<void> PatternCompiler::Env() {
  for (std::size_t i = 0; i < pattern_.spec.env.size(); ++i) {
    auto variable = Variable(pattern_.spec.env[i], At("env", i));
    if (!variable.ok()) return variable.error();
    out_.env.push_back(std::move(*variable));
  }
  return {};
}

Result<CompiledVariable> PatternCompiler::Variable(const api::EnvironmentVariable& variable,
                                                   const std::string& where) {
  CompiledVariable compiled;
  compiled.name = variable.name;
  compiled.on_conflict = variable.on_conflict;
  compiled.has_value_from = !variable.value_from.is_null();
  // First each field on its own, for a complaint with its path; the JSON below has another one,
  // which decides about `$`: the target's variables are expanded like the companion's.
  const std::string value = variable.value.value_or("");
  Template unused;
  auto done = Text(variable.name, Stage::kAll, where + ".name", unused);
  if (done.ok()) done = Text(value, Stage::kAll, where + ".value", unused);
  if (!done.ok()) return done.error();
  nlohmann::json json = {{"name", variable.name}};
  if (variable.value) json["value"] = value;
  if (compiled.has_value_from) {
    auto source = Template::FromJson(variable.value_from, table_, where + ".valueFrom");
    if (!source.ok()) return source.error();
    json["valueFrom"] = variable.value_from;
  }
  auto whole = Template::FromJson(json, table_, "env[]");
  if (!whole.ok()) return whole.error().WithContext(where);
  compiled.json = std::move(*whole);
  auto text = Template::FromJson(value, table_, "env[].value");
  if (!text.ok()) return text.error().WithContext(where);
  compiled.value = std::move(*text);
  return compiled;
}

Result<void> PatternCompiler::Endpoints() {
  for (std::size_t i = 0; i < pattern_.spec.endpoints.size(); ++i) {
    auto endpoint = Endpoint(pattern_.spec.endpoints[i], At("endpoints", i));
    if (!endpoint.ok()) return endpoint.error();
    out_.endpoints.push_back(std::move(*endpoint));
  }
  return {};
}

Result<CompiledEndpoint> PatternCompiler::Endpoint(const api::Endpoint& endpoint,
                                                   const std::string& where) {
  CompiledEndpoint compiled;
  compiled.port_key = PortKey(endpoint.name);
  auto port = OwnPort(endpoint.port, where + ".port");
  if (!port.ok()) return port.error();
  compiled.port = *port;
  auto done = Text(endpoint.upstream, Stage::kPorts, where + ".upstream", compiled.upstream);
  if (!done.ok()) return done.error();
  const api::EndpointEnvironment& env = endpoint.env;
  struct Written {
    std::string name;
    std::string value;
    const char* path;
    const char* path_of_name;
  };
  const std::array<Written, 3> variables = {{
      {env.host, "127.0.0.1", ".env.host", ".env.host"},
      {env.port, "$(endpoints." + endpoint.name + ".port)", ".env.port", ".env.port"},
      {env.url ? env.url->name : "", env.url ? env.url->value : "", ".env.url", ".env.url.name"},
  }};
  for (const Written& written : variables) {
    if (written.name.empty()) continue;
    Template unused;
    done = Text(written.name, Stage::kAll, where + written.path_of_name, unused);
    if (!done.ok()) return done.error();
    auto variable = Variable({.name = written.name,
                              .value = written.value,
                              .value_from = nullptr,
                              .on_conflict = api::OnConflict::kOverride},
                             where + written.path);
    if (!variable.ok()) return variable.error();
    compiled.variables.push_back(std::move(*variable));
  }
  return compiled;
}

Result<void> PatternCompiler::Metrics() {
  if (!pattern_.spec.metrics) return {};
  auto port = OwnPort(pattern_.spec.metrics->port, "spec.metrics.port");
  if (!port.ok()) return port.error();
  out_.metrics_port = *port;
  out_.metrics_key = PortKey("metrics");
  return Text(pattern_.spec.metrics->path, Stage::kAll, "spec.metrics.path", out_.metrics_path);
}

std::string PatternCompiler::PortKey(const std::string& name) const {
  return std::string(api::PatternKindName(pattern_.kind)) + "/" + pattern_.namespace_name + "/" +
         pattern_.name + "/" + name;
}

Result<void> PatternCompiler::Text(const std::string& text, Stage latest, const std::string& where,
                                   Template& out) {
  auto compiled = Template::FromText(text, table_, latest);
  if (!compiled.ok()) return compiled.error().WithContext(where);
  out = std::move(*compiled);
  return {};
}

bool PatternCompiler::IsOwnVolume(const std::string& name) const {
  const auto& volumes = pattern_.spec.volumes;
  return std::any_of(volumes.begin(), volumes.end(),
                     [&](const nlohmann::json& v) { return v.value("name", "") == name; });
}

std::optional<std::size_t> PatternCompiler::ShareNamed(const std::string& name) const {
  const auto& shares = pattern_.spec.share;
  const auto found = std::find_if(shares.begin(), shares.end(),
                                  [&](const api::Share& share) { return share.name == name; });
  if (found == shares.end()) return std::nullopt;
  return static_cast<std::size_t>(found - shares.begin());
}

}  // namespace remora::injection
