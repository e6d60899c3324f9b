// WorkloadWarnings: what who applies a workload is told about the Pods that will come of it.
//
// Contract
//   - At most 8 warnings of at most 120 bytes, the most important first: that the Pods will be
//     denied, annotations that no Pod gets, what the Pods will go without. Each names the workload
//     (kubectl prints two equal warnings once), the sentences behind it are the Pod's own.
//   - A longer sentence goes on in the next warning, which begins with "... "; words stay whole.
//   - Nothing that an annotation asks for is warned of twice, and nothing where all is well.
//   - Not foretold: what plugins of the API server and other webhooks make of the Pod before it
//     comes to us.
// Thread-safety: pure functions. Errors: none.
//
// Example
//   const auto warnings = WorkloadWarnings(workload, decided->outcome, arena);
//   // Deployment cart: its Pods will be denied: Ambassador reddis (PatternNotFound)
//   // PatternNotFound: no Ambassador "reddis" in namespace shop or remora-catalog; did you mean …
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operator/base/arena.h"
#include "operator/injection/injector.h"
#include "webhook/workload.h"

namespace remora::webhook {

std::vector<std::string> WorkloadWarnings(const Workload& workload,
                                          const injection::Outcome& outcome, Arena& arena);

// Where the API server does not ask about Pods at all.
std::vector<std::string> ExcludedWarnings(const Workload& workload, std::string_view namespace_name,
                                          Arena& arena);

}  // namespace remora::webhook
