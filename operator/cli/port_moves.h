// FindPortMoves: what a takeOver leaves behind. An Ambassador takes the name of its target's port;
// Services and NetworkPolicies that say the name follow, those that say the number do not.
//
// Contract
//   - Looks at Services and NetworkPolicies of the Pod's namespace alone.
//   - `policy` closes the old ports to all but the Pod itself and the kubelet. It is null where a
//     NetworkPolicy chooses the Pod already: policies add up, and another one would open what that
//     one closes; `isolated_by` names them. It chooses injected Pods alone, for the others serve
//     on the old port.
// Thread-safety: pure function. Errors: none; what cannot be read counts as absent.
//
// Example
//   PortMoves moves = FindPortMoves({pod, injected}, neighbours, {"cart", "shop"});
//   for (const LeftBehind& left : moves.left_behind) Print(left.field, left.change);
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace remora::cli {

struct PodChange {
  const nlohmann::json& before;
  const nlohmann::json& after;
};

struct PortMove {
  std::string name;  // of the port
  std::string protocol;
  int old_number = 0;
  int new_number = 0;
  std::string target;     // the container that had the name
  std::string companion;  // the container that has it now

  std::string OldPort() const { return std::to_string(old_number) + "/" + protocol; }
};

struct LeftBehind {
  std::size_t neighbour = 0;  // its place in the list
  std::string object;         // "Service shop/cart"
  std::string field;          // "spec.ports[0].targetPort"
  std::string value;          // "8080"
  std::string change;         // the line that follows: "targetPort: http"
};

struct PortMoves {
  std::vector<PortMove> moves;
  std::vector<LeftBehind> left_behind;
  std::vector<std::string> isolated_by;  // "NetworkPolicy shop/cart"
  // Of these: rules that let every port through.
  std::vector<std::string> open_rules;  // "NetworkPolicy shop/cart: spec.ingress[0]"
  nlohmann::json policy;
};

struct PolicyOwner {
  std::string name;  // the policy's begins with it
  std::string namespace_name;
  nlohmann::json selector;  // labels by which the owner knows its Pods; null: the Pod's own
};

// `neighbours` are objects of any kind.
PortMoves FindPortMoves(const PodChange& change, const std::vector<nlohmann::json>& neighbours,
                        const PolicyOwner& owner);

}  // namespace remora::cli
