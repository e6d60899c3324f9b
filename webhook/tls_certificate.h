// TlsCertificate: the server's certificate and key, as a checked TLS context that follows its
// files.
//
// Contract
//   - A generation is whole or not at all: certificate and key must belong together, and both are
//     swapped in one step. Connections keep the generation they began with.
//   - A pair that cannot be used is refused with one log line while the old one is served.
//   - An expired certificate is served, with a warning: the API server's complaint about it is
//     clearer than a closed port.
//   - TLS 1.2 at least; AEAD ciphers only; no session tickets (the API server's client keeps none).
// Thread-safety: context() and not_after() from any thread; the rest by the owner's thread, and
//   Reload() no more once Watch() was called.
// Errors: NotFound (no such file), Invalid (no PEM, or key and certificate do not belong together).
// Lifetime: a context outlives the TlsCertificate as long as somebody holds it. The Clock outlives
//   the TlsCertificate.
//
// Example
//   auto certificate = TlsCertificate::Load({.certificate = "tls.crt", .key = "tls.key"}, clock);
//   if (!certificate.ok()) return certificate.error();
//   (*certificate)->Watch(std::chrono::seconds(5));  // follows the files from now on
//   SSL* ssl = SSL_new((*certificate)->context().get());
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/base/snapshot.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace remora::webhook {

struct TlsFiles {
  std::string certificate;  // PEM, the leaf first
  std::string key;          // PEM, not encrypted
};

class TlsCertificate {
 public:
  // The first generation; there is no TlsCertificate without one.
  static Result<std::unique_ptr<TlsCertificate>> Load(TlsFiles files, Clock& clock);

  ~TlsCertificate() = default;
  TlsCertificate(const TlsCertificate&) = delete;
  TlsCertificate& operator=(const TlsCertificate&) = delete;

  std::shared_ptr<ssl_ctx_st> context() const;
  std::chrono::system_clock::time_point not_after() const;

  // Looks at the files now. Whether a new generation is served since.
  bool Reload();

  // Reloads at this interval in a thread of its own, until destruction. Call it once.
  void Watch(std::chrono::milliseconds interval);

 private:
  struct Pem {
    std::string certificate;
    std::string key;
    bool operator==(const Pem&) const = default;
  };
  struct Generation {
    std::shared_ptr<ssl_ctx_st> context;
    std::chrono::system_clock::time_point not_after;
  };

  TlsCertificate(TlsFiles files, Clock& clock, Pem seen, std::shared_ptr<const Generation> first);

  static Result<Pem> Read(const TlsFiles& files);
  static Result<std::shared_ptr<const Generation>> Check(const TlsFiles& files, const Pem& pem);
  void WarnIfExpired() const;
  void ComplainOnce(const Error& error);

  const TlsFiles files_;
  Clock& clock_;
  Snapshot<Generation> current_;
  Pem seen_;               // served or refused: not looked at again
  std::string complaint_;  // the last one that was logged
  std::jthread watcher_;
};

}  // namespace remora::webhook
