// CertificateReconciler: the webhook's certificate in its Secret, and the API servers' trust in it.
//
// Contract
//   - Reconcile() reads the Secrets and the labelled webhook configurations, does what is due, and
//     says after what time it wants to be called again at the latest. It keeps nothing that a new
//     process would need: one that starts in the middle of a change waits Options::settle once more.
//   - Own: an authority and a leaf as certificate_plan.h decides. Two Secrets: the webhook mounts
//     the one with the leaf and the bundle; the authority's key lies in the other.
//   - CertManager: nothing is made; the bundle is ca.crt of the Secret that cert-manager keeps.
//   - `caBundle` of every entry of every configuration that the selector finds is the bundle. It is
//     the only field that is written, and only in the version of the configuration that was read, before
//     the Secrets were: a bundle never takes the place of a newer one.
//   - A Secret is written in the version that was read: of several operators at once one wins, and
//     the others go on from what it wrote.
// Thread-safety: Reconcile() by one thread at a time; expiry() from any.
// Errors: those of the Client, with the object's name. Invalid: cert-manager's Secret has no ca.crt,
//   or a DNS name cannot be used. Conflict: others kept writing; call again later.
// Lifetime: client and clock outlive it.
//
// Example
//   CertificateReconciler certificates(client, clock, {.namespace_name = "remora-system",
//       .certificates = {.dns_names = ServiceDnsNames("remora-webhook", "remora-system")}});
//   const auto wait = certificates.Reconcile(stop);
//   clock.SleepFor(wait.ok() ? *wait : backoff.Next(), stop);
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/kube/client.h"
#include "operator/reconcilers/certificate_plan.h"

namespace remora::reconcilers {

enum class CertificateSource { kOwn, kCertManager };

// For certificate_expiry_seconds{certificate}; nothing until it is known.
struct CertificateExpiry {
  std::optional<std::chrono::sys_seconds> authority;  // the one that signs; never cert-manager's
  std::optional<std::chrono::sys_seconds> webhook;
};

class CertificateReconciler {
 public:
  struct Options {
    CertificateSource source = CertificateSource::kOwn;
    std::string namespace_name = {};
    std::string secret = "remora-webhook-tls";
    std::string authority_secret = "remora-webhook-ca";  // Own
    std::string configuration_selector = "patterns.remora.dev/ca=managed";
    CertificateOptions certificates = {};  // Own
    // The longest time between two calls. Changes that a watch reports should not wait for it.
    std::chrono::seconds poll = std::chrono::minutes(5);
  };

  CertificateReconciler(kube::Client& client, const Clock& clock, Options options);

  [[nodiscard]] Result<Clock::Duration> Reconcile(const std::stop_token& stop);

  CertificateExpiry expiry() const EXCLUDES(mutex_);

 private:
  using Json = nlohmann::json;
  // A Secret as it was read, and its data decoded; `object` is null when there is none.
  struct Secret {
    std::string name;
    Json object;
    SecretData data;
  };
  struct Configuration {
    kube::Resource resource;
    Json object;
  };
  // Since when every configuration holds the bundle.
  struct Trust {
    std::string bundle;
    Clock::TimePoint since;
  };
  // How long until the next call; nothing: at once, since something was written.
  using PassEnd = Result<std::optional<Clock::Duration>>;

  PassEnd Pass(const std::stop_token& stop);
  PassEnd PassOfOwn(const std::stop_token& stop);
  PassEnd PassOfCertManager(const std::stop_token& stop);

  Result<Secret> ReadSecret(const std::string& name, const std::stop_token& stop);
  // True when the Secret already has these contents; else it has now.
  Result<bool> EnsureSecret(const Secret& seen, const SecretData& wanted, const char* type,
                            const std::stop_token& stop);
  Result<std::vector<Configuration>> ReadConfigurations(const std::stop_token& stop);
  Result<void> EnsureTrust(const std::vector<Configuration>& configurations,
                           const std::string& bundle, const std::stop_token& stop);
  Result<void> WriteBundle(const Configuration& configuration, const std::string& encoded,
                           const std::stop_token& stop);
  std::optional<Clock::Duration> TrustedFor(const std::vector<Configuration>& configurations,
                                            const std::string& bundle) const;
  Result<void> RenewLeaf(const CertificatePlan& plan, const Observed& seen, ServingState& serving);
  void Publish(const std::string& authority_pem, const std::string& webhook_pem) EXCLUDES(mutex_);
  std::chrono::sys_seconds Now() const;

  kube::Client& client_;
  const Clock& clock_;
  const Options options_;
  std::optional<Trust> trust_;
  mutable Mutex mutex_;
  CertificateExpiry expiry_ GUARDED_BY(mutex_);
};

}  // namespace remora::reconcilers
