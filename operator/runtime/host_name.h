// HostName: what this machine is called; in a Pod, the Pod's name.
//
// Thread-safety: a pure function.
// Errors: none; "unknown" where there is no name.
//
// Example
//   EventReporter reporter{"patterns.remora.dev/webhook", HostName()};
#pragma once

#include <string>

namespace remora::runtime {

std::string HostName();

}  // namespace remora::runtime
