// A certificate authority and a server certificate (ECDSA P-256), made when they are needed.
//
// Contract
//   - Valid for a day around now, for `names`, which are written as OpenSSL writes them.
//   - Two calls give two authorities that do not trust each other.
// Thread-safety: pure function.
// Errors: OpenSSL's failures end the process: there is no test without a certificate.
//
// Example
//   const TestCertificate certificate = MakeTestCertificate();
//   server.Use(certificate.certificate_pem, certificate.key_pem);
//   client.Trust(certificate.authority_pem);
#pragma once

#include <string>
#include <vector>

namespace remora::testing {

struct TestCertificate {
  std::string authority_pem;
  std::string certificate_pem;
  std::string key_pem;
};

TestCertificate MakeTestCertificate(const std::vector<std::string>& names = {"DNS:localhost",
                                                                             "IP:127.0.0.1"});

}  // namespace remora::testing
