// remora-webhook: wiring only.

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"
#include "operator/runtime/end_signals.h"
#include "operator/runtime/event_recorder.h"
#include "operator/runtime/host_name.h"
#include "operator/runtime/informer.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/reflector_metrics.h"
#include "webhook/endpoints.h"
#include "webhook/http_listener.h"
#include "webhook/lister_pattern_source.h"
#include "webhook/live_lookup.h"
#include "webhook/metric_sources.h"
#include "webhook/options.h"
#include "webhook/tls_certificate.h"

namespace remora::webhook {
namespace {

constexpr int kUsageError = 2;
constexpr int kHttpClientThreads = 2;  // for seven watches
constexpr std::chrono::seconds kCertificateInterval{1};
// Of the allocator; with one for each thread, what a list took is kept once for each of them.
constexpr int kMemoryArenas = 2;
// An answer may still be under way for the handler's time and the write's first moments.
constexpr std::chrono::seconds kInFlightLimit{5};

kube::Resource PatternResource(api::PatternKind kind) {
  return {std::string(api::kGroup), std::string(api::kVersion),
          std::string(PatternKindPlural(kind))};
}

// All that the API server tells us, and the index made of it.
struct Caches {
  Caches(kube::Client& client, Clock& clock)
      : ambassadors(PatternsOf(client, clock, api::PatternKind::kAmbassador)),
        sidecars(PatternsOf(client, clock, api::PatternKind::kSidecar)),
        adapters(PatternsOf(client, clock, api::PatternKind::kAdapter)),
        revisions({.client = client,
                   .clock = clock,
                   .resource = {"apps", "v1", "controllerrevisions"},
                   .decode = DecodeRevision,
                   .source = {.scope = {.label_selector = std::string(api::kPatternLabel)}}}),
        namespaces({client, clock, {"", "v1", "namespaces"}, DecodeNamespace}),
        limit_ranges({client, clock, {"", "v1", "limitranges"}, DecodeLimitRange}),
        quotas({client, clock, {"", "v1", "resourcequotas"}, DecodeQuota}),
        patterns({ambassadors.lister(), sidecars.lister(), adapters.lister(), revisions.lister(),
                  namespaces.lister(), limit_ranges.lister(), quotas.lister()}) {}

  using Patterns = runtime::Informer<injection::LivePattern>;
  static Patterns::Options PatternsOf(kube::Client& client, Clock& clock, api::PatternKind kind) {
    return {client, clock, PatternResource(kind), &injection::LivePattern::FromObject};
  }

  // To each of the seven.
  template <typename Visit>
  void ForEach(const Visit& visit) {
    visit(ambassadors);
    visit(sidecars);
    visit(adapters);
    visit(revisions);
    visit(namespaces);
    visit(limit_ranges);
    visit(quotas);
  }

  void RunIn(runtime::Manager& manager) {
    ForEach([&](auto& informer) { informer.RunIn(manager); });
  }

  std::vector<runtime::NamedReflector> reflectors() {
    std::vector<runtime::NamedReflector> all;
    ForEach([&](auto& informer) { all.push_back({informer.name(), &informer.reflector()}); });
    return all;
  }

  Patterns ambassadors;
  Patterns sidecars;
  Patterns adapters;
  runtime::Informer<api::KeptRevision> revisions;
  runtime::Informer<injection::NamespaceFacts> namespaces;
  runtime::Informer<injection::LimitRangeFacts> limit_ranges;
  runtime::Informer<injection::QuotaFacts> quotas;
  ListerPatternSource patterns;
};

LiveLookup::Fetch FetchFrom(kube::Client& client) {
  return [&client](const PatternKey& key, std::chrono::milliseconds limit,
                   const std::stop_token& stop) -> Result<LiveLookup::Pattern> {
    const auto object = client.Get(PatternResource(key.kind), {key.namespace_name, key.name},
                                   {.stop = stop, .deadline = limit});
    if (!object.ok()) return object.error();
    const auto live = injection::LivePattern::FromObject(*object);
    if (!live.ok()) return live.error();
    if (!(*live)->NeedsKept()) return injection::ServePattern(**live, nullptr, {});
    const auto kept =
        client.Get({"apps", "v1", "controllerrevisions"}, {key.namespace_name, (*live)->KeptName()},
                   {.stop = stop, .deadline = limit});
    if (!kept.ok() && kept.error().code() != ErrorCode::kNotFound) return kept.error();
    const auto revision = kept.ok() ? api::ReadKeptRevision(*kept) : kept.error();
    const bool is_there = revision.ok() && (*live)->Takes(*revision);
    return injection::ServePattern(**live, is_there ? &*revision : nullptr, {});
  };
}

injection::Environment MakeEnvironment(const Options& options) {
  injection::Environment environment;
  environment.catalog_namespace = options.catalog_namespace;
  if (!options.wait_image.empty()) environment.wait_image = options.wait_image;
  return environment;
}

// The first lists are read as JSON documents, many times the size of what is kept of them: gives the
// memory back when the last of them has been read.
void TrimMemoryOnceRead(const PatternSource& patterns, Clock& clock, std::atomic<bool>& trimmed,
                        const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kPoll{10};
  while (!patterns.Missing().empty()) {
    if (!clock.SleepFor(kPoll, stop)) return;
  }
  malloc_trim(0);
  trimmed = true;
  Log(LogLevel::kInfo, "ready to answer");
}

std::string WhyNotReady(const PatternSource& patterns, bool trimmed, bool draining) {
  if (draining) return "draining: no new requests, please";
  const std::string missing = patterns.Missing();
  if (!missing.empty()) return "not read from the API server yet: " + missing;
  return trimmed ? "" : "giving back the memory of the first lists";
}

// With --tls-wait, files that do not exist yet are waited for. Cancelled at a signal.
Result<std::unique_ptr<TlsCertificate>> LoadCertificate(const Options& options,
                                                        runtime::EndSignals& signals,
                                                        Clock& clock) {
  const TlsFiles files{.certificate = options.tls_cert_file, .key = options.tls_private_key_file};
  for (bool waits = false;; waits = true) {
    auto certificate = TlsCertificate::Load(files, clock);
    const bool missing = !certificate.ok() && certificate.error().code() == ErrorCode::kNotFound;
    if (!missing || !options.tls_wait) return certificate;
    if (!waits) {
      Log(LogLevel::kInfo, "waiting for the certificate",
          {{"missing", certificate.error().message()}});
    }
    if (signals.WaitFor(kCertificateInterval)) {
      return Error(ErrorCode::kCancelled, "ended while waiting for the certificate");
    }
  }
}

// Start: certificate → listener, which answers /healthz and says "not ready" → caches → ready.
// Stop: not ready → the port closes → look-ups → caches.
Result<void> Serve(const Options& options, runtime::EndSignals& signals) {
  SystemClock clock;
  const auto certificate = LoadCertificate(options, signals, clock);
  if (!certificate.ok() && certificate.error().code() == ErrorCode::kCancelled) return {};
  if (!certificate.ok()) return certificate.error().WithContext("the certificate cannot be used");
  const auto config = kube::LoadConfig({.kubeconfig_flag = options.kubeconfig});
  if (!config.ok()) return config.error();
  const auto client = kube::Client::Make(*config, {.user_agent = "remora-webhook"});
  if (!client.ok()) return client.error();

  Caches caches(**client, clock);
  const injection::Environment environment = MakeEnvironment(options);
  Metrics metrics;
  metrics.AddSource(PatternFamilies(caches.patterns));
  metrics.AddSource(CertificateFamilies(**certificate, clock));
  metrics.AddSource(runtime::ReflectorFamilies(caches.reflectors(), clock));
  std::atomic<bool> draining = false;
  std::atomic<bool> trimmed = false;
  LiveLookup lookup(FetchFrom(**client), clock);
  runtime::EventRecorder events(
      {.client = **client,
       .clock = clock,
       .reporter = {std::string(api::kGroup) + "/webhook", runtime::HostName()}});
  metrics.AddSource(runtime::EventFamilies(events));
  const EndpointsOptions endpoints{
      .pods = {caches.patterns, environment, metrics, &lookup,
               [&](runtime::Event event) { events.Record(std::move(event)); }},
      .not_ready = [&] { return WhyNotReady(caches.patterns, trimmed, draining); }};

  const auto listener = HttpListener::Start(
      {.address = options.bind_address, .port = options.port, .threads = options.threads},
      [&] { return (*certificate)->context(); },
      [&] { return std::make_unique<Endpoints>(endpoints); });
  if (!listener.ok()) return listener.error();
  Log(LogLevel::kInfo, "remora-webhook started",
      {{"version", REMORA_VERSION},
       {"address", (*listener)->address()},
       {"catalog_namespace", environment.catalog_namespace},
       {"api_server", config->server}});

  (*certificate)->Watch(kCertificateInterval);
  runtime::Manager manager;
  caches.RunIn(manager);
  manager.Add("events", [&](const std::stop_token& stop) { events.Run(stop); });
  manager.Add("memory", [&](const std::stop_token& stop) {
    TrimMemoryOnceRead(caches.patterns, clock, trimmed, stop);
  });

  const int signal = signals.Wait();
  Log(LogLevel::kInfo, "draining", {{"signal", signal}, {"seconds", options.drain.count()}});
  draining = true;
  (*listener)->AnnounceClose();
  signals.WaitFor(options.drain);
  (*listener)->Drain(kInFlightLimit);
  lookup.Stop();  // before the listener goes: a resumed connection is its
  manager.Stop();
  Log(LogLevel::kInfo, "remora-webhook stopped");
  return {};
}

int Main(int argc, char** argv) {
  runtime::EndSignals signals;
  mallopt(M_ARENA_MAX, kMemoryArenas);  // NOLINT(concurrency-mt-unsafe): there is one thread
  kube::InitializeThreads(kHttpClientThreads);
  const auto command_line = ParseCommandLine(argc, argv, REMORA_VERSION);
  if (!command_line.ok()) {
    std::fprintf(stderr, "remora-webhook: %s\n", command_line.error().message().c_str());
    return kUsageError;
  }
  if (!command_line->answer.empty()) {
    std::fputs(command_line->answer.c_str(), stdout);
    return 0;
  }
  ConfigureLog(command_line->options.log);
  if (auto served = Serve(command_line->options, signals); !served.ok()) {
    std::fprintf(stderr, "remora-webhook: %s\n", served.error().message().c_str());
    return kUsageError;
  }
  return 0;
}

}  // namespace
}  // namespace remora::webhook

int main(int argc, char** argv) {
  const int code = remora::webhook::Main(argc, argv);
  // The HTTP client's thread pool is torn down by static destructors, and crashed there in 3 of 150
  // runs. Everything of ours is gone by now.
  remora::FlushLog();
  std::fflush(nullptr);
  _exit(code);
}
