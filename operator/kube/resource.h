// Resource and ObjectKey: which kind of object, and which one of them.
//
// Contract
//   - A Resource is what a URL and an RBAC rule name: group, version, plural, sometimes a
//     subresource. The core group is the empty string.
//   - An ObjectKey without a namespace names a cluster-wide object.
// Thread-safety: values.
//
// Example
//   const Resource namespaces{"", "v1", "namespaces"};
//   client.Get(namespaces, {.name = "shop"});
#pragma once

#include <compare>
#include <string>

namespace remora::kube {

struct Resource {
  std::string group;
  std::string version;
  std::string plural;
  std::string subresource = {};  // for example "status"

  // "pods", "deployments.apps", "deployments.apps/status": as in an RBAC message.
  std::string ToString() const {
    return plural + (group.empty() ? "" : "." + group) +
           (subresource.empty() ? "" : "/" + subresource);
  }
};

struct ObjectKey {
  std::string namespace_name = {};
  std::string name = {};

  // "shop/cart", or "shop" for a cluster-wide object.
  std::string ToString() const {
    return namespace_name.empty() ? name : namespace_name + "/" + name;
  }
  auto operator<=>(const ObjectKey&) const = default;  // NOLINT(modernize-use-nullptr): not one
};

}  // namespace remora::kube
