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
  bool bypassed = false;
  JsonValue targets;
  JsonValue ports;
};

struct RecordedPath {
  std::uint32_t pattern = 0;
  std::string_view pointer;
  JsonValue before;  // of `changed`
};

class PreviousRecord {
 public:
  explicit PreviousRecord(Arena& arena)
      : patterns(&arena), arena_(arena), added_(&arena), changed_(&arena) {}

  std::pmr::vector<RecordedPattern> patterns;

  // Read when they are first asked for: a second call that changes nothing does not.
  const std::pmr::vector<RecordedPath>& added() const;
  const std::pmr::vector<RecordedPath>& changed() const;

  bool WasAdded(std::uint32_t pattern, std::string_view pointer) const;
  bool WasChanged(std::uint32_t pattern, std::string_view pointer) const {
    return FindChanged(pattern, pointer) != nullptr;
  }
  // Null when it was not.
  const RecordedPath* FindChanged(std::uint32_t pattern, std::string_view pointer) const;

 private:
  friend void ReadRecord(std::string_view text, JsonDocument& document, Arena& arena,
                         PreviousRecord& record);
  Arena& arena_;
  mutable JsonValue added_json_;
  mutable JsonValue changed_json_;
  mutable std::pmr::vector<RecordedPath> added_;
  mutable std::pmr::vector<RecordedPath> changed_;
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
