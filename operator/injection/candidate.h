// Candidate: one pattern that a Pod asks for, on its way from the annotation to the plan.
//
// Thread-safety: owner thread only.
// Lifetime: views into the Pod's document, the pattern and the arena.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/injection/compiled_pattern.h"
#include "operator/injection/occupancy.h"
#include "operator/injection/plan.h"

namespace remora::injection {

struct StoredPattern;

// The volume that a share uses in this Pod.
struct ChosenShare {
  std::string_view path;  // in the companion
  std::string_view volume;
  std::string_view sub_path;
  std::string_view sub_path_expr;
  ContainerOccupancy* mounted_by = nullptr;  // the target whose mount it is
  bool is_new = false;
};

// Where one init container of a pattern stands.
struct InitPlace {
  std::uint32_t slot = 0;  // before which of the Pod's init containers
  std::uint32_t rank = 0;  // among all that are added
};

struct Candidate {
  explicit Candidate(Arena& arena)
      : values(&arena),
        parameters(&arena),
        named_targets(&arena),
        targets(&arena),
        init_targets(&arena),
        endpoint_ports(&arena),
        shares(&arena),
        places(&arena) {}

  // Match: what is asked for.
  api::PatternKind kind = api::PatternKind::kSidecar;
  std::string_view asked_by;         // "annotation patterns.remora.dev/sidecar"
  std::string_view named_namespace;  // of "namespace/name"; empty: looked up
  std::string_view namespace_name;   // where it was found; the Pod's where it was not
  std::string_view name;
  const StoredPattern* stored = nullptr;
  const CompiledPattern* pattern = nullptr;  // null: refused before planning, or already injected
  api::OnError on_error = api::OnError::kDeny;
  int recorded = -1;  // number in the previous record; -1: none
  bool already_injected = false;
  bool automatic = false;  // by its selector, not by name
  bool bypass_asked = false;
  bool bypassed = false;  // wired to the real upstream, not run

  // The first refusal ends the planning of this pattern.
  std::optional<api::Reason> refusal;
  std::string_view message;

  // Plan: values for this Pod.
  std::pmr::vector<Value> values;  // by number of the reference
  std::pmr::vector<EffectiveParameter> parameters;
  std::pmr::vector<std::string_view> named_targets;    // by the Pod's annotation
  std::pmr::vector<ContainerOccupancy*> targets;       // regular
  std::pmr::vector<ContainerOccupancy*> init_targets;  // init containers that are served too
  std::pmr::vector<int> endpoint_ports;
  int metrics_port = 0;
  std::pmr::vector<ChosenShare> shares;
  std::pmr::vector<InitPlace> places;  // init containers, companion if native, wait container

  bool Refused() const { return refusal.has_value(); }
};

}  // namespace remora::injection
