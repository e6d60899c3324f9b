// PatternObject: what the operator keeps of a Sidecar, Ambassador or Adapter.
//
// Contract
//   - Made from any object of the three kinds that has a name; one whose spec cannot be used has a
//     live->stored with its complaint.
//   - A status that was written costs no compilation: `before` is the object as it was.
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
#include "operator/injection/live_pattern.h"
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
  Clock::WallTimePoint created = {};
  std::string resource_version;
  nlohmann::json status;  // as last read; null: none
  std::shared_ptr<const injection::LivePattern> live;
  std::shared_ptr<const std::string> spec;  // JSON, of what its revision is made of

  const std::string& revision() const { return live->revision; }
  std::int64_t generation() const { return live->generation; }
  // The last revision that was accepted; empty: none was.
  std::string current_revision() const;
  const api::RevisionOwner& identity() const { return live->identity; }

  static Result<std::shared_ptr<const PatternObject>> FromObject(
      const nlohmann::json& object, const std::shared_ptr<const PatternObject>& before = nullptr);
};

}  // namespace remora::reconcilers
