// Containers: the companion itself, and the wait container that holds the Pod back for it.
#include <algorithm>

#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::PatternKind;
using api::Reason;

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

// Native: an init container that keeps running. An Adapter waits for its target and so is a regular
// container, but where that would keep a Pod from ending.
bool IsNative(const Context& context, const Candidate& candidate) {
  return candidate.kind != PatternKind::kAdapter || context.pod.restart_policy != "Always";
}

// Collects the elements of a JSON list.
class JsonList {
 public:
  explicit JsonList(Arena& arena) : text_(&arena) {}

  std::pmr::string& Next() {
    if (!text_.empty()) text_ += ',';
    return text_;
  }
  bool empty() const { return text_.empty(); }
  // `,"key":[...]`, or nothing for an empty list.
  void AppendTo(std::string_view key, std::pmr::string& out) const {
    if (text_.empty()) return;
    out += ",\"";
    out += key;
    out += "\":[";
    out += text_;
    out += ']';
  }

 private:
  std::pmr::string text_;
};

class CompanionWriter {
 public:
  CompanionWriter(Context& context, Candidate& candidate, Occupancy& occupancy)
      : context_(context),
        candidate_(candidate),
        occupancy_(occupancy),
        pattern_(*candidate.pattern),
        mounts_(&context.arena),
        paths_(&context.arena) {}

  std::string_view Write(bool native) {
    std::pmr::string json(&context_.arena);
    json += R"({"name":)";
    AppendQuoted(candidate_.name, json);
    json += ',';
    pattern_.container.AppendTo(candidate_.values, json);
    AppendPorts(json);
    AppendMounts(json);
    json += native ? R"(,"restartPolicy":"Always"})" : "}";
    return context_.arena.Copy(json);
  }

 private:
  void AppendPorts(std::pmr::string& json) {
    JsonList ports(context_.arena);
    if (!pattern_.container_ports.IsEmpty()) {
      const std::string_view list = Rendered(context_, candidate_, pattern_.container_ports);
      if (list.size() > 2) ports.Next() += list.substr(1, list.size() - 2);
    }
    for (const int port : candidate_.endpoint_ports) {
      if (!IsDeclared(port)) AppendPort({}, port, ports.Next());
    }
    if (pattern_.metrics_port && !IsDeclared(candidate_.metrics_port)) {
      AppendPort(pattern_.spec().metrics->port_name, candidate_.metrics_port, ports.Next());
    }
    ports.AppendTo("ports", json);
  }

  // By the pattern's own container.ports, as a number or by reference.
  bool IsDeclared(int port) {
    for (std::size_t i = 0; i < pattern_.declared_ports.size(); ++i) {
      const CompiledPort& declared = pattern_.declared_ports[i].port;
      const bool same = declared.reference ? candidate_.values[*declared.reference].text ==
                                                 context_.Text(static_cast<std::int64_t>(port))
                                           : declared.number == port;
      if (same && !pattern_.declared_ports[i].udp) return true;
    }
    return false;
  }

  void AppendPort(std::string_view name, int port, std::pmr::string& out) {
    out += '{';
    if (!name.empty()) {
      out += R"("name":)";
      AppendQuoted(name, out);
      out += ',';
    }
    out += R"("containerPort":)";
    out += context_.Text(static_cast<std::int64_t>(port));
    out += '}';
  }

  void AppendMounts(std::pmr::string& json) {
    for (const CompiledMount& mount : pattern_.mounts) AppendOwnMount(mount);
    for (std::size_t i = 0; i < candidate_.shares.size(); ++i) {
      const bool reads = pattern_.shares[i].access == api::ShareAccess::kTargetWrites;
      AppendShareMount(candidate_.shares[i], reads);
    }
    for (std::size_t i = 0; i < pattern_.files.size(); ++i) {
      const std::string_view path = Rendered(context_, candidate_, pattern_.files[i].path);
      if (!TakePath(path)) return;
      BeginMount(context_.Text({candidate_.name, "--files"}), path);
      mounts_ += R"(,"subPath":")";
      mounts_ += context_.Text(static_cast<std::int64_t>(i));
      mounts_ += R"(","readOnly":true})";
    }
    const std::string_view token = context_.pod.TokenVolume();
    if (!token.empty() && !HasPath(kTokenPath)) {
      BeginMount(token, kTokenPath);
      mounts_ += R"(,"readOnly":true})";
    }
    if (mounts_.empty()) return;
    json += R"(,"volumeMounts":[)";
    json += mounts_;
    json += ']';
  }

  void BeginMount(std::string_view volume, std::string_view path) {
    if (!mounts_.empty()) mounts_ += ',';
    mounts_ += R"({"name":)";
    AppendQuoted(volume, mounts_);
    mounts_ += R"(,"mountPath":)";
    AppendQuoted(path, mounts_);
  }

  void AppendOwnMount(const CompiledMount& mount) {
    std::string_view volume = Rendered(context_, candidate_, mount.volume_name);
    if (mount.source == MountSource::kShare) volume = candidate_.shares[mount.share].volume;
    if (mount.source == MountSource::kPod && !occupancy_.HasVolume(volume)) {
      return Refuse(
          candidate_, Reason::kVolumeNotFound,
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

  void AppendShareMount(const ChosenShare& share, bool read_only) {
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

  bool HasPath(std::string_view path) const {
    return std::find(paths_.begin(), paths_.end(), path) != paths_.end();
  }

  // Two mounts at one path of the companion would make the Pod invalid.
  bool TakePath(std::string_view path) {
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

  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
  const CompiledPattern& pattern_;
  std::pmr::string mounts_;
  std::pmr::vector<std::string_view> paths_;
};

void AddContainer(Context& context, Candidate& candidate, Occupancy& occupancy,
                  const Operation& operation) {
  if (occupancy.HasContainer(operation.key)) {
    // A wait container of an earlier call may still be there.
    if (WasOurs(context, candidate, operation)) return;
    return Refuse(candidate, Reason::kContainerNameTaken,
                  Sentence(context, candidate,
                           {" adds a container ", operation.key,
                            ", but the Pod has one of that name; rename the Pod's container"}));
  }
  occupancy.AddContainer(operation.key);
  AddOperation(context, candidate, operation);
}

// Dials the first endpoint on localhost: it proves the listener, not the upstream.
std::string_view WaitContainer(Context& context, const Candidate& candidate,
                               std::string_view name) {
  const std::string_view timeout =
      context.Text({"--timeout=", context.Text(candidate.pattern->spec().wait_seconds), "s"});
  const std::string_view address =
      context.Text({"tcp://127.0.0.1:",
                    context.Text(static_cast<std::int64_t>(candidate.endpoint_ports.front()))});
  std::string_view mounts;
  if (const std::string_view token = context.pod.TokenVolume(); !token.empty()) {
    mounts = context.Text({R"(,"volumeMounts":[{"name":)", Quoted(context, token),
                           R"(,"mountPath":")", kTokenPath, R"(","readOnly":true}])"});
  }
  return context.Text(
      {R"({"name":)", Quoted(context, name), R"(,"image":)",
       Quoted(context, context.environment.wait_image), R"(,"args":["wait",)",
       Quoted(context, timeout), ",", Quoted(context, address),
       R"(],"resources":{"requests":{"cpu":"10m","memory":"16Mi"},"limits":{"memory":"16Mi"}},)"
       R"("securityContext":{"allowPrivilegeEscalation":false,"runAsNonRoot":true,)"
       R"("runAsUser":65532,"capabilities":{"drop":["ALL"]},)"
       R"("seccompProfile":{"type":"RuntimeDefault"}})",
       mounts, "}"});
}

bool NeedsWait(const Candidate& candidate) {
  const api::PatternSpec& spec = candidate.pattern->spec();
  return candidate.kind == PatternKind::kAmbassador &&
         spec.direction == api::Direction::kOutbound && spec.wait_seconds > 0 &&
         !candidate.pattern->has_startup_probe && !candidate.endpoint_ports.empty();
}

}  // namespace

void PlanContainers(Context& context, Candidate& candidate, Occupancy& occupancy) {
  const bool native = IsNative(context, candidate);
  Operation companion;
  companion.list = native ? List::kInitContainers : List::kContainers;
  companion.position = IsBeforeInit(candidate)
                           ? BeforeInitPosition(context.pod)
                           : static_cast<std::uint32_t>(context.pod.init_containers.size());
  companion.key = candidate.name;
  companion.json = CompanionWriter(context, candidate, occupancy).Write(native);
  if (candidate.Refused()) return;
  AddContainer(context, candidate, occupancy, companion);
  if (candidate.Refused() || !NeedsWait(candidate)) return;
  Operation wait;
  wait.list = List::kInitContainers;
  wait.position = companion.position;
  wait.key = context.Text({candidate.name, "--wait"});
  wait.json = WaitContainer(context, candidate, wait.key);
  AddContainer(context, candidate, occupancy, wait);
}

}  // namespace remora::injection
