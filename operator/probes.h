// StartProbes: what the operator says of itself over HTTP: /healthz, /readyz and /metrics.
//
// Contract
//   - The one that leads is ready once its caches are read; until then /readyz is 503 and says what is
//     missing. One that waits for the Lease is as ready as it can be.
// Thread-safety: owner thread only.
// Errors: Invalid: the address cannot be listened on.
// Lifetime: what the ProbeSources refer to outlives the server.
//
// Example
//   auto probes = StartProbes(options, {leads, work, certificates, events});
//   if (!probes.ok()) return probes.error();
#pragma once

#include <functional>
#include <memory>

#include "operator/base/result.h"
#include "operator/certificate_work.h"
#include "operator/leader_work.h"
#include "operator/options.h"
#include "operator/runtime/event_recorder.h"
#include "operator/runtime/probe_server.h"

namespace remora {

struct ProbeSources {
  std::function<bool()> leads;
  const LeaderWork& work;
  const CertificateWork& certificates;
  const runtime::EventRecorder& events;
};

Result<std::unique_ptr<runtime::ProbeServer>> StartProbes(const OperatorOptions& options,
                                                          ProbeSources sources);

}  // namespace remora
