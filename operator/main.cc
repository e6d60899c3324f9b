// remora-operator: wiring only.

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/annotations.h"
#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/base/metric_family.h"
#include "operator/certificate_work.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"
#include "operator/leader_work.h"
#include "operator/options.h"
#include "operator/reconcilers/operator_metrics.h"
#include "operator/runtime/end_signals.h"
#include "operator/runtime/event_recorder.h"
#include "operator/runtime/host_name.h"
#include "operator/runtime/leader_elector.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/probe_server.h"
#include "operator/webhook_removal.h"

namespace remora {
namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;
constexpr int kHttpClientThreads = 2;  // for six watches
constexpr int kMemoryArenas = 2;

std::string IdentityOf(const OperatorOptions& options) {
  if (!options.identity.empty()) return options.identity;
  return runtime::HostName() + "_" + std::to_string(getpid());
}

runtime::LeaderElector::Options ElectionOf(kube::Client& client, Clock& clock,
                                           const OperatorOptions& options) {
  const std::chrono::seconds lease(options.lease_seconds);
  // client-go's proportions: 15, 10 and 2 seconds.
  return {.client = client,
          .clock = clock,
          .identity = IdentityOf(options),
          .lease = {options.namespace_name, "remora-operator"},
          .lease_duration = lease,
          .renew_deadline = lease * 2 / 3,
          .retry_period = std::max(std::chrono::seconds(1), lease * 2 / 15)};
}

Result<std::unique_ptr<kube::Client>> MakeClient(const kube::Config& config) {
  return kube::Client::Make(config,
                            {.user_agent = "remora-operator", .field_manager = "remora-operator"});
}

Result<int> Remove(const OperatorOptions& options) {
  const auto config = kube::LoadConfig({.kubeconfig_flag = options.kubeconfig});
  if (!config.ok()) return config.error();
  const auto client = MakeClient(*config);
  if (!client.ok()) return client.error();
  const auto removed = RemoveWebhooks(**client);
  if (removed.ok()) return 0;
  Log(LogLevel::kError, "the webhook configurations are not removed",
      {{"reason", removed.error().message()}});
  return kFailure;
}

// Start: health → leader → caches → work. Stop: the reverse; the Lease is given back last.
Result<int> Serve(const OperatorOptions& options, runtime::EndSignals& signals) {
  SystemClock clock;
  const auto config = kube::LoadConfig({.kubeconfig_flag = options.kubeconfig});
  if (!config.ok()) return config.error();
  const auto client = MakeClient(*config);
  if (!client.ok()) return client.error();

  runtime::LeaderElector elector(ElectionOf(**client, clock, options));
  runtime::EventRecorder events(
      {.client = **client,
       .clock = clock,
       .reporter = {std::string(api::kGroup) + "/operator", IdentityOf(options)}});
  LeaderWork work(options,
                  {.client = **client,
                   .clock = clock,
                   .may_write = [&] { return elector.HoldsLease(); },
                   .record_event = [&](runtime::Event event) { events.Record(std::move(event)); }});
  CertificateWork certificates(options, {.client = **client, .clock = clock, .may_write = [&] {
                                           return elector.HoldsLease();
                                         }});
  std::vector<MetricSource> metrics = work.metrics();
  metrics.push_back(reconcilers::LeaderFamilies([&] { return elector.HoldsLease(); }));
  for (MetricSource& source : certificates.metrics()) metrics.push_back(std::move(source));
  metrics.push_back(runtime::EventFamilies(events));
  const auto probes = runtime::ProbeServer::Start(
      {.address = options.bind_address,
       .port = options.port,
       // One that waits for the Lease is as ready as it can be.
       .not_ready = [&] { return elector.HoldsLease() ? work.Missing() : std::string(); },
       .metrics = [&] { return RenderMetrics(metrics); }});
  if (!probes.ok()) return probes.error();
  Log(LogLevel::kInfo, "remora-operator started",
      {{"version", REMORA_VERSION}, {"port", (*probes)->port()}, {"api_server", config->server}});

  std::atomic<bool> lost = false;
  runtime::Manager last;  // ends after those who record Events
  last.Add("events", [&](const std::stop_token& stop) { events.Run(stop); });
  runtime::Manager manager;
  {
    runtime::Manager election;
    election.Add("leader", [&](const std::stop_token& stop) {
      if (!elector.Acquire(stop)) return;
      work.RunIn(manager);
      if (options.certificates != "none") certificates.RunIn(manager);
      elector.Hold(stop);
      if (stop.stop_requested()) return;
      lost = true;
      runtime::EndSignals::Raise();
    });
    const int signal = signals.Wait();
    Log(LogLevel::kInfo, "ending", {{"signal", signal}, {"lease_lost", lost.load()}});
  }
  manager.Stop();
  last.Stop();
  if (!lost) elector.Release();
  return lost ? kFailure : 0;
}

int Main(int argc, char** argv) {
  runtime::EndSignals signals;
  mallopt(M_ARENA_MAX, kMemoryArenas);
  kube::InitializeThreads(kHttpClientThreads);
  const auto command_line = ParseOperatorCommandLine(argc, argv, REMORA_VERSION);
  if (!command_line.ok()) {
    std::fprintf(stderr, "remora-operator: %s\n", command_line.error().message().c_str());
    return kUsageError;
  }
  if (!command_line->answer.empty()) {
    std::fputs(command_line->answer.c_str(), stdout);
    return 0;
  }
  ConfigureLog(command_line->options.log);
  const OperatorOptions& options = command_line->options;
  const auto done = command_line->removes_webhooks ? Remove(options) : Serve(options, signals);
  if (done.ok()) return *done;
  std::fprintf(stderr, "remora-operator: %s\n", done.error().message().c_str());
  return kUsageError;
}

}  // namespace
}  // namespace remora

int main(int argc, char** argv) {
  const int code = remora::Main(argc, argv);
  remora::FlushLog();
  std::fflush(nullptr);
  _exit(code);  // not return: see kube/client.h
}
