#include "operator/injection/occupancy.h"

#include <algorithm>
#include <charconv>

namespace remora::injection {

namespace {

constexpr std::string_view kPrometheusPort = "prometheus.io/port";

std::string_view TextOf(JsonValue value, Arena& arena) { return value.String(arena).value_or(""); }

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string_view NormalPath(std::string_view path, Arena& arena) {
  char* const begin = arena.Allocate(path.size() + 1);
  char* end = begin;
  for (std::size_t i = 0; i < path.size();) {
    while (i < path.size() && path[i] == '/') ++i;
    std::size_t length = 0;
    while (i + length < path.size() && path[i + length] != '/') ++length;
    const std::string_view part = path.substr(i, length);
    i += length;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      while (end > begin && *--end != '/') {
      }
      continue;
    }
    *end++ = '/';
    end = std::copy(part.begin(), part.end(), end);
  }
  if (end == begin) *end++ = '/';
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool IsAtOrAbove(std::string_view path, std::string_view other) {
  if (path == "/") return true;
  return other.starts_with(path) && (other.size() == path.size() || other[path.size()] == '/');
}

std::pmr::vector<MountEntry>& ContainerOccupancy::Mounts(Arena& arena) {
  if (!mounts_loaded_) {
    mounts_loaded_ = true;
    for (const JsonValue mount : facts_->volume_mounts.elements()) {
      MountEntry entry;
      for (const JsonValue::Member member : mount.members()) {
        const std::string_view key = member.RawKey();
        const std::string_view text = TextOf(member.value(), arena);
        if (key == "mountPath") entry.path = NormalPath(text, arena);
        if (key == "name") entry.volume = text;
        if (key == "subPath") entry.sub_path = text;
        if (key == "subPathExpr") entry.sub_path_expr = text;
      }
      mounts_.push_back(entry);
    }
    for (const JsonValue device : facts_->volume_devices.elements()) {
      MountEntry entry;
      entry.is_device = true;
      for (const JsonValue::Member member : device.members()) {
        const std::string_view text = TextOf(member.value(), arena);
        if (member.RawKey() == "devicePath") entry.path = NormalPath(text, arena);
        if (member.RawKey() == "name") entry.volume = text;
      }
      mounts_.push_back(entry);
    }
  }
  return mounts_;
}

void ContainerOccupancy::LoadNames() {
  constexpr std::size_t kShortest = std::string_view(R"({"name":"A"},)").size();
  names_loaded_ = true;
  names_.reserve(facts_->env.raw().size() / kShortest + 1);
  for (const JsonValue variable : facts_->env.elements()) {
    Named& named = names_.emplace_back();
    named.variable = variable;
    for (const JsonValue::Member member : variable.members()) {
      if (member.RawKey() == "name") named.raw_name = member.value().RawString();
    }
  }
}

VariableEntry* ContainerOccupancy::FindVariable(std::string_view name, Arena& arena) {
  for (VariableEntry& entry : variables_) {
    if (entry.name == name) return &entry;
  }
  if (!names_loaded_) LoadNames();
  // The last of a name counts, as in Kubernetes.
  const auto named = std::find_if(names_.rbegin(), names_.rend(), [&](const Named& candidate) {
    return JsonValue::RawMeans(candidate.raw_name, name);
  });
  if (named == names_.rend()) return nullptr;
  VariableEntry& entry = variables_.emplace_back();
  entry.position = static_cast<std::uint32_t>(names_.rend() - named - 1);
  for (const JsonValue::Member member : named->variable.members()) {
    const std::string_view key = member.RawKey();
    if (key == "name") entry.name = TextOf(member.value(), arena);
    if (key == "value") entry.value = member.value().raw();
    if (key == "valueFrom") entry.value_from = member.value().raw();
  }
  return &entry;
}

void ContainerOccupancy::AddVariable(std::string_view name, std::string_view value,
                                     std::string_view value_from) {
  variables_.push_back({name, value, value_from, added_variables_++, true});
}

void ContainerOccupancy::SetVariable(VariableEntry& entry, std::string_view value,
                                     std::string_view value_from) {
  overridden_.push_back({static_cast<std::size_t>(&entry - variables_.data()), entry});
  entry.value = value;
  entry.value_from = value_from;
}

void ContainerOccupancy::RollbackTo(const Mark& mark) {
  while (overridden_.size() > mark.overridden) {
    variables_[overridden_.back().index] = overridden_.back().before;
    overridden_.pop_back();
  }
  // What was read from the Pod since the mark is read again at the next look.
  if (mounts_loaded_ && mark.mounts == 0) {
    mounts_.clear();
    mounts_loaded_ = false;
  } else {
    mounts_.resize(mark.mounts);
  }
  variables_.resize(mark.variables);
  added_variables_ = mark.added_variables;
}

Occupancy::Occupancy(const PodFacts& pod, Arena& arena)
    : annotation_bytes(pod.AnnotationBytes()),
      grace_seconds(pod.grace_seconds),
      aliases(&arena),
      upstream_hosts(&arena),
      pod_(pod),
      arena_(arena),
      container_names_(&arena),
      volume_names_(pod.volumes.begin(), pod.volumes.end(), &arena),
      port_names_(&arena),
      init_(&arena),
      regular_(&arena),
      ports_(&arena) {
  init_.reserve(pod.init_containers.size());
  regular_.reserve(pod.containers.size());
  for (const ContainerFacts& container : pod.init_containers) {
    init_.emplace_back(container, arena);
    container_names_.push_back(container.name);
  }
  for (const ContainerFacts& container : pod.containers) {
    regular_.emplace_back(container, arena);
    container_names_.push_back(container.name);
  }
  for (const std::string_view name : pod.ephemeral_containers) container_names_.push_back(name);
}

bool Occupancy::HasContainer(std::string_view name) const {
  return Contains(container_names_, name);
}

bool Occupancy::HasVolume(std::string_view name) const { return Contains(volume_names_, name); }

bool Occupancy::TakePortName(std::string_view container, std::string_view port) {
  for (const StringPair& taken : port_names_) {
    if (taken.key == container && taken.value == port) return false;
  }
  port_names_.push_back({container, port});
  return true;
}

ContainerOccupancy* Occupancy::FindContainer(std::string_view name) {
  for (auto* list : {&regular_, &init_}) {
    for (ContainerOccupancy& container : *list) {
      if (container.facts().name == name) return &container;
    }
  }
  return nullptr;
}

const std::pmr::vector<PortEntry>& Occupancy::PodPorts() {
  if (!ports_loaded_) {
    ports_loaded_ = true;
    for (const ContainerFacts& container : pod_.init_containers) AddContainerPorts(container);
    for (const ContainerFacts& container : pod_.containers) AddContainerPorts(container);
    if (const std::string_view* text = pod_.FindAnnotation(kPrometheusPort)) {
      int port = 0;
      std::from_chars(text->data(), text->data() + text->size(), port);
      if (port > 0)
        ports_.push_back({port, Transport::kTcp, PortUse::kAnnotation, kPrometheusPort});
    }
  }
  return ports_;
}

void Occupancy::AddContainerPorts(const ContainerFacts& container) {
  for (const JsonValue port : container.ports.elements()) {
    const auto number = static_cast<int>(PortNumber(port["containerPort"]));
    const Transport transport = ParseTransport(port["protocol"].RawString());
    if (number > 0) ports_.push_back({number, transport, PortUse::kDeclared, container.name});
  }
  for (const JsonValue probe :
       {container.liveness_probe, container.readiness_probe, container.startup_probe,
        container.lifecycle["postStart"], container.lifecycle["preStop"]}) {
    AddHandlerPorts(probe, container.name);
  }
}

void Occupancy::AddHandlerPorts(JsonValue handler, std::string_view owner) {
  for (const std::string_view action : {"httpGet", "tcpSocket", "grpc"}) {
    const auto number = static_cast<int>(PortNumber(handler[action]["port"]));
    if (number > 0) ports_.push_back({number, Transport::kTcp, PortUse::kProbe, owner});
  }
}

Occupancy::Mark Occupancy::MarkNow() const {
  Mark mark(arena_);
  mark.container_names = container_names_.size();
  mark.volume_names = volume_names_.size();
  mark.aliases = aliases.size();
  mark.upstream_hosts = upstream_hosts.size();
  mark.port_names = port_names_.size();
  mark.annotation_bytes = annotation_bytes;
  mark.grace_seconds = grace_seconds;
  for (const ContainerOccupancy& container : init_) mark.containers.push_back(container.MarkNow());
  for (const ContainerOccupancy& container : regular_)
    mark.containers.push_back(container.MarkNow());
  return mark;
}

void Occupancy::RollbackTo(const Mark& mark) {
  container_names_.resize(mark.container_names);
  volume_names_.resize(mark.volume_names);
  aliases.resize(mark.aliases);
  upstream_hosts.resize(mark.upstream_hosts);
  port_names_.resize(mark.port_names);
  annotation_bytes = mark.annotation_bytes;
  grace_seconds = mark.grace_seconds;
  auto container_mark = mark.containers.begin();
  for (ContainerOccupancy& container : init_) container.RollbackTo(*container_mark++);
  for (ContainerOccupancy& container : regular_) container.RollbackTo(*container_mark++);
}

}  // namespace remora::injection
