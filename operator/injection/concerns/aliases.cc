// Aliases: fixed host names of the application that lead to 127.0.0.1. They hold for every container
// of the Pod, so no proxy of the Pod may need the real address of one.
#include <algorithm>

#include "operator/injection/concerns/concerns.h"
#include "operator/injection/pattern_index.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::string_view kLoopback = "127.0.0.1";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Host names are equal whatever their case, with or without the root's dot.
bool IsSameHost(std::string_view a, std::string_view b) {
  if (a.ends_with('.')) a.remove_suffix(1);
  if (b.ends_with('.')) b.remove_suffix(1);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

class AliasPlanner {
 public:
  AliasPlanner(Context& context, Candidate& candidate, Occupancy& occupancy)
      : context_(context), candidate_(candidate), occupancy_(occupancy) {}

  void Run() {
    const CompiledPattern& pattern = *candidate_.pattern;
    for (const CompiledEndpoint& endpoint : pattern.endpoints) {
      const std::string_view upstream = Rendered(context_, candidate_, endpoint.upstream);
      if (!upstream.empty()) {
        occupancy_.upstream_hosts.push_back(
            {HostAndPort(upstream).host, candidate_.name, candidate_.kind});
      }
      for (const Template& name : endpoint.hostnames) {
        occupancy_.aliases.push_back(
            {Rendered(context_, candidate_, name), candidate_.name, candidate_.kind});
      }
    }
    RefuseLoops();
    RefuseUpstreamsOfThePod();
    for (const CompiledEndpoint& endpoint : pattern.endpoints) {
      for (const Template& name : endpoint.hostnames) {
        if (!candidate_.Refused()) Add(Rendered(context_, candidate_, name));
      }
    }
  }

 private:
  bool IsMine(const HostEntry& entry) const {
    return entry.owner == candidate_.name && entry.kind == candidate_.kind;
  }

  void RefuseLoops() {
    for (const HostEntry& alias : occupancy_.aliases) {
      for (const HostEntry& upstream : occupancy_.upstream_hosts) {
        if (!IsMine(alias) && !IsMine(upstream)) continue;
        if (!IsSameHost(alias.host, upstream.host)) continue;
        const std::string_view whose =
            alias.owner == upstream.owner
                ? " its own upstream"
                : context_.Text({" the upstream of ", api::PatternKindName(upstream.kind), " ",
                                 upstream.owner});
        Refuse(candidate_, Reason::kHostnameLoop,
               Sentence(context_, candidate_,
                        {": the host name ", alias.host, " of ", api::PatternKindName(alias.kind),
                         " ", alias.owner, " would lead every container of the Pod to 127.0.0.1,",
                         whose, " too"}));
      }
    }
  }

  // The Pod itself, or an earlier call, leads an upstream's host to 127.0.0.1.
  void RefuseUpstreamsOfThePod() {
    for (const CompiledEndpoint& endpoint : candidate_.pattern->endpoints) {
      const std::string_view host =
          HostAndPort(Rendered(context_, candidate_, endpoint.upstream)).host;
      for (const JsonValue alias : context_.pod.host_aliases.elements()) {
        if (host.empty() || alias["ip"].String(context_.arena) != kLoopback) continue;
        for (const JsonValue name : alias["hostnames"].elements()) {
          if (!IsSameHost(name.String(context_.arena).value_or(""), host)) continue;
          Refuse(candidate_, Reason::kHostnameLoop,
                 Sentence(context_, candidate_,
                          {" has the upstream ", host,
                           ", which the Pod's hostAliases lead to 127.0.0.1"}));
        }
      }
    }
  }

  void Add(std::string_view name) {
    std::size_t index = 0;
    std::optional<std::size_t> entry;
    JsonValue hostnames;
    for (const JsonValue alias : context_.pod.host_aliases.elements()) {
      const bool loopback = alias["ip"].String(context_.arena) == kLoopback;
      for (const JsonValue known : alias["hostnames"].elements()) {
        if (!IsSameHost(known.String(context_.arena).value_or(""), name)) continue;
        if (loopback) return;
        return Refuse(
            candidate_, Reason::kHostnameLoop,
            Sentence(context_, candidate_,
                     {" leads the host name ", name, " to 127.0.0.1, but the Pod's hostAliases to ",
                      alias["ip"].String(context_.arena).value_or("")}));
      }
      if (loopback) {
        entry = index;
        hostnames = alias["hostnames"];
      }
      ++index;
    }
    for (const Operation& other : context_.plan.operations) {
      if (other.list == List::kHostAliases && IsSameHost(other.key, name)) return;
    }
    Operation operation;
    operation.list = List::kHostAliases;
    operation.key = name;
    operation.json = Quoted(context_, name);
    operation.makes_entry = !entry && !HasEntryInPlan();
    operation.makes_list = entry && !hostnames.is_array() && !HasEntryInPlan();
    operation.position = static_cast<std::uint32_t>(entry.value_or(index));
    AddOperation(context_, candidate_, operation);
  }

  bool HasEntryInPlan() const {
    return std::any_of(context_.plan.operations.begin(), context_.plan.operations.end(),
                       [](const Operation& o) { return o.list == List::kHostAliases; });
  }

  Context& context_;
  Candidate& candidate_;
  Occupancy& occupancy_;
};

}  // namespace

HostPort HostAndPort(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return {address, {}};
  std::string_view host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return {host, address.substr(colon + 1)};
}

void NoteUpstreams(Context& context, Candidate& injected, Occupancy& occupancy) {
  const auto* stored = context.patterns.Find(injected.kind, injected.namespace_name, injected.name);
  if (stored == nullptr || !stored->compiled) return;
  Candidate copy(context.arena);
  copy.kind = injected.kind;
  copy.name = injected.name;
  copy.asked_by = injected.asked_by;
  copy.pattern = stored->compiled.get();
  ResolveParameters(context, copy);
  if (!copy.Refused()) ResolveValues(context, copy, Stage::kRequest);
  if (copy.Refused()) return;
  for (const CompiledEndpoint& endpoint : copy.pattern->endpoints) {
    for (const Template& name : endpoint.hostnames) {
      occupancy.aliases.push_back({Rendered(context, copy, name), copy.name, copy.kind});
    }
    const std::string_view upstream = Rendered(context, copy, endpoint.upstream);
    if (upstream.empty()) continue;
    occupancy.upstream_hosts.push_back({HostAndPort(upstream).host, copy.name, copy.kind});
  }
}

void PlanAliases(Context& context, Candidate& candidate, Occupancy& occupancy) {
  AliasPlanner(context, candidate, occupancy).Run();
}

}  // namespace remora::injection
