#include "operator/injection/concerns/security.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::array<std::string_view, 13> kBaselineCapabilities = {
    "AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",      "MKNOD",
    "NET_BIND_SERVICE", "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT"};
constexpr std::array<std::string_view, 4> kSeLinuxTypes = {"container_t", "container_init_t",
                                                           "container_kvm_t", "container_engine_t"};
constexpr std::array<std::string_view, 9> kRestrictedVolumes = {
    "configMap", "csi",       "downwardAPI",           "emptyDir", "ephemeral",
    "image",     "projected", "persistentVolumeClaim", "secret"};
// OpenShift gives each namespace users of its own.
constexpr std::string_view kOpenShiftUsers = "openshift.io/sa.scc.uid-range";

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

PodSecurityLevel LevelOf(const Context& context) {
  return context.namespace_facts == nullptr ? PodSecurityLevel::kPrivileged
                                            : context.namespace_facts->pod_security;
}

// Since Kubernetes 1.34 (KEP-4940), unless the namespace asks for an older version of the level.
bool ForbidsHosts(const Context& context) {
  constexpr int kFirstMinor = 34;
  constexpr std::string_view kMajor = "v1.";
  const auto& labels = context.namespace_facts->labels;
  const auto version = labels.find("pod-security.kubernetes.io/enforce-version");
  if (version == labels.end() || !version->second.starts_with(kMajor)) return true;
  int minor = kFirstMinor;
  const std::string_view text = std::string_view(version->second).substr(kMajor.size());
  std::from_chars(text.data(), text.data() + text.size(), minor);
  return minor >= kFirstMinor;
}

std::string_view LevelName(PodSecurityLevel level) {
  return level == PodSecurityLevel::kBaseline ? "baseline" : "restricted";
}

bool IsSet(JsonValue value) { return value.exists() && value.type() != JsonType::kNull; }
bool IsTrue(JsonValue value) { return value.Boolean().value_or(false); }
bool IsFalse(JsonValue value) { return !value.Boolean().value_or(true); }

void RefuseAt(Context& context, Candidate& candidate, std::string_view field,
              std::string_view value) {
  Refuse(
      candidate, Reason::kPodSecurity,
      Sentence(context, candidate,
               {" has ", field, ": ", value, ", which namespace ", context.request.namespace_name,
                " forbids: it enforces Pod Security ", LevelName(LevelOf(context))}));
}

void AppendMember(std::string_view key, std::string_view json, std::pmr::string& out) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += key;
  out += "\":";
  out += json;
}

}  // namespace

void CheckVolumeSecurity(Context& context, Candidate& candidate) {
  const PodSecurityLevel level = LevelOf(context);
  if (level == PodSecurityLevel::kPrivileged) return;
  const auto& volumes = candidate.pattern->volumes;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const std::string_view source = volumes[i].source;
    if (level == PodSecurityLevel::kBaseline ? source != "hostPath"
                                             : Contains(kRestrictedVolumes, source)) {
      continue;
    }
    return RefuseAt(
        context, candidate,
        context.Text({"spec.volumes[", context.Text(static_cast<std::int64_t>(i)), "]"}), source);
  }
}

SecurityWriter::SecurityWriter(Context& context, Candidate& candidate)
    : context_(context), candidate_(candidate), level_(LevelOf(context)) {}

void SecurityWriter::Append(const CompiledContainer& container, std::pmr::string& json) {
  const bool has_own = !container.security_context.IsEmpty();
  const bool refuses_root = IsTrue(context_.pod.security_context["runAsNonRoot"]);
  where_ = container.where;
  if (level_ == PodSecurityLevel::kPrivileged && (!refuses_root || !has_own)) {
    if (!has_own) return;
    json += R"(,"securityContext":)";
    container.security_context.AppendTo(candidate_.values, json);
    return;
  }
  if (level_ != PodSecurityLevel::kPrivileged) {
    CheckPorts(container);
    CheckHosts(container);
  }
  const std::string_view own =
      has_own ? Rendered(context_, candidate_, container.security_context) : "{}";
  if (!context_.scratch.Parse(own).ok()) return;
  const JsonValue context = context_.scratch.root();
  if (level_ != PodSecurityLevel::kPrivileged) CheckBaseline(context);
  if (level_ == PodSecurityLevel::kRestricted) CheckRestricted(context);
  CheckRoot(context);
  if (candidate_.Refused()) return;
  if (level_ == PodSecurityLevel::kRestricted) return AppendRestricted(context, json);
  if (!has_own) return;
  json += R"(,"securityContext":)";
  json += own;
}

void SecurityWriter::CheckPorts(const CompiledContainer& container) {
  if (container.ports.IsEmpty()) return;
  if (!context_.scratch.Parse(Rendered(context_, candidate_, container.ports)).ok()) return;
  std::int64_t index = 0;
  for (const JsonValue port : context_.scratch.root().elements()) {
    const JsonValue number = port["hostPort"];
    if (number.Integer().value_or(0) != 0) {
      RefuseAt(context_, candidate_,
               context_.Text({where_, ".ports[", context_.Text(index), "].hostPort"}),
               number.raw());
    }
    ++index;
  }
}

// Probes and hooks that the kubelet would send elsewhere than to the Pod.
void SecurityWriter::CheckHosts(const CompiledContainer& container) {
  if (!ForbidsHosts(context_) || container.members.IsEmpty()) return;
  std::pmr::string text("{", &context_.arena);
  container.members.AppendTo(candidate_.values, text);
  text += '}';
  if (!context_.scratch.Parse(text).ok()) return;
  const JsonValue members = context_.scratch.root();
  const auto check = [&](JsonValue handler, std::string_view field) {
    for (const std::string_view action : {"httpGet", "tcpSocket"}) {
      const std::string_view host = handler[action]["host"].RawString();
      if (host.empty()) continue;
      RefuseAt(context_, candidate_, context_.Text({where_, ".", field, ".", action, ".host"}),
               host);
    }
  };
  for (const std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    check(members[probe], probe);
  }
  for (const std::string_view hook : {"postStart", "preStop"}) {
    check(members["lifecycle"][hook], context_.Text({"lifecycle.", hook}));
  }
}

void SecurityWriter::CheckBaseline(JsonValue context) {
  if (IsTrue(context["privileged"])) Forbid("privileged", "true");
  CheckCapabilities(context["capabilities"]);
  CheckSeLinux(context["seLinuxOptions"]);
  CheckProfile(context, "seccompProfile");
  CheckProfile(context, "appArmorProfile");
  const std::string_view mount = context["procMount"].RawString();
  if (!mount.empty() && mount != "Default") Forbid("procMount", mount);
  if (IsTrue(context["windowsOptions"]["hostProcess"]))
    Forbid("windowsOptions.hostProcess", "true");
}

void SecurityWriter::CheckCapabilities(JsonValue capabilities) {
  for (const JsonValue element : capabilities["add"].elements()) {
    const std::string_view name = element.RawString();
    const bool allowed = level_ == PodSecurityLevel::kRestricted
                             ? name == "NET_BIND_SERVICE"
                             : Contains(kBaselineCapabilities, name);
    if (!allowed) Forbid("capabilities.add", name);
  }
}

void SecurityWriter::CheckSeLinux(JsonValue options) {
  const std::string_view type = options["type"].RawString();
  if (!type.empty() && !Contains(kSeLinuxTypes, type)) Forbid("seLinuxOptions.type", type);
  for (const std::string_view field : {"user", "role"}) {
    const std::string_view value = options[field].RawString();
    if (!value.empty()) Forbid(context_.Text({"seLinuxOptions.", field}), value);
  }
}

void SecurityWriter::CheckProfile(JsonValue context, std::string_view field) {
  const std::string_view type = context[field]["type"].RawString();
  if (type.empty() || type == "RuntimeDefault" || type == "Localhost") return;
  Forbid(context_.Text({field, ".type"}), type);
}

void SecurityWriter::CheckRestricted(JsonValue context) {
  if (IsTrue(context["allowPrivilegeEscalation"])) Forbid("allowPrivilegeEscalation", "true");
  const JsonValue drop = context["capabilities"]["drop"];
  const auto elements = drop.elements();
  bool drops_all = drop.size() == 0;  // unset: it is written
  for (const JsonValue element : elements) drops_all = drops_all || element.RawString() == "ALL";
  if (!drops_all) Forbid("capabilities.drop", "a list without ALL");
  if (!context_.pod.host_users) return;  // root is nobody outside of such a Pod
  if (IsFalse(context["runAsNonRoot"])) Forbid("runAsNonRoot", "false");
  if (context["runAsUser"].Integer() == 0) Forbid("runAsUser", "0");
}

void SecurityWriter::CheckRoot(JsonValue context) {
  if (context["runAsUser"].Integer() != 0 || IsFalse(context["runAsNonRoot"])) return;
  if (!IsTrue(context_.pod.security_context["runAsNonRoot"])) return;
  Refuse(candidate_, Reason::kRunAsNonRoot,
         Sentence(context_, candidate_,
                  {" has ", where_,
                   ".securityContext.runAsUser: 0, but the Pod has "
                   "spec.securityContext.runAsNonRoot: true, with which root is not started"}));
}

void SecurityWriter::AppendRestricted(JsonValue context, std::pmr::string& json) const {
  const JsonValue pod = context_.pod.security_context;
  json += R"(,"securityContext":{)";
  for (const JsonValue::Member member : context.members()) {
    if (member.RawKey() == "capabilities" || !IsSet(member.value())) continue;
    AppendMember(member.RawKey(), member.value().raw(), json);
  }
  if (!IsSet(context["allowPrivilegeEscalation"])) {
    AppendMember("allowPrivilegeEscalation", "false", json);
  }
  const JsonValue add = context["capabilities"]["add"];
  const JsonValue drop = context["capabilities"]["drop"];
  AppendMember("capabilities", "{", json);
  if (add.size() > 0) AppendMember("add", add.raw(), json);
  AppendMember("drop", drop.size() > 0 ? drop.raw() : R"(["ALL"])", json);
  json += '}';
  const bool root_asked = context["runAsUser"].Integer() == 0;  // with users of the Pod's own
  if (!IsSet(context["runAsNonRoot"]) && !IsTrue(pod["runAsNonRoot"]) && !root_asked) {
    AppendMember("runAsNonRoot", "true", json);
  }
  if (!IsSet(context["seccompProfile"]) && !IsSet(pod["seccompProfile"])) {
    AppendMember("seccompProfile", R"({"type":"RuntimeDefault"})", json);
  }
  json += '}';
}

void SecurityWriter::AppendWait(std::pmr::string& json) const {
  json += R"(,"securityContext":{"allowPrivilegeEscalation":false,"runAsNonRoot":true,)";
  const bool is_openshift = context_.namespace_facts != nullptr &&
                            context_.namespace_facts->annotations.contains(kOpenShiftUsers);
  if (!is_openshift) json += R"("runAsUser":65532,)";
  json += R"("capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}})";
}

void SecurityWriter::Forbid(std::string_view field, std::string_view value) {
  RefuseAt(context_, candidate_, context_.Text({where_, ".securityContext.", field}), value);
}

}  // namespace remora::injection
