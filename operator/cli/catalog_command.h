// `remora catalog list|show`: which patterns are there for everybody, and how one is used.
//
// Contract
//   - Those of the catalog's namespace, or those that stand in files.
//   - `show` prints the annotations to copy, with a value for each parameter that a Pod must give.
// Thread-safety: none needed.
// Errors: those of LiveCluster and LoadPatterns(). NotFound: with the nearest name.
//
// Example
//   auto exit_code = RunCatalog({.action = "show", .name = "sidecar/log-saver"}, console);
#pragma once

#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"

namespace remora::cli {

struct CatalogOptions {
  std::string action = {};  // list or show
  std::string name = {};    // NAME or KIND/NAME
  LiveOptions live = {};
  std::vector<std::string> files = {};  // instead of a cluster
  std::string catalog_namespace = "remora-catalog";
  OutputFormat format = OutputFormat::kText;  // or kJson
};

Result<ExitCode> RunCatalog(const CatalogOptions& options, Console console);

}  // namespace remora::cli
