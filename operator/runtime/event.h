// Event: what happened to an object, for people who run `kubectl describe` on it.
//
// Thread-safety: values.
//
// Example
//   recorder.Record({.regarding = replica_set, .related = pattern, .warning = true,
//                    .reason = "PortTaken", .action = "Deny", .note = "port 6379 is declared …"});
#pragma once

#include <compare>
#include <map>
#include <string>

namespace remora::runtime {

struct ObjectReference {
  std::string api_version = {};
  std::string kind = {};
  std::string namespace_name = {};  // empty: a cluster-wide object
  std::string name = {};
  std::string uid = {};  // kubectl describe looks for it
  auto operator<=>(const ObjectReference&) const =
      default;  // NOLINT(modernize-use-nullptr): not one
};

// Two that are equal are the same Event, seen twice.
struct Event {
  ObjectReference regarding = {};
  ObjectReference related = {};  // without a kind: none
  bool warning = false;
  std::string reason = {};  // one word, for programs
  std::string action = {};  // one word: what the reporter did
  std::string note = {};    // a sentence for people
  std::map<std::string, std::string> annotations = {};
  auto operator<=>(const Event&) const = default;  // NOLINT(modernize-use-nullptr): not one
};

}  // namespace remora::runtime
