// PatternObject: what the operator keeps of a Sidecar, Ambassador or Adapter.
//
// Contract
//   - Made from any object of the three kinds that has a name; one whose spec cannot be used has a
//     `stored` with its complaint.
// Thread-safety: immutable once made.
// Errors: Invalid: not an object of the three kinds.
//
// Example
//   Store<PatternObject> sidecars(&PatternObject::FromObject);
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/pattern.h"
#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/injection/pattern_index.h"
#include "operator/kube/resource.h"

namespace remora::reconcilers {

struct PatternKey {
  api::PatternKind kind = api::PatternKind::kSidecar;
  std::string namespace_name;
  std::string name;

  // "Sidecar shop/log-saver"
  std::string ToString() const;
  kube::ObjectKey object() const { return {namespace_name, name}; }
  auto operator<=>(const PatternKey&) const = default;  // NOLINT(modernize-use-nullptr): not one
};

kube::Resource PatternResource(api::PatternKind kind);

struct PatternObject {
  PatternKey key;
  std::string uid;
  std::int64_t generation = 0;
  Clock::WallTimePoint created = {};
  std::string revision;   // of the spec as it is
  nlohmann::json status;  // as last read; null: none
  std::shared_ptr<const injection::StoredPattern> stored;

  static Result<std::shared_ptr<const PatternObject>> FromObject(const nlohmann::json& object);
};

}  // namespace remora::reconcilers
