#include "operator/injection/pattern_compiler.h"

#include <algorithm>
#include <array>

#include "operator/api/field_rules.h"
#include "operator/injection/parameters.h"

namespace remora::injection {

namespace {

std::string Prefixed(const std::string& pattern, std::string_view name) {
  return pattern + "--" + std::string(name);
}

std::string At(std::string_view field, std::size_t index) {
  return "spec." + std::string(field) + "[" + std::to_string(index) + "]";
}

Error Bad(const std::string& where, const std::string& what) {
  return Error(ErrorCode::kInvalid, where + ": " + what);
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
       {&PatternCompiler::Parameters, &PatternCompiler::Companion, &PatternCompiler::InitContainers,
        &PatternCompiler::Volumes, &PatternCompiler::Shares, &PatternCompiler::Files,
        &PatternCompiler::Env, &PatternCompiler::Endpoints, &PatternCompiler::Sockets,
        &PatternCompiler::Metrics, &PatternCompiler::PullSecrets, &PatternCompiler::Metadata}) {
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

Result<void> PatternCompiler::InitContainers() {
  for (std::size_t i = 0; i < pattern_.spec.init_containers.size(); ++i) {
    const nlohmann::json& init = pattern_.spec.init_containers[i];
    auto container =
        Container(init, Prefixed(pattern_.name, init.value("name", "")), At("initContainers", i));
    if (!container.ok()) return container.error();
    out_.init_containers.push_back(std::move(*container));
  }
  return {};
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
  compiled.on_conflict = variable.on_conflict;
  compiled.operation = variable.operation;
  compiled.separator = variable.separator;
  auto done = Text(variable.name, Stage::kAll, where + ".name", compiled.name);
  if (!done.ok()) return done.error();
  if (!variable.value_from.is_null()) {
    auto source = Template::FromJson(variable.value_from, table_, where + ".valueFrom");
    if (!source.ok()) return source.error();
    compiled.value_from = std::move(*source);
    return compiled;
  }
  // The path decides about `$`: the target's variables are expanded like the companion's.
  Template unused;
  const std::string value = variable.value.value_or("");
  done = Text(value, Stage::kAll, where + ".value", unused);
  if (!done.ok()) return done.error();
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
  const bool is_udp = endpoint.protocol == api::EndpointProtocol::kUdp;
  compiled.transport = is_udp ? Transport::kUdp : Transport::kTcp;
  compiled.is_socket = endpoint.protocol == api::EndpointProtocol::kUnix;
  compiled.socket_path = endpoint.socket_path;
  auto port = OwnPort(endpoint.port, where + ".port");
  if (!port.ok()) return port.error();
  compiled.port = *port;
  auto done = Text(endpoint.upstream, Stage::kPorts, where + ".upstream", compiled.upstream);
  if (!done.ok()) return done.error();
  for (const std::string& hostname : endpoint.hostnames) {
    done = Text(hostname, Stage::kRequest, where + ".hostnames", compiled.hostnames.emplace_back());
    if (!done.ok()) return done.error();
  }
  done = Variables(endpoint, where, compiled);
  if (!done.ok()) return done.error();
  return compiled;
}

Result<void> PatternCompiler::Variables(const api::Endpoint& endpoint, const std::string& where,
                                        CompiledEndpoint& compiled) {
  const api::EndpointEnvironment& env = endpoint.env;
  struct Written {
    std::string name;
    std::string value;
    const char* path;
    const char* path_of_name;
  };
  const std::array<Written, 3> variables = {{
      {env.host, "$(endpoints." + endpoint.name + ".host)", ".env.host", ".env.host"},
      {env.port, "$(endpoints." + endpoint.name + ".port)", ".env.port", ".env.port"},
      {env.url ? env.url->name : "", env.url ? env.url->value : "", ".env.url", ".env.url.name"},
  }};
  for (const Written& written : variables) {
    if (written.name.empty()) continue;
    Template unused;
    auto done = Text(written.name, Stage::kAll, where + written.path_of_name, unused);
    if (!done.ok()) return done;
    auto variable = Variable({.name = written.name,
                              .value = written.value,
                              .value_from = nullptr,
                              .separator = {},
                              .on_conflict = api::OnConflict::kOverride},
                             where + written.path);
    if (!variable.ok()) return variable.error();
    compiled.variables.push_back(std::move(*variable));
  }
  return {};
}

// The folder of a socket is a directory that companion and targets share.
Result<void> PatternCompiler::Sockets() {
  for (const api::Endpoint& endpoint : pattern_.spec.endpoints) {
    if (endpoint.protocol != api::EndpointProtocol::kUnix) continue;
    const std::string folder = endpoint.socket_path.substr(0, endpoint.socket_path.rfind('/'));
    const bool shared = std::any_of(out_.shares.begin(), out_.shares.end(), [&](const auto& share) {
      return share.target_path.IsLiteral() && share.target_path.LiteralText() == folder;
    });
    if (shared) continue;
    api::Share share;
    share.name = endpoint.name;
    share.path = folder;
    share.target_path = folder;
    share.access = api::ShareAccess::kCompanionWrites;
    auto compiled = Share(share, "spec.endpoints");
    if (!compiled.ok()) return compiled.error();
    out_.shares.push_back(std::move(*compiled));
  }
  return {};
}

Result<void> PatternCompiler::Metrics() {
  if (!pattern_.spec.metrics) return {};
  auto port = OwnPort(pattern_.spec.metrics->port, "spec.metrics.port");
  if (!port.ok()) return port.error();
  out_.metrics_port = *port;
  out_.metrics_key = PortKey("metrics");
  return Text(pattern_.spec.metrics->path, Stage::kAll, "spec.metrics.path", out_.metrics_path);
}

Result<void> PatternCompiler::PullSecrets() {
  for (std::size_t i = 0; i < pattern_.spec.image_pull_secrets.size(); ++i) {
    auto done = Text(pattern_.spec.image_pull_secrets[i].name, Stage::kAll,
                     At("imagePullSecrets", i) + ".name", out_.pull_secrets.emplace_back());
    if (!done.ok()) return done;
  }
  return {};
}

Result<void> PatternCompiler::Metadata() {
  const auto compile = [&](const std::map<std::string, std::string>& pairs, const char* field,
                           std::vector<CompiledPair>& out) -> Result<void> {
    for (const auto& [key, value] : pairs) {
      CompiledPair pair;
      pair.key = key;
      auto done = Text(value, Stage::kAll, std::string("spec.") + field + "." + key, pair.value);
      if (!done.ok()) return done;
      out.push_back(std::move(pair));
    }
    return {};
  };
  auto done = compile(pattern_.spec.pod_labels, "podLabels", out_.pod_labels);
  if (!done.ok()) return done;
  return compile(pattern_.spec.pod_annotations, "podAnnotations", out_.pod_annotations);
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
