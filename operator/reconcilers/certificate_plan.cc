#include "operator/reconcilers/certificate_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "operator/base/timestamp.h"

namespace remora::reconcilers {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

// An earlier call than this would be a busy loop.
constexpr seconds kMinWait{1};

sys_seconds RenewAt(const Validity& validity, const CertificateOptions& options) {
  // Its life is reckoned from when it was made; one made by others may have no margin in front.
  sys_seconds made = validity.not_before + options.clock_skew;
  if (made > validity.not_after) made = validity.not_before;
  const auto life = static_cast<double>((validity.not_after - made).count());
  return made + seconds(static_cast<seconds::rep>(life * options.renew_after));
}

Validity ValidityOf(const std::string& certificate_pem) {
  const auto certificates = ReadCertificates(certificate_pem);
  return certificates.ok() ? certificates->front().validity : Validity{};
}

Validity NextLeafValidity(const AuthorityState& authority, sys_seconds now,
                          const CertificateOptions& options) {
  const sys_seconds end = ValidityOf(authority.issuer->certificate_pem).not_after;
  return {now - options.clock_skew, std::min(now + options.leaf_life, end)};
}

// Why no client would take the leaf now; empty when clients that trust `bundle` do.
std::string LeafFault(const CertificateAndKey& leaf, const std::string& bundle, sys_seconds now) {
  if (leaf.certificate_pem.empty() && leaf.key_pem.empty()) return "there is none";
  if (const auto fits = CheckKey(leaf); !fits.ok()) return fits.error().message();
  const auto good = CheckServerCertificate(leaf.certificate_pem, bundle, now);
  return good.ok() ? "" : good.error().message();
}

// Why a leaf that works is to be replaced; empty when it is not.
std::string WhyReplace(const Observed& seen, sys_seconds now, const CertificateOptions& options) {
  const std::string& leaf = seen.serving.leaf.certificate_pem;
  if (!CheckServerCertificate(leaf, seen.authority.issuer->certificate_pem, now).ok()) {
    return "it is signed by an old authority";
  }
  const auto certificates = ReadCertificates(leaf);
  if (!certificates.ok()) return certificates.error().message();  // behind the first, which is good
  const CertificateFacts& facts = certificates->front();
  std::vector<std::string> wanted = options.dns_names;
  std::sort(wanted.begin(), wanted.end());
  if (facts.dns_names != wanted) {
    return fmt::format("it is for {} and should be for {}", fmt::join(facts.dns_names, ", "),
                       fmt::join(wanted, ", "));
  }
  // One that would end no later is no gain: the authority's own end is near.
  const bool gains =
      NextLeafValidity(seen.authority, now, options).not_after > facts.validity.not_after;
  return gains && now >= RenewAt(facts.validity, options) ? "it grows old" : "";
}

bool HasSettled(const Observed& seen, const CertificateOptions& options) {
  return seen.trusted_for && *seen.trusted_for >= options.settle;
}

// The steps that an authority with an issuer goes through.
void DecideOld(const Observed& seen, bool leaf_is_issuers, CertificatePlan& plan) {
  const AuthorityState& authority = seen.authority;
  if (authority.old.empty()) return;
  if (leaf_is_issuers && !authority.old_since) {
    plan.step = AuthorityStep::kStartRetiring;
    plan.step_reason = "the leaf is the new authority's";
  } else if (!leaf_is_issuers && authority.old_since) {
    plan.step = AuthorityStep::kStopRetiring;
    plan.step_reason = "the leaf is not the new authority's";
  }
}

class Waiting {
 public:
  explicit Waiting(sys_seconds now) : now_(now) {}
  void Until(sys_seconds time) { For(time - now_); }
  void For(Clock::Duration duration) { wait_ = std::min(wait_, duration); }
  Clock::Duration wait() const { return std::max<Clock::Duration>(wait_, kMinWait); }

 private:
  sys_seconds now_;
  Clock::Duration wait_ = std::chrono::hours(24);
};

}  // namespace

std::vector<std::string> ServiceDnsNames(const std::string& service,
                                         const std::string& namespace_name,
                                         const std::string& cluster_domain) {
  const std::string in_namespace = service + "." + namespace_name;
  return {service, in_namespace, in_namespace + ".svc", in_namespace + ".svc." + cluster_domain};
}

CertificatePlan Decide(const Observed& seen, sys_seconds now, const CertificateOptions& options) {
  CertificatePlan plan;
  Waiting waiting(now);
  const AuthorityState& authority = seen.authority;
  if (!authority.issuer) {
    plan.step = AuthorityStep::kReplaceIssuer;
    plan.step_reason =
        authority.complaints.empty() ? "there is none" : authority.complaints.front();
  } else if (now >= RenewAt(ValidityOf(authority.issuer->certificate_pem), options)) {
    plan.step = AuthorityStep::kReplaceIssuer;
    plan.step_reason = "it grows old";
  }
  plan.wait = waiting.wait();
  if (plan.step != AuthorityStep::kNone) return plan;

  const CertificateAndKey& leaf = seen.serving.leaf;
  const bool leaf_is_issuers = LeafFault(leaf, authority.issuer->certificate_pem, now).empty();
  DecideOld(seen, leaf_is_issuers, plan);
  if (leaf_is_issuers && authority.old_since) {
    const sys_seconds end = *authority.old_since + options.retire_after;
    if (now >= end) {
      plan.step = AuthorityStep::kDropOld;
      plan.step_reason = "no leaf of it is served any more";
    }
    waiting.Until(end);
  }
  if (plan.step != AuthorityStep::kNone) return plan;

  plan.leaf_reason = LeafFault(leaf, authority.Bundle(), now);
  plan.leaf_is_broken = !plan.leaf_reason.empty();
  if (plan.leaf_reason.empty()) plan.leaf_reason = WhyReplace(seen, now, options);
  // A leaf that works is replaced by one that every API server takes, and not earlier.
  plan.leaf_is_due = !plan.leaf_reason.empty() &&
                     (plan.leaf_is_broken || leaf_is_issuers || HasSettled(seen, options));
  waiting.Until(RenewAt(ValidityOf(authority.issuer->certificate_pem), options));
  if (leaf_is_issuers) {
    waiting.Until(RenewAt(ValidityOf(leaf.certificate_pem), options));
  } else if (!plan.leaf_is_broken) {
    waiting.For(options.settle - seen.trusted_for.value_or(Clock::Duration::zero()));
  }
  plan.wait = waiting.wait();
  return plan;
}

AuthorityState Next(AuthorityStep step, AuthorityState state, sys_seconds now,
                    const CertificateOptions& options) {
  switch (step) {
    case AuthorityStep::kNone: break;
    case AuthorityStep::kReplaceIssuer:
      if (state.issuer) state.old.push_back(state.issuer->certificate_pem);
      state.issuer = MakeAuthority("remora " + FormatTime(now),
                                   {now - options.clock_skew, now + options.authority_life});
      state.old_since.reset();
      break;
    case AuthorityStep::kStartRetiring: state.old_since = now; break;
    case AuthorityStep::kStopRetiring: state.old_since.reset(); break;
    case AuthorityStep::kDropOld:
      state.old.clear();
      state.old_since.reset();
      break;
  }
  return state;
}

Result<CertificateAndKey> IssueLeaf(const AuthorityState& state, sys_seconds now,
                                    const CertificateOptions& options) {
  REMORA_CHECK(state.issuer.has_value());
  return IssueServerCertificate(
      *state.issuer, {"remora-webhook", options.dns_names, NextLeafValidity(state, now, options)});
}

}  // namespace remora::reconcilers
