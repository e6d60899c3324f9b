// ObjectMeta: which object in which version a piece of JSON is.
//
// Contract
//   - Total: what is missing or of another type than it should be reads as empty.
// Thread-safety: pure function.
//
// Example
//   const ObjectMeta meta = ReadObjectMeta(object);
//   if (meta.key.name.empty()) return;  // not an object
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/kube/resource.h"

namespace remora::runtime {

struct ObjectMeta {
  kube::ObjectKey key;
  std::string resource_version;
};

ObjectMeta ReadObjectMeta(const nlohmann::json& object);

}  // namespace remora::runtime
