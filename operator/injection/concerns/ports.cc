// Ports: the Pod's containers share one network, so every number has one owner.
//
// Fixed numbers that clash refuse the pattern. The others are allocated over all patterns asked for
// in the order of their keys, from a start that depends on the key alone: one template, one result.
#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>

#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr int kFirstAllocated = 23000;
constexpr int kAllocated = 1000;

std::uint32_t Fnv1a32(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

// A fixed port's number; 0 for one that is allocated or that refers to an allocated one.
int FixedNumber(const Candidate& candidate, const CompiledPort& port) {
  if (port.number) return *port.number;
  if (!port.reference) return 0;
  const Reference& reference = candidate.pattern->references[*port.reference];
  if (reference.root != Root::kParameter) return 0;
  const std::string_view text = candidate.values[*port.reference].text;
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// By transport.
using UsedPorts = std::array<std::bitset<kAllocated>, 3>;

struct Allocation {
  std::string_view key;
  Transport transport;
  Candidate* candidate;
  int* port;
};

class PortPlanner {
 public:
  PortPlanner(Context& context, Occupancy& occupancy)
      : context_(context),
        pod_ports_(occupancy.PodPorts()),
        fixed_(&context.arena),
        allocations_(&context.arena),
        sockets_(&context.arena) {}

  void Run() {
    for (Candidate& candidate : context_.candidates) {
      if (candidate.already_injected) NoteSockets(candidate);
      if (candidate.pattern == nullptr) continue;
      if (candidate.bypassed) {
        candidate.endpoint_ports.resize(candidate.pattern->endpoints.size());
      } else if (candidate.Refused()) {
        FixKnown(candidate);
      } else {
        Take(candidate);
      }
    }
    Allocate();
  }

 private:
  // A refused pattern was asked for: what it would have listened on counts as used.
  void FixKnown(Candidate& candidate) {
    const CompiledPattern& pattern = *candidate.pattern;
    const auto fix = [&](const CompiledPort& port, Transport transport) {
      if (port.number)
        Fix(candidate, {*port.number, transport, PortUse::kDeclared, candidate.name});
    };
    for (const CompiledEndpoint& endpoint : pattern.endpoints)
      fix(endpoint.port, endpoint.transport);
    if (pattern.metrics_port) fix(*pattern.metrics_port, Transport::kTcp);
    if (!pattern.companion) return;
    for (const DeclaredPort& declared : pattern.companion->declared_ports) {
      fix(declared.port, declared.transport);
    }
  }

  void Take(Candidate& candidate) {
    const CompiledPattern& pattern = *candidate.pattern;
    candidate.endpoint_ports.resize(pattern.endpoints.size());
    for (std::size_t i = 0; i < pattern.endpoints.size(); ++i) {
      const CompiledEndpoint& endpoint = pattern.endpoints[i];
      if (endpoint.is_socket) {
        TakeSocket(candidate, endpoint.socket_path);
        continue;
      }
      TakePort(candidate, endpoint.port,
               {endpoint.port_key, endpoint.transport, &candidate, &candidate.endpoint_ports[i]});
    }
    if (pattern.metrics_port) {
      TakePort(candidate, *pattern.metrics_port,
               {pattern.metrics_key, Transport::kTcp, &candidate, &candidate.metrics_port});
    }
    if (!pattern.companion) return;
    for (const DeclaredPort& declared : pattern.companion->declared_ports) {
      const int number = FixedNumber(candidate, declared.port);
      if (number > 0)
        Fix(candidate, {number, declared.transport, PortUse::kDeclared, candidate.name});
    }
    for (const int port : pattern.probe_ports) {
      Fix(candidate, {port, Transport::kTcp, PortUse::kProbe, candidate.name});
    }
  }

  void TakePort(Candidate& candidate, const CompiledPort& port, const Allocation& wanted) {
    if (port.IsAllocated()) return allocations_.push_back(wanted);
    int& out = *wanted.port;
    out = FixedNumber(candidate, port);
    if (out < 1 || out > 65535) {
      return Refuse(candidate, Reason::kInvalidParameter,
                    context_.Text({candidate.asked_by, ": port ",
                                   context_.Text(static_cast<std::int64_t>(out)), " of ",
                                   api::PatternKindName(candidate.kind), " ", candidate.name,
                                   " is none; expected 1 to 65535"}));
    }
    Fix(candidate, {out, wanted.transport, PortUse::kDeclared, candidate.name});
  }

  // Of a pattern that is in the Pod already: the record does not name them.
  void NoteSockets(const Candidate& candidate) {
    const StoredPattern* stored =
        context_.patterns.Find(candidate.kind, candidate.namespace_name, candidate.name);
    if (stored == nullptr || !stored->compiled) return;
    for (const CompiledEndpoint& endpoint : stored->compiled->endpoints) {
      if (endpoint.is_socket) sockets_.emplace_back(endpoint.socket_path, &candidate);
    }
  }

  void TakeSocket(Candidate& candidate, std::string_view path) {
    for (const auto& [other_path, owner] : sockets_) {
      if (other_path != path || owner == &candidate) continue;
      return Refuse(candidate, Reason::kPortTaken,
                    Sentence(context_, candidate,
                             {" needs the socket ", path, ", on which ",
                              api::PatternKindName(owner->kind), " ", owner->name, " listens"}));
    }
    sockets_.emplace_back(path, &candidate);
  }

  // Candidates come in the order of decision: of two that clash, the earlier stays.
  void Fix(Candidate& candidate, const PortEntry& entry) {
    for (const auto* list :
         {&pod_ports_, static_cast<const std::pmr::vector<PortEntry>*>(&fixed_)}) {
      for (const PortEntry& other : *list) {
        if (other.port == entry.port && other.transport == entry.transport &&
            other.owner != entry.owner && !IsOwnAnnotation(candidate, other)) {
          Refuse(candidate, Reason::kPortTaken, ClashOf(candidate, entry, other));
        }
      }
    }
    fixed_.push_back(entry);
  }

  // prometheus.io/port, written by an earlier call for this very pattern.
  bool IsOwnAnnotation(const Candidate& candidate, const PortEntry& entry) const {
    if (entry.use != PortUse::kAnnotation) return false;
    Operation annotation;
    annotation.list = List::kAnnotations;
    annotation.key = entry.owner;
    return WasOurs(context_, candidate, annotation);
  }

  std::string_view ClashOf(const Candidate& candidate, const PortEntry& entry,
                           const PortEntry& other) {
    constexpr std::array<std::string_view, 3> kUses = {" is declared by container ",
                                                       " is used by a probe or hook of container ",
                                                       " is named by the annotation "};
    return injection::Sentence(
        context_, candidate,
        {" needs port ", context_.Text(static_cast<std::int64_t>(entry.port)), "/",
         TransportName(entry.transport), ", which", kUses[static_cast<std::size_t>(other.use)],
         other.owner});
  }

  void Allocate() {
    UsedPorts used;
    for (const auto* list :
         {&pod_ports_, static_cast<const std::pmr::vector<PortEntry>*>(&fixed_)}) {
      for (const PortEntry& entry : *list) {
        const int offset = entry.port - kFirstAllocated;
        if (offset < 0 || offset >= kAllocated) continue;
        used[static_cast<std::size_t>(entry.transport)].set(static_cast<std::size_t>(offset));
      }
    }
    std::sort(allocations_.begin(), allocations_.end(),
              [](const Allocation& a, const Allocation& b) { return a.key < b.key; });
    for (const Allocation& allocation : allocations_) {
      AllocateOne(allocation, used[static_cast<std::size_t>(allocation.transport)]);
    }
  }

  void AllocateOne(const Allocation& allocation, std::bitset<kAllocated>& used) {
    const std::size_t start = Fnv1a32(allocation.key) % kAllocated;
    for (std::size_t step = 0; step < kAllocated; ++step) {
      const std::size_t offset = (start + step) % kAllocated;
      if (used.test(offset)) continue;
      used.set(offset);
      *allocation.port = kFirstAllocated + static_cast<int>(offset);
      return;
    }
    Refuse(*allocation.candidate, Reason::kPortRangeFull,
           context_.Text({allocation.candidate->asked_by,
                          ": all ports from 23000 to 23999 are in use in this Pod, so ",
                          api::PatternKindName(allocation.candidate->kind), " ",
                          allocation.candidate->name, " gets none"}));
  }

  Context& context_;
  const std::pmr::vector<PortEntry>& pod_ports_;
  std::pmr::vector<PortEntry> fixed_;
  std::pmr::vector<Allocation> allocations_;
  std::pmr::vector<std::pair<std::string_view, const Candidate*>> sockets_;
};

}  // namespace

void ResolvePorts(Context& context, Occupancy& occupancy) {
  const bool needed = std::any_of(
      context.candidates.begin(), context.candidates.end(), [](const Candidate& candidate) {
        return candidate.pattern != nullptr &&
               (candidate.pattern->UsesPorts() || !candidate.pattern->endpoints.empty() ||
                !candidate.pattern->probe_ports.empty());
      });
  if (needed) PortPlanner(context, occupancy).Run();
}

}  // namespace remora::injection
