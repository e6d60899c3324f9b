// How the certificates lie in their Secrets: the readers and writers of certificate_plan.h.

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "operator/base/timestamp.h"
#include "operator/reconcilers/certificate_plan.h"

namespace remora::reconcilers {

namespace {

using std::chrono::sys_seconds;

// Those of kubernetes.io/tls, and ours.
constexpr const char* kLeafCertificate = "tls.crt";
constexpr const char* kLeafKey = "tls.key";
constexpr const char* kAuthorityCertificate = "ca.crt";
constexpr const char* kAuthorityKey = "ca.key";
constexpr const char* kOldAuthorities = "old.crt";
constexpr const char* kOldSince = "old-since";

std::string At(const SecretData& data, const char* key) {
  const auto at = data.find(key);
  return at == data.end() ? std::string() : at->second;
}

std::optional<sys_seconds> TimeAt(const SecretData& data, const char* key) {
  const auto time = ParseTime(At(data, key));
  if (!time) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*time);
}

// Why the pair cannot sign leaves; empty when it can.
std::string IssuerFault(const CertificateAndKey& pair, sys_seconds now) {
  const auto certificates = ReadCertificates(pair.certificate_pem);
  if (!certificates.ok()) return "ca.crt: " + certificates.error().message();
  const CertificateFacts& facts = certificates->front();
  if (!facts.is_authority) return "ca.crt: is no certificate of an authority";
  if (now >= facts.validity.not_after)
    return "ca.crt: expired at " + FormatTime(facts.validity.not_after);
  if (now < facts.validity.not_before) {
    return "ca.crt: holds only from " + FormatTime(facts.validity.not_before);
  }
  if (const auto fits = CheckKey(pair); !fits.ok()) return "ca.key: " + fits.error().message();
  // An authority made by somebody else may not suit for reasons that only the outcome shows: it is
  // no root, its key is of a kind that signs otherwise, its extensions forbid it.
  const auto trial =
      IssueServerCertificate(pair, {"trial", {"trial"}, certificates->front().validity});
  if (!trial.ok()) return "ca.crt: " + trial.error().message();
  const auto taken = CheckServerCertificate(trial->certificate_pem, pair.certificate_pem, now);
  return taken.ok() ? "" : "ca.crt: its leaves are refused: " + taken.error().message();
}

// The authorities among the certificates that have not expired.
std::vector<std::string> Usable(const std::string& bundle_pem, sys_seconds now) {
  std::vector<std::string> usable;
  const auto certificates = ReadCertificates(bundle_pem);
  if (!certificates.ok()) return usable;
  for (const CertificateFacts& facts : *certificates) {
    if (facts.is_authority && now < facts.validity.not_after) usable.push_back(facts.pem);
  }
  return usable;
}

// What the Secret that the webhook mounts trusts its own leaf by, when the authority's Secret has
// lost it: that one was deleted, or somebody put another authority into it.
std::vector<std::string> Salvage(const AuthorityState& state, const ServingState& serving,
                                 sys_seconds now) {
  const std::string& leaf = serving.leaf.certificate_pem;
  std::vector<std::string> saved;
  if (leaf.empty() || CheckServerCertificate(leaf, state.Bundle(), now).ok()) return saved;
  if (!CheckKey(serving.leaf).ok()) return saved;
  for (const std::string& authority : Usable(serving.bundle_pem, now)) {
    if (CheckServerCertificate(leaf, authority, now).ok()) saved.push_back(authority);
  }
  return saved;
}

void Append(std::vector<std::string>& list, std::vector<std::string> more) {
  std::move(more.begin(), more.end(), std::back_inserter(list));
}

}  // namespace

std::string AuthorityState::Bundle() const {
  std::string all;
  if (issuer) all += issuer->certificate_pem;
  for (const std::string& one : old) all += one;
  const auto certificates = ReadCertificates(all);
  if (!certificates.ok()) return "";
  // By age: the one that is new now is not the last to be new.
  std::set<std::pair<std::pair<sys_seconds, std::string>, std::string>> sorted;
  for (const CertificateFacts& facts : *certificates) {
    sorted.insert({{facts.validity.not_before, facts.fingerprint}, facts.pem});
  }
  std::string bundle;
  for (const auto& [order, pem] : sorted) bundle += pem;
  return bundle;
}

AuthorityState ReadAuthority(const SecretData& data, const ServingState& serving, sys_seconds now) {
  AuthorityState state;
  const CertificateAndKey pair{At(data, kAuthorityCertificate), At(data, kAuthorityKey)};
  if (!pair.certificate_pem.empty() || !pair.key_pem.empty()) {
    if (const std::string fault = IssuerFault(pair, now); fault.empty()) {
      state.issuer = pair;
    } else {
      state.complaints.push_back(fault);
      state.old = Usable(pair.certificate_pem, now);
    }
  }
  if (const std::string old = At(data, kOldAuthorities); !old.empty()) {
    if (const auto readable = ReadCertificates(old); !readable.ok()) {
      state.complaints.push_back("old.crt: " + readable.error().message());
    }
    Append(state.old, Usable(old, now));
  }
  Append(state.old, Salvage(state, serving, now));
  if (!state.old.empty()) state.old_since = TimeAt(data, kOldSince);
  return state;
}

SecretData WriteAuthority(const AuthorityState& state) {
  const CertificateAndKey issuer = state.issuer.value_or(CertificateAndKey());
  std::string old;
  for (const std::string& one : state.old) old += one;
  const bool retiring = state.old_since && !state.old.empty();
  return {{kAuthorityCertificate, issuer.certificate_pem},
          {kAuthorityKey, issuer.key_pem},
          {kOldAuthorities, old},
          {kOldSince, retiring ? FormatTime(*state.old_since) : ""}};
}

ServingState ReadServing(const SecretData& data) {
  return {{At(data, kLeafCertificate), At(data, kLeafKey)}, At(data, kAuthorityCertificate)};
}

SecretData WriteServing(const ServingState& state) {
  return {{kLeafCertificate, state.leaf.certificate_pem},
          {kLeafKey, state.leaf.key_pem},
          {kAuthorityCertificate, state.bundle_pem}};
}

}  // namespace remora::reconcilers
