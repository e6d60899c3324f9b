// ResourceNames: KIND/NAME as users write it, kubectl's short forms included.
//
// Thread-safety: pure functions. Errors: Invalid: one sentence with the nearest kind.
//
// Example
//   auto object = ParseObjectName("deploy/cart", ObjectClass::kWorkload);
//   client.Get(object->kind->resource(), {"shop", object->name});
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operator/base/result.h"
#include "operator/kube/resource.h"

namespace remora::cli {

enum class ObjectClass : std::uint8_t { kWorkload, kPattern };

struct ResourceKind {
  std::string_view kind;        // "Deployment"
  std::string_view singular;    // "deployment"
  std::string_view short_name;  // "deploy"
  std::string_view group;
  std::string_view version;
  std::string_view plural;
  ObjectClass object_class;

  kube::Resource resource() const {
    return {std::string(group), std::string(version), std::string(plural)};
  }
};

struct ObjectName {
  const ResourceKind* kind;
  std::string name;
};

// KIND is the kind, its plural, a short name, or one of these with its group behind a dot, in
// whatever case.
Result<ObjectName> ParseObjectName(std::string_view text, ObjectClass expected);

}  // namespace remora::cli
