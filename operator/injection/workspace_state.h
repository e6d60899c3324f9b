// What a Workspace holds between the rooms of one call. For the entries of the engine alone.
//
// Thread-safety: owner thread only.
// Lifetime: what BeginCall() returns lives until the next call with the same State.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/injection/candidate.h"
#include "operator/injection/injector.h"
#include "operator/injection/json_document.h"
#include "operator/injection/match.h"
#include "operator/injection/pod_facts.h"
#include "operator/injection/record.h"

namespace remora::injection {

// Everything of one call. It is made anew in the arena for each, so that nothing of an earlier Pod
// can be seen by a later one.
struct Workspace::State {
  struct Call {
    explicit Call(Arena& arena)
        : pod(arena),
          previous(arena),
          plan(&arena),
          candidates(&arena),
          carried(&arena),
          warnings(&arena),
          patch(&arena) {}

    PodFacts pod;
    PreviousRecord previous;
    Plan plan;
    std::pmr::vector<Candidate> candidates;
    std::pmr::vector<int> carried;
    std::pmr::vector<std::string_view> warnings;
    std::pmr::string patch;
  };

  Arena arena;
  JsonDocument record_document;
  JsonDocument scratch;
  std::optional<Call> call;
};

// Forgets the call before.
Context BeginCall(const Request& request, const PatternIndex& patterns,
                  const Environment& environment, Workspace::State& state);

}  // namespace remora::injection
