// ExplainLive: what `remora explain KIND/NAME` says of objects that are in a cluster.
//
// Contract
//   - Of a Pod: what its record says, and how the companions are; that the webhook did not see it, where it asks for patterns
//     and has none; and what a new Pod like it would get now. Of a workload: its template's Pod.
//   - Services and NetworkPolicies are read where a port moves.
// Thread-safety: none needed. Errors: those of LiveCluster; Invalid: no KIND/NAME.
//
// Example
//   auto all = ExplainLive({"pod/cart-7d4"}, options, environment, console);
#pragma once

#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/explained.h"
#include "operator/cli/live_options.h"
#include "operator/injection/injector.h"

namespace remora::cli {

Result<std::vector<Explained>> ExplainLive(const std::vector<std::string>& names,
                                           const LiveOptions& options,
                                           const injection::Environment& environment,
                                           Console console);

}  // namespace remora::cli
