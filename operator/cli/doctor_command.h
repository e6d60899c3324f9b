// `remora doctor`: whether Remora works in a cluster, and what mends it where it does not.
//
// Contract
//   - Nothing is changed: Pods are created as dry runs.
//   - A line for everything that was looked at (doctor/finding.h). kRefused where there is a problem;
//     what may not be known is none.
//   - With `try_pattern` only whether the API server is new enough, and whether a Pod gets that pattern.
// Thread-safety: none needed. Errors: Invalid: the kubeconfig, or a pattern that is no KIND/NAME.
//
// Example
//   auto exit_code = RunDoctor({.live = live}, clock, console);
#pragma once

#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/live_options.h"

namespace remora::cli {

struct DoctorOptions {
  std::string program = "remora";  // as the user calls it
  LiveOptions live = {};           // the namespace is the one in which Pods are tried
  std::string release_namespace = "remora-system";
  std::string catalog_namespace = "remora-catalog";
  std::string sealed_namespace = "remora-sealed";
  std::string try_pattern = {};               // KIND/NAME
  OutputFormat format = OutputFormat::kText;  // or kJson
};

Result<ExitCode> RunDoctor(const DoctorOptions& options, const Clock& clock, Console console);

}  // namespace remora::cli
