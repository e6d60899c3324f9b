#include "operator/certificate_work.h"

#include <chrono>
#include <utility>

#include "operator/base/log.h"
#include "operator/reconcilers/operator_metrics.h"
#include "operator/runtime/reflector_metrics.h"

namespace remora {

namespace {

constexpr std::chrono::seconds kRetry{2};
// How long a burst of changes, our own among them, is waited for.
constexpr std::chrono::milliseconds kGather{300};
constexpr const char* kManaged = "patterns.remora.dev/ca=managed";

reconcilers::CertificateReconciler::Options OptionsOf(const OperatorOptions& options) {
  using reconcilers::CertificateSource;
  return {.source = options.certificates == "own" ? CertificateSource::kOwn
                                                  : CertificateSource::kCertManager,
          .namespace_name = options.namespace_name,
          .secret = options.certificate_secret,
          .configuration_selector = kManaged,
          .certificates = {.dns_names = reconcilers::ServiceDnsNames(options.webhook_service,
                                                                     options.namespace_name)}};
}

kube::Resource Configurations(const char* plural) {
  return {"admissionregistration.k8s.io", "v1", plural};
}

runtime::KubeListerWatcher::Options Managed() {
  return {.scope = {.label_selector = kManaged}, .form = {.metadata_only = true}};
}

}  // namespace

CertificateWork::CertificateWork(const OperatorOptions& options, Dependencies dependencies)
    : clock_(dependencies.clock),
      may_write_(std::move(dependencies.may_write)),
      reconciler_(dependencies.client, clock_, OptionsOf(options)),
      queue_(clock_),
      sink_([this] { queue_.AddAfter(0, kGather); }),
      mutating_source_(dependencies.client, Configurations("mutatingwebhookconfigurations"),
                       Managed()),
      validating_source_(dependencies.client, Configurations("validatingwebhookconfigurations"),
                         Managed()),
      mutating_({.name = "mutatingwebhookconfigurations",
                 .source = mutating_source_,
                 .sink = sink_,
                 .clock = clock_}),
      validating_({.name = "validatingwebhookconfigurations",
                   .source = validating_source_,
                   .sink = sink_,
                   .clock = clock_}) {}

void CertificateWork::RunIn(runtime::Manager& manager) {
  using runtime::Phase;
  queue_.Add(0);
  manager.Add(Phase::kCaches, "mutating",
              [this](const std::stop_token& stop) { mutating_.Run(stop); });
  manager.Add(Phase::kCaches, "validating",
              [this](const std::stop_token& stop) { validating_.Run(stop); });
  manager.Add("certificates", [this](const std::stop_token& stop) { Run(stop); });
}

std::vector<MetricSource> CertificateWork::metrics() const {
  return {reconcilers::CertificateFamilies(reconciler_, clock_)};
}

void CertificateWork::Run(const std::stop_token& stop) {
  while (const auto key = queue_.Get(stop)) {
    queue_.AddAfter(*key, Reconcile(stop));
    queue_.Done(*key);
  }
}

// After what time to come again.
Clock::Duration CertificateWork::Reconcile(const std::stop_token& stop) {
  if (!may_write_()) return kRetry;
  const auto next = reconciler_.Reconcile(stop);
  if (next.ok()) return *next;
  if (next.error().code() != ErrorCode::kCancelled) {
    Log(LogLevel::kWarning, "the certificate is not in order; trying again",
        {{"reason", next.error().message()}});
  }
  return kRetry;
}

}  // namespace remora
