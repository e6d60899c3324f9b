// Occupancy: who holds which name, volume, mount path, variable and port; filled by the Pod, then by
// each companion that is placed.
//
// Contract
//   - What a pattern has taken is given back by Rollback(), so that a refused pattern leaves nothing.
//   - Paths are compared in normal form: "/a/" and "/a//" are "/a".
// Thread-safety: owner thread only.
// Lifetime: views into the Pod's document and the arena.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/arena.h"
#include "operator/injection/pod_facts.h"
#include "operator/injection/transport.h"

namespace remora::injection {

// "/var//log/" is "/var/log"; "." and ".." are resolved as far as text can.
std::string_view NormalPath(std::string_view path, Arena& arena);
// Whether one is the other or lies above it; both in normal form.
bool IsAtOrAbove(std::string_view path, std::string_view other);

struct MountEntry {
  std::string_view path;  // normal form
  std::string_view volume;
  std::string_view sub_path;
  std::string_view sub_path_expr;
  bool is_device = false;  // a block device, at its devicePath
};

struct VariableEntry {
  std::string_view name;
  std::string_view value;       // JSON text; empty: none
  std::string_view value_from;  // JSON text; empty: none
  std::uint32_t position = 0;
  bool ours = false;  // `position` counts what this plan added
};

// A container of the Pod, as it is at this point of the plan.
class ContainerOccupancy {
 public:
  ContainerOccupancy(const ContainerFacts& facts, Arena& arena)
      : facts_(&facts), mounts_(&arena), names_(&arena), variables_(&arena), overridden_(&arena) {}

  const ContainerFacts& facts() const { return *facts_; }

  // Read from the Pod at the first look.
  std::pmr::vector<MountEntry>& Mounts(Arena& arena);
  // What it gives is valid until the next FindVariable() or AddVariable().
  VariableEntry* FindVariable(std::string_view name, Arena& arena);
  void AddVariable(std::string_view name, std::string_view value, std::string_view value_from);
  void SetVariable(VariableEntry& entry, std::string_view value, std::string_view value_from);

  struct Mark {
    std::size_t mounts;
    std::size_t variables;
    std::size_t overridden;
    std::uint32_t added_variables;
  };
  Mark MarkNow() const {
    return {mounts_.size(), variables_.size(), overridden_.size(), added_variables_};
  }
  void RollbackTo(const Mark& mark);

 private:
  // A variable of the Pod's, and its name as it stands in the JSON text.
  struct Named {
    std::string_view raw_name;
    JsonValue variable;
  };

  void LoadNames();

  const ContainerFacts* facts_;
  bool mounts_loaded_ = false;
  bool names_loaded_ = false;
  std::uint32_t added_variables_ = 0;
  std::pmr::vector<MountEntry> mounts_;
  std::pmr::vector<Named> names_;              // all of the Pod's
  std::pmr::vector<VariableEntry> variables_;  // what was found of them, and what was added
  struct Overridden {
    std::size_t index;  // in variables_
    VariableEntry before;
  };
  std::pmr::vector<Overridden> overridden_;
};

enum class PortUse : std::uint8_t { kDeclared, kProbe, kAnnotation };

// A host name and the pattern that needs it or leads it elsewhere.
struct HostEntry {
  std::string_view host;
  std::string_view owner;
  api::PatternKind kind = api::PatternKind::kSidecar;
};

struct PortEntry {
  int port = 0;
  Transport transport = Transport::kTcp;
  PortUse use = PortUse::kDeclared;
  std::string_view owner;  // container
};

class Occupancy {
 public:
  Occupancy(const PodFacts& pod, Arena& arena);

  bool HasContainer(std::string_view name) const;  // in any of the lists, companions too
  bool HasVolume(std::string_view name) const;
  void AddContainer(std::string_view name) { container_names_.push_back(name); }
  void AddVolume(std::string_view name) { volume_names_.push_back(name); }

  ContainerOccupancy* FindContainer(std::string_view name);  // of the Pod, regular first
  std::pmr::vector<ContainerOccupancy>& init_containers() { return init_; }
  std::pmr::vector<ContainerOccupancy>& containers() { return regular_; }

  // All ports of the Pod; read at the first look.
  const std::pmr::vector<PortEntry>& PodPorts();

  // False if a pattern has taken that name already.
  bool TakePortName(std::string_view container, std::string_view port);

  std::size_t annotation_bytes = 0;
  std::int64_t grace_seconds = 0;
  std::pmr::vector<HostEntry> aliases;         // lead to 127.0.0.1
  std::pmr::vector<HostEntry> upstream_hosts;  // must not

  struct Mark {
    explicit Mark(Arena& arena) : containers(&arena) {}
    std::size_t container_names = 0;
    std::size_t volume_names = 0;
    std::size_t aliases = 0;
    std::size_t upstream_hosts = 0;
    std::size_t port_names = 0;
    std::size_t annotation_bytes = 0;
    std::int64_t grace_seconds = 0;
    std::pmr::vector<ContainerOccupancy::Mark> containers;  // init, then regular
  };
  Mark MarkNow() const;
  void RollbackTo(const Mark& mark);

 private:
  void AddContainerPorts(const ContainerFacts& container);
  void AddHandlerPorts(JsonValue handler, std::string_view owner);

  const PodFacts& pod_;
  Arena& arena_;
  std::pmr::vector<std::string_view> container_names_;
  std::pmr::vector<std::string_view> volume_names_;
  std::pmr::vector<StringPair> port_names_;  // container, port
  std::pmr::vector<ContainerOccupancy> init_;
  std::pmr::vector<ContainerOccupancy> regular_;
  std::pmr::vector<PortEntry> ports_;
  bool ports_loaded_ = false;
};

}  // namespace remora::injection
