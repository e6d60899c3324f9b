// CertificatePlan: what is due to the webhook's certificates, decided from what the Secrets hold.
//
// An authority of our own signs the webhook's leaf. It is changed in steps, each of which is safe to
// stop after: the new one stands in the bundle beside the old one while the leaf is still the old
// one's; when every webhook configuration has trusted both for a while, a leaf of the new one is
// issued; when no leaf of the old one can be served any more, it leaves the bundle. The key of an
// authority is forgotten as soon as a new one is made.
//
// Contract
//   - Decide() is a function of the Secrets' contents, the time and the options alone; what it says
//     is due, Next() and IssueLeaf() make, which need randomness for keys.
//   - Damage is never fatal: what cannot be used counts as absent, with a sentence in `complaints`,
//     and what still works (a good leaf, and the authority that signed it) stays trusted until its
//     replacement is.
// Thread-safety: values and pure functions.
// Errors: Invalid when the options' DNS names cannot be put into a certificate.
//
// Example
//   const AuthorityState authority = ReadAuthority(data, serving, now);
//   const CertificatePlan plan = Decide({authority, serving, trusted_for}, now, options);
//   const SecretData next = WriteAuthority(Next(plan.step, authority, now, options));
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/base/x509.h"

namespace remora::reconcilers {

struct CertificateOptions {
  std::vector<std::string> dns_names;  // of the leaf; see ServiceDnsNames()
  std::chrono::seconds authority_life = std::chrono::days(365);
  std::chrono::seconds leaf_life = std::chrono::days(30);
  double renew_after = 2.0 / 3;  // share of a life after which the next certificate is made
  // Clocks of a cluster differ: certificates hold from so long before they are made.
  std::chrono::seconds clock_skew = std::chrono::minutes(5);
  // Between a change of the bundle in the webhook configurations and the first leaf that needs it:
  // API servers read them through caches, which lag by moments, or seconds under load.
  std::chrono::seconds settle{30};
  // Between the first leaf of a new authority and the end of trust in the old one. The kubelet takes
  // two minutes to bring a Secret to a mount; a node that is cut off from the API server longer.
  std::chrono::seconds retire_after = std::chrono::hours(24);
};

// SERVICE, SERVICE.NAMESPACE, SERVICE.NAMESPACE.svc (which the API server asks for) and the form
// with the cluster's domain.
std::vector<std::string> ServiceDnsNames(const std::string& service,
                                         const std::string& namespace_name,
                                         const std::string& cluster_domain = "cluster.local");

// A Secret's data, decoded.
using SecretData = std::map<std::string, std::string>;

// What the authority's Secret says, as far as it can be used.
struct AuthorityState {
  std::optional<CertificateAndKey> issuer;
  std::vector<std::string> old;  // PEM; trusted still
  // Since when the leaf in the Secret is the issuer's; nothing while it is another's.
  std::optional<std::chrono::sys_seconds> old_since;
  std::vector<std::string> complaints;

  // All that is to be trusted, in an order that a change of the issuer leaves as it is.
  std::string Bundle() const;
};

// What the Secret says that the webhook mounts.
struct ServingState {
  CertificateAndKey leaf;  // empty: none
  std::string bundle_pem;
};

AuthorityState ReadAuthority(const SecretData& data, const ServingState& serving,
                             std::chrono::sys_seconds now);
// The keys that are ours; an empty value is a key that must not be there.
SecretData WriteAuthority(const AuthorityState& state);

ServingState ReadServing(const SecretData& data);
SecretData WriteServing(const ServingState& state);

struct Observed {
  AuthorityState authority;
  ServingState serving;
  // For how long every webhook configuration has held the authority's bundle, as far as we know.
  std::optional<Clock::Duration> trusted_for;
};

enum class AuthorityStep {
  kNone,
  kReplaceIssuer,  // a new one signs from now on; the one before is old
  kStartRetiring,  // the leaf is the issuer's: the time of the old ones runs
  kStopRetiring,   // the leaf is an old one's again
  kDropOld,
};

struct CertificatePlan {
  AuthorityStep step = AuthorityStep::kNone;
  std::string step_reason;
  bool leaf_is_due = false;  // only when no step is
  bool leaf_is_broken = false;
  std::string leaf_reason;
  Clock::Duration wait;  // until the clock makes something due; nothing is before
};

CertificatePlan Decide(const Observed& seen, std::chrono::sys_seconds now,
                       const CertificateOptions& options);

// The authority after the step.
AuthorityState Next(AuthorityStep step, AuthorityState state, std::chrono::sys_seconds now,
                    const CertificateOptions& options);

// A leaf of state.issuer, which must be there.
[[nodiscard]] Result<CertificateAndKey> IssueLeaf(const AuthorityState& state,
                                                  std::chrono::sys_seconds now,
                                                  const CertificateOptions& options);

}  // namespace remora::reconcilers
