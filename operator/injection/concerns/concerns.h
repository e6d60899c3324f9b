// The concerns: what one pattern adds to one Pod, each in a file of its own.
//
// Contract
//   - Each takes the facts, the candidate and what is occupied, and appends typed operations to the
//     plan, or refuses the candidate with a reason and one sentence. After a refusal nothing of the
//     candidate may stay: the caller rolls back.
//   - They run in the order in which they stand here, which is the order of the record.
// Thread-safety: owner thread only.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "operator/api/field_rules.h"
#include "operator/injection/candidate.h"
#include "operator/injection/match.h"

namespace remora::injection {

// values.cc: the Pod's parameters, checked; what references stand for.
void ResolveParameters(Context& context, Candidate& candidate);
void ResolveValues(Context& context, Candidate& candidate, Stage stage);

// targets.cc: the containers that the pattern serves.
void ResolveTargets(Context& context, Candidate& candidate, Occupancy& occupancy);
// An Ambassador for what the Pod calls.
bool IsOutbound(const Candidate& candidate);

// bypass.cc: whether an Outbound Ambassador can be wired without being run; sets `bypassed`.
void CheckBypass(Context& context, Candidate& candidate);
// Once values are known: whether the real addresses of a bypassed one are addresses.
void CheckUpstreams(Context& context, Candidate& candidate);

// ports.cc: fixed ports that clash, and numbers for the others, over all candidates at once.
void ResolvePorts(Context& context, Occupancy& occupancy);

// order.cc: the places of all candidates' init containers.
void ResolveOrder(Context& context);
// Whether it stands before the Pod's own init containers.
bool IsBeforeInit(const Candidate& candidate);
// Whether the companion is an init container that keeps running.
bool IsNative(const Context& context, const Candidate& candidate);
// Whether an init container holds the Pod back until the companion listens.
bool NeedsWait(const Context& context, const Candidate& candidate);

// take_over.cc: a port of a container by its name.
struct NamedPort {
  int number = 0;
  Transport transport = Transport::kTcp;
  std::optional<std::size_t> index;  // in `ports`; nothing: an earlier call has taken its name
  bool taken_by_another = false;     // by another pattern of the record
};
std::optional<NamedPort> FindPort(const Context& context, const Candidate& candidate,
                                  const ContainerFacts& container, std::string_view name);
// "ports/8080~1TCP/name"
std::string_view PortNamePointer(const Context& context, const NamedPort& port);

// aliases.cc: "host:port" and "[::1]:port" in two.
struct HostPort {
  std::string_view host;
  std::string_view port;
};
HostPort HostAndPort(std::string_view address);
// The aliases and real addresses of a pattern that an earlier call has injected: no alias may hide
// an address.
void NoteUpstreams(Context& context, Candidate& injected, Occupancy& occupancy);

// The plan of one candidate.
void PlanVolumes(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanShares(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanFiles(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanEnvironment(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanTakeOver(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanAliases(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanMetadata(Context& context, Candidate& candidate, Occupancy& occupancy);
void PlanContainers(Context& context, Candidate& candidate, Occupancy& occupancy);

// A sentence of this candidate: "annotation patterns.remora.dev/sidecar: Sidecar logs", then `parts`.
std::string_view Sentence(const Context& context, const Candidate& candidate,
                          std::initializer_list<std::string_view> parts);
// Adds a volume, under a name of the pattern's own; refuses the candidate where the Pod has it.
void AddVolume(Context& context, Candidate& candidate, Occupancy& occupancy,
               const Operation& operation);
// The names of the variables that Kubernetes expands in a text: $(NAME), but not $$(NAME).
template <typename Visit>
void ForEachVariable(std::string_view text, Visit visit) {
  for (std::size_t i = text.find('$'); i < text.size(); i = text.find('$', i)) {
    const std::size_t close = text.find(')', i);
    if (text.substr(i).starts_with("$(") && close != std::string_view::npos) {
      visit(text.substr(i + 2, close - i - 2));
      i = close;
    } else {
      i += 2;
    }
  }
}
// Whether the Pod's annotations have room for that many bytes more; refuses the candidate if not.
bool TakeAnnotationBytes(Context& context, Candidate& candidate, Occupancy& occupancy,
                         std::size_t bytes);
// Only the first refusal of a candidate counts.
void Refuse(Candidate& candidate, api::Reason reason, std::string_view message);

// An operation of this candidate, recorded unless an earlier call's record says it already.
Operation& AddOperation(Context& context, const Candidate& candidate, Operation operation);
// Whether the record of an earlier call says that this pattern added or changed that: a companion
// that has been taken away since is decided again, and finds what else it had brought.
bool WasOurs(const Context& context, const Candidate& candidate, const Operation& operation);

// An empty string that lives as long as the arena's memory; its destructor has nothing to do.
std::pmr::string& NewString(Context& context, std::size_t capacity);
// A template's text in this Pod.
// Refuses a pattern whose values, in all the places where they stand, are larger than any object that
// Kubernetes stores.
void CheckRenderedSize(Context& context, Candidate& candidate);

std::string_view Rendered(Context& context, const Candidate& candidate, const Template& text);
// The same where the text must have a format: values of a Pod may have none. Refuses the candidate.
std::string_view RenderedAs(Context& context, Candidate& candidate, const Template& text,
                            const api::TextFormat& format);
// `text` as a JSON string.
std::string_view Quoted(Context& context, std::string_view text);

inline constexpr std::size_t kMostAnnotationBytes = 262144;  // of a Pod, by Kubernetes
// Kept free of files for the record, which is written last: 16 patterns with 20 paths each.
inline constexpr std::size_t kRecordBytes = 16384;

}  // namespace remora::injection
