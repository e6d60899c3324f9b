// Security: what a container of a pattern may do in this Pod.
//
// Contract
//   - Where the namespace enforces `restricted`, what the pattern leaves unset of it is written;
//     nothing that it sets is changed.
//   - What contradicts the level that is enforced is PodSecurity, and root where the Pod refuses
//     root RunAsNonRoot, with the field. Of an image's own user nothing is known.
//   - The level is taken at its newest version, but for rules on the host of probes (1.34).
// Thread-safety: owner thread only.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

// Volumes that the namespace forbids refuse the candidate.
void CheckVolumeSecurity(Context& context, Candidate& candidate);

class SecurityWriter {
 public:
  SecurityWriter(Context& context, Candidate& candidate);

  // `,"securityContext":{...}`, where there is something to say.
  void Append(const CompiledContainer& container, std::pmr::string& json);
  // Of the wait container, which fits every level.
  void AppendWait(std::pmr::string& json) const;

 private:
  void CheckPorts(const CompiledContainer& container);
  void CheckHosts(const CompiledContainer& container);
  void CheckBaseline(JsonValue context);
  void CheckRestricted(JsonValue context);
  void CheckRoot(JsonValue context);
  void CheckCapabilities(JsonValue context);
  void CheckSeLinux(JsonValue options);
  void CheckProfile(JsonValue context, std::string_view field);
  void AppendRestricted(JsonValue context, std::pmr::string& json) const;
  void Forbid(std::string_view field, std::string_view value);

  Context& context_;
  Candidate& candidate_;
  PodSecurityLevel level_;
  std::string_view where_;  // of the container that is written
};

}  // namespace remora::injection
