// The record: what Remora did to a Pod, written on the Pod (patterns.remora.dev/status), so that a
// second call changes nothing and an undo finds its way.
//
// {"version":1,"patterns":[...],"added":[[pattern, pointer]],"changed":[[pattern, pointer, before]]}
// Pointers are JSON Pointers in which a list member is called by its merge key. The record is no
// proof: whoever may create a Pod may write it.
// Thread-safety: owner thread only.
// Lifetime: a PreviousRecord points into its document and arena.
#pragma once

#include <memory_resource>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/injection/json_document.h"
#include "operator/injection/plan.h"

namespace remora::injection {

struct RecordedPattern {
  api::PatternKind kind = api::PatternKind::kSidecar;
  std::string_view namespace_name;
  std::string_view name;
  std::string_view revision;
  bool injected = false;
  JsonValue targets;
  JsonValue ports;
};

struct RecordedPath {
  std::uint32_t pattern = 0;
  std::string_view pointer;
  JsonValue before;  // of `changed`
};

struct PreviousRecord {
  explicit PreviousRecord(Arena& arena) : patterns(&arena), added(&arena), changed(&arena) {}

  std::pmr::vector<RecordedPattern> patterns;
  std::pmr::vector<RecordedPath> added;
  std::pmr::vector<RecordedPath> changed;

  bool WasAdded(std::uint32_t pattern, std::string_view pointer) const;
  bool WasChanged(std::uint32_t pattern, std::string_view pointer) const {
    return FindChanged(pattern, pointer) != nullptr;
  }
  // Null when it was not.
  const RecordedPath* FindChanged(std::uint32_t pattern, std::string_view pointer) const;
};

// Reads a record of version 1. What cannot be read is as if it were not there.
void ReadRecord(std::string_view text, JsonDocument& document, Arena& arena,
                PreviousRecord& record);

// The pointer under which the record calls what an operation adds or changes.
void AppendPointer(const Operation& operation, std::pmr::string& out);

// The record of a plan as JSON. `carried[i]` is the number in `previous` of decision i, or -1.
void WriteRecord(const Plan& plan, const PreviousRecord& previous,
                 const std::pmr::vector<int>& carried, std::pmr::string& out);

}  // namespace remora::injection
