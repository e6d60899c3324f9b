// X.509: a certificate authority and server certificates, made, read and checked as PEM texts.
//
// Contract
//   - Keys are ECDSA P-256, made anew for each certificate. What is made satisfies the verifiers of
//     Go and OpenSSL in their strict modes: names are in the SAN, authorities have a critical
//     BasicConstraints and a SubjectKeyId, which the AuthorityKeyId of their leaves repeats.
//   - Times come in as arguments; X.509 knows whole seconds.
//   - A bundle is a text with any number of certificates; what stands between them is ignored.
// Thread-safety: pure functions, but for the randomness in keys and serial numbers.
// Errors: Invalid, with OpenSSL's own reason, for texts that come from outside. A key that cannot
//   be made ends the process.
//
// Example
//   const CertificateAndKey authority = MakeAuthority("my authority", {now, now + days(365)});
//   auto leaf = IssueServerCertificate(authority, {"server", {"a.shop.svc"}, {now, now + days(30)}});
//   if (!leaf.ok()) return leaf.error();
//   CheckServerCertificate(leaf->certificate_pem, authority.certificate_pem, now);
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "operator/base/result.h"

namespace remora {

struct Validity {
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;  // in this second it holds for Go, and for OpenSSL no more

  bool operator==(const Validity&) const = default;
};

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;  // PKCS #8, not encrypted

  bool operator==(const CertificateAndKey&) const = default;
};

// What a certificate says of itself.
struct CertificateFacts {
  std::string pem;          // this one alone, in OpenSSL's own form
  std::string common_name;  // of the subject
  std::string issuer;       // the issuer's common name
  std::string serial;       // hexadecimal
  std::string fingerprint;  // SHA-256, hexadecimal
  Validity validity;
  bool is_authority = false;
  std::vector<std::string> dns_names;  // sorted
};

struct ServerCertificateRequest {
  std::string common_name;  // for people; at most 64 characters
  std::vector<std::string> dns_names;
  Validity validity;
};

// `common_name`: at most 64 characters, the subject by which leaves name their issuer.
CertificateAndKey MakeAuthority(const std::string& common_name, const Validity& validity);

// Invalid when the authority cannot sign or a name is no DNS name.
[[nodiscard]] Result<CertificateAndKey> IssueServerCertificate(
    const CertificateAndKey& authority, const ServerCertificateRequest& request);

// Never empty.
[[nodiscard]] Result<std::vector<CertificateFacts>> ReadCertificates(const std::string& bundle_pem);

// Whether the first certificate and the key belong together.
[[nodiscard]] Result<void> CheckKey(const CertificateAndKey& pair);

// Whether a TLS client that trusts the authorities alone takes the first certificate for a server's
// at that time, whatever the server's name.
[[nodiscard]] Result<void> CheckServerCertificate(const std::string& certificate_pem,
                                                  const std::string& authorities_pem,
                                                  std::chrono::sys_seconds time);

}  // namespace remora
