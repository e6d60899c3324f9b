// SharedFlags: the flags that several commands have, and the checks of what was given by them.
//
// Thread-safety: none needed. Errors: Invalid: one sentence.
// Lifetime: the options that a flag writes into outlive the command.
//
// Example
//   AddInputs(command, options.cluster);
//   AddConnection(command, options.live);
#pragma once

#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/live_options.h"
#include "operator/cli/offline_cluster.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace remora::cli {

// -f and -R.
void AddFiles(CLI::App& command, Inputs& inputs);
// -n, --catalog-namespace and --wait-image.
void AddSurroundings(CLI::App& command, OfflineOptions& options);
// All of these, and --patterns.
void AddInputs(CLI::App& command, OfflineOptions& options);

// --kubeconfig and --context; -n, too, where the command has none from above: then
// TakeNamespace() hands it on.
void AddConnection(CLI::App& command, LiveOptions& options);
// Of a command with both: the namespace of -n where it was given, else the context's.
void TakeNamespace(const CLI::App& command, const OfflineOptions& offline, LiveOptions& live);

// `-o=json` is what kubectl takes, too.
std::vector<std::string> SplitShortFlags(const std::vector<std::string>& arguments);

Result<void> CheckFiles(const Inputs& inputs);  // -f is there
Result<void> CheckNamespaces(const OfflineOptions& options);
Result<void> CheckNamespace(const LiveOptions& options);  // the one of -n, if any
Result<void> CheckInputs(const OfflineOptions& options);  // both

}  // namespace remora::cli
