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

#include "operator/api/annotations.h"
#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/certificate_work.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"
#include "operator/leader_work.h"
#include "operator/options.h"
#include "operator/probes.h"
#include "operator/runtime/end_signals.h"
#include "operator/runtime/event_recorder.h"
#include "operator/runtime/host_name.h"
#include "operator/runtime/leader_elector.h"
#include "operator/runtime/manager.h"
#include "operator/webhook_removal.h"

namespace remora {
namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;
constexpr int kHttpClientThreads = 2;  // for six watches
constexpr int kMemoryArenas = 2;
constexpr std::chrono::seconds kBetweenTrims{10};

std::string IdentityOf(const OperatorOptions& options) {
  if (!options.identity.empty()) return options.identity;
  return runtime::HostName() + "_" + std::to_string(getpid());
}

kube::Client::Options ClientOptions() {
  return {.user_agent = "remora-operator", .field_manager = "remora-operator"};
}

// client-go's proportions: 15, 10 and 2 seconds.
struct Lease {
  std::chrono::seconds duration;
  std::chrono::seconds renew_deadline;
  std::chrono::seconds retry_period;
  std::chrono::seconds margin;  // from our end to another's beginning
};
Lease LeaseOf(const OperatorOptions& options) {
  const std::chrono::seconds duration(options.lease_seconds);
  const auto renew_deadline = duration * 2 / 3;
  return {.duration = duration,
          .renew_deadline = renew_deadline,
          .retry_period = std::max(std::chrono::seconds(1), duration * 2 / 15),
          .margin = duration - renew_deadline};
}

runtime::LeaderElector::Options ElectionOf(kube::Client& client, Clock& clock,
                                           const OperatorOptions& options) {
  const Lease lease = LeaseOf(options);
  return {.client = client,
          .clock = clock,
          .identity = IdentityOf(options),
          .lease = {options.namespace_name, "remora-operator"},
          .lease_duration = lease.duration,
          .renew_deadline = lease.renew_deadline,
          .retry_period = lease.retry_period};
}

Result<int> Remove(const OperatorOptions& options) {
  const auto config = kube::LoadConfig({.kubeconfig_flag = options.kubeconfig});
  if (!config.ok()) return config.error();
  const auto client = kube::Client::Make(*config, ClientOptions());
  if (!client.ok()) return client.error();
  const auto removed = RemoveWebhooks(**client);
  if (removed.ok()) return 0;
  Log(LogLevel::kError, "the webhook configurations are not removed",
      {{"reason", removed.error().message()}});
  return kFailure;
}

// What is read anew after a lost connection leaves holes, which the allocator would keep for itself.
void TrimMemory(Clock& clock, const std::stop_token& stop) {
  while (clock.SleepFor(kBetweenTrims, stop)) malloc_trim(0);
}

// Start: health → events → leader → caches → work. Stop: the reverse (runtime::Phase); the Lease is given
// back last.
Result<int> Serve(const OperatorOptions& options, runtime::EndSignals& signals) {
  SystemClock clock;
  const auto config = kube::LoadConfig({.kubeconfig_flag = options.kubeconfig});
  if (!config.ok()) return config.error();
  // For the Lease, and for Events: those say what has happened, whoever leads by now.
  const auto free_client = kube::Client::Make(*config, ClientOptions());
  if (!free_client.ok()) return free_client.error();
  runtime::LeaderElector elector(ElectionOf(**free_client, clock, options));
  const auto leads = [&] { return elector.HoldsLease(); };
  // All else is written only while no other process can hold the Lease.
  auto fenced = ClientOptions();
  fenced.may_write = leads;
  fenced.longest_write = LeaseOf(options).margin;
  const auto client = kube::Client::Make(*config, std::move(fenced));
  if (!client.ok()) return client.error();

  runtime::EventRecorder events(
      {.client = **free_client,
       .clock = clock,
       .reporter = {std::string(api::kGroup) + "/operator", IdentityOf(options)}});
  LeaderWork work(options,
                  {.client = **client,
                   .clock = clock,
                   .may_write = leads,
                   .record_event = [&](runtime::Event event) { events.Record(std::move(event)); }});
  CertificateWork certificates(options, {.client = **client, .clock = clock, .may_write = leads});
  const auto probes = StartProbes(options, {leads, work, certificates, events});
  if (!probes.ok()) return probes.error();
  Log(LogLevel::kInfo, "remora-operator started",
      {{"version", REMORA_VERSION}, {"port", (*probes)->port()}, {"api_server", config->server}});

  std::atomic<bool> lost = false;
  runtime::Manager manager;
  manager.Add(runtime::Phase::kEvents, "events",
              [&](const std::stop_token& stop) { events.Run(stop); });
  manager.Add(runtime::Phase::kEvents, "memory",
              [&](const std::stop_token& stop) { TrimMemory(clock, stop); });
  manager.Add(runtime::Phase::kElection, "leader", [&](const std::stop_token& stop) {
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
  manager.Stop();
  if (!lost) elector.Release();
  return lost ? kFailure : 0;
}

int Main(int argc, char** argv) {
  runtime::EndSignals signals;
  mallopt(M_ARENA_MAX, kMemoryArenas);  // NOLINT(concurrency-mt-unsafe): there is one thread
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
