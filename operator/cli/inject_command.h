// `remora inject`: workloads with their companions, as the webhook would make their Pods.
//
// Contract
//   - Documents that get no companion come out byte for byte; of the others only what is new is
//     written (document_printer.h), unless another language is asked for.
//   - A workload that is refused is left out and named on stderr with its reason; the rest comes
//     out, and the exit code is kRefused.
// Thread-safety: none needed. Errors: Invalid, NotFound, PermissionDenied, Unavailable: the inputs.
//
// Example
//   auto exit_code = RunInject({.cluster = options, .format = {}}, console);
#pragma once

#include <optional>

#include "operator/base/result.h"
#include "operator/cli/command.h"
#include "operator/cli/offline_cluster.h"

namespace remora::cli {

struct InjectOptions {
  OfflineOptions cluster;
  std::optional<OutputFormat> format;  // nothing: each document in its own language
};

Result<ExitCode> RunInject(const InjectOptions& options, Console console);

}  // namespace remora::cli
