#include "operator/injection/concerns/companion.h"

#include <algorithm>

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

struct PortText {
  std::string_view name;
  int port = 0;
  Transport transport = Transport::kTcp;
};

void AppendPort(const Context& context, const PortText& port, std::pmr::string& list) {
  list += list.empty() ? "{" : ",{";
  if (!port.name.empty()) {
    list += R"("name":)";
    AppendQuoted(port.name, list);
    list += ',';
  }
  list += R"("containerPort":)";
  list += context.Text(static_cast<std::int64_t>(port.port));
  list += port.transport == Transport::kUdp ? R"(,"protocol":"UDP"})" : "}";
}

}  // namespace

std::string_view CompanionWriter::Write(const CompiledContainer& container, ContainerRole role) {
  mounts_.clear();
  paths_.clear();
  constexpr std::size_t kUsual = 1500;
  std::pmr::string& json = NewString(context_, kUsual);
  json += R"({"name":)";
  AppendQuoted(container.name, json);
  if (!container.members.IsEmpty()) json += ',';
  container.members.AppendTo(candidate_.values, json);
  json += R"(,"image":)";
  AppendQuoted(RenderedAs(context_, candidate_, container.image, api::formats::kImage), json);
  AppendEnvironment(container, json);
  if (!container.has_pull_policy) AppendPullPolicy(json);
  resources_.Append(container, json);
  security_.Append(container, json);
  if (role != ContainerRole::kInit) AppendPorts(container, json);
  AppendMounts(container, json);
  json += role == ContainerRole::kNative ? R"(,"restartPolicy":"Always"})" : "}";
  return json;
}

// Its own variables and, in front of them, those that a shared subPathExpr needs.
void CompanionWriter::AppendEnvironment(const CompiledContainer& container,
                                        std::pmr::string& json) {
  std::pmr::string list(&context_.arena);
  for (const ChosenShare& share : candidate_.shares) {
    ForEachVariable(share.sub_path_expr, [&](std::string_view name) {
      const auto& own = container.variables;
      if (std::find(own.begin(), own.end(), name) != own.end()) return;
      AppendShareVariable(share, name, list);
    });
  }
  if (!container.env.IsEmpty()) {
    const std::string_view own = Rendered(context_, candidate_, container.env);
    if (!list.empty() && own.size() > 2) list += ',';
    list += own.substr(1, own.size() - 2);
  }
  if (list.empty()) return;
  json += R"(,"env":[)";
  json += list;
  json += ']';
}

void CompanionWriter::AppendShareVariable(const ChosenShare& share, std::string_view name,
                                          std::pmr::string& list) {
  const VariableEntry* variable = share.mounted_by->FindVariable(name, context_.arena);
  const bool is_plain = variable != nullptr && variable->value.find("$(") == std::string_view::npos;
  if (!is_plain) {
    return Refuse(candidate_, Reason::kShareAmbiguous,
                  Sentence(context_, candidate_,
                           {" shares ", share.path, " by the subPathExpr ", share.sub_path_expr,
                            ", whose variable ", name, " is not a plain one of container ",
                            share.mounted_by->facts().name}));
  }
  const std::string_view text = context_.Text({R"({"name":)", Quoted(context_, name)});
  if (list.find(text) != std::pmr::string::npos) return;  // for another share
  if (!list.empty()) list += ',';
  list += text;
  if (!variable->value_from.empty()) {
    list += context_.Text({R"(,"valueFrom":)", variable->value_from});
  } else if (!variable->value.empty()) {
    list += context_.Text({R"(,"value":)", variable->value});
  }
  list += '}';
}

void CompanionWriter::AppendPullPolicy(std::pmr::string& json) const {
  bool always = false;
  for (const auto* list : {&context_.pod.containers, &context_.pod.init_containers}) {
    for (const ContainerFacts& container : *list) {
      if (container.foreign) continue;
      if (!container.always_pulls) return;
      always = true;
    }
  }
  if (always) json += R"(,"imagePullPolicy":"Always")";
}

void CompanionWriter::AppendPorts(const CompiledContainer& container, std::pmr::string& json) {
  const CompiledPattern& pattern = *candidate_.pattern;
  std::pmr::string ports(&context_.arena);
  if (!container.ports.IsEmpty()) {
    const std::string_view list = Rendered(context_, candidate_, container.ports);
    if (list.size() > 2) ports += list.substr(1, list.size() - 2);
  }
  const auto& take_over = pattern.spec().take_over;
  for (std::size_t i = 0; i < pattern.endpoints.size(); ++i) {
    const CompiledEndpoint& endpoint = pattern.endpoints[i];
    if (endpoint.is_socket) continue;  // where all are sockets, no port was given out
    const bool takes = take_over && take_over->endpoint == pattern.spec().endpoints[i].name;
    const PortText port = {takes ? std::string_view(take_over->port_name) : "",
                           candidate_.endpoint_ports[i], endpoint.transport};
    if (!takes && IsDeclared(container, port.port, port.transport)) continue;
    AppendPort(context_, port, ports);
  }
  if (pattern.metrics_port && !IsDeclared(container, candidate_.metrics_port, Transport::kTcp)) {
    AppendPort(context_,
               {pattern.spec().metrics->port_name, candidate_.metrics_port, Transport::kTcp},
               ports);
  }
  if (ports.empty()) return;
  json += R"(,"ports":[)";
  json += ports;
  json += ']';
}

// By the pattern's own container.ports, as a number or by reference.
bool CompanionWriter::IsDeclared(const CompiledContainer& container, int port,
                                 Transport transport) const {
  const std::string_view text = context_.Text(static_cast<std::int64_t>(port));
  return std::any_of(container.declared_ports.begin(), container.declared_ports.end(),
                     [&](const DeclaredPort& declared) {
                       const auto& reference = declared.port.reference;
                       return declared.transport == transport &&
                              (reference ? candidate_.values[*reference].text == text
                                         : declared.port.number == port);
                     });
}

void CompanionWriter::AppendMounts(const CompiledContainer& container, std::pmr::string& json) {
  for (const CompiledMount& mount : container.mounts) AppendOwnMount(mount);
  for (std::size_t i = 0; i < candidate_.shares.size(); ++i) {
    const bool reads = candidate_.pattern->shares[i].access == api::ShareAccess::kTargetWrites;
    AppendShareMount(candidate_.shares[i], reads);
  }
  AppendFileMounts();
  AppendTokenMount();
  FinishMounts(json);
}

void CompanionWriter::AppendFileMounts() {
  const auto& files = candidate_.pattern->files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string_view path =
        RenderedAs(context_, candidate_, files[i].path, api::formats::kFilePath);
    if (candidate_.Refused() || !TakePath(path)) return;
    BeginMount(context_.Text({candidate_.name, "--files"}), path);
    mounts_ += R"(,"subPath":")";
    mounts_ += context_.Text(static_cast<std::int64_t>(i));
    mounts_ += R"(","readOnly":true})";
  }
}

// What the ServiceAccount plugin would add afterwards, and call us a second time for.
void CompanionWriter::AppendTokenMount() {
  const std::string_view hidden = candidate_.pattern->token_volume;
  const std::string_view token = hidden.empty() ? context_.pod.TokenVolume() : hidden;
  if (token.empty() || HasPath(kTokenPath)) return;
  BeginMount(token, kTokenPath);
  mounts_ += R"(,"readOnly":true})";
}

void CompanionWriter::FinishMounts(std::pmr::string& json) {
  if (mounts_.empty()) return;
  json += R"(,"volumeMounts":[)";
  json += mounts_;
  json += ']';
}

void CompanionWriter::BeginMount(std::string_view volume, std::string_view path) {
  if (!mounts_.empty()) mounts_ += ',';
  mounts_ += R"({"name":)";
  AppendQuoted(volume, mounts_);
  mounts_ += R"(,"mountPath":)";
  AppendQuoted(path, mounts_);
}

void CompanionWriter::AppendOwnMount(const CompiledMount& mount) {
  std::string_view volume = Rendered(context_, candidate_, mount.volume_name);
  if (mount.source == MountSource::kShare) volume = candidate_.shares[mount.share].volume;
  if (mount.source == MountSource::kPod && !occupancy_.HasVolume(volume)) {
    return Refuse(candidate_, Reason::kVolumeNotFound,
                  Sentence(context_, candidate_,
                           {" mounts the volume ", volume, ", which neither it nor the Pod has"}));
  }
  if (!TakePath(Rendered(context_, candidate_, mount.mount_path))) return;
  if (!mounts_.empty()) mounts_ += ',';
  mounts_ += R"({"name":)";
  AppendQuoted(volume, mounts_);
  mounts_ += ',';
  mount.members.AppendTo(candidate_.values, mounts_);
  mounts_ += '}';
}

void CompanionWriter::AppendShareMount(const ChosenShare& share, bool read_only) {
  if (!TakePath(share.path)) return;
  BeginMount(share.volume, share.path);
  if (!share.sub_path.empty()) {
    mounts_ += R"(,"subPath":)";
    AppendQuoted(share.sub_path, mounts_);
  }
  if (!share.sub_path_expr.empty()) {
    mounts_ += R"(,"subPathExpr":)";
    AppendQuoted(share.sub_path_expr, mounts_);
  }
  mounts_ += read_only ? R"(,"readOnly":true})" : "}";
}

bool CompanionWriter::HasPath(std::string_view path) const {
  return std::find(paths_.begin(), paths_.end(), path) != paths_.end();
}

bool CompanionWriter::TakePath(std::string_view path) {
  const std::string_view normal = NormalPath(path, context_.arena);
  if (HasPath(normal)) {
    Refuse(candidate_, Reason::kMountPathTaken,
           Sentence(context_, candidate_,
                    {" mounts two things at ", normal, " of its own container"}));
    return false;
  }
  paths_.push_back(normal);
  return true;
}

// It proves the listener, not the upstream.
std::string_view CompanionWriter::WriteWait(std::string_view name) {
  mounts_.clear();
  paths_.clear();
  const CompiledPattern& pattern = *candidate_.pattern;
  std::size_t first = 0;
  while (pattern.endpoints[first].transport == Transport::kUdp) ++first;
  const CompiledEndpoint& endpoint = pattern.endpoints[first];
  std::string_view address;
  if (endpoint.is_socket) {
    address = context_.Text({"unix://", endpoint.socket_path});
    for (const ChosenShare& share : candidate_.shares) {
      if (IsAtOrAbove(share.path, endpoint.socket_path)) AppendShareMount(share, true);
    }
  } else {
    address =
        context_.Text({"tcp://127.0.0.1:",
                       context_.Text(static_cast<std::int64_t>(candidate_.endpoint_ports[first]))});
  }
  const std::string_view timeout =
      context_.Text({"--timeout=", context_.Text(pattern.spec().wait_seconds), "s"});
  AppendTokenMount();
  std::pmr::string json(&context_.arena);
  json += context_.Text({R"({"name":)", Quoted(context_, name), R"(,"image":)",
                         Quoted(context_, context_.environment.wait_image), R"(,"args":["wait",)",
                         Quoted(context_, timeout), ",", Quoted(context_, address), "]"});
  AppendPullPolicy(json);
  resources_.AppendWait(json);
  security_.AppendWait(json);
  FinishMounts(json);
  json += '}';
  return context_.arena.Copy(json);
}

}  // namespace remora::injection
