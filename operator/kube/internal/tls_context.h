// TlsContext: OpenSSL's half of a Config, made once and shared by all connections.
//
// Contract
//   - TLS 1.2 at least; the server's chain is checked against the Config's authority alone (or,
//     when it names none, the system's); our certificate is shown if there is one.
//   - Remembers why the last chain was refused, since cpprest does not tell.
// Thread-safety: internally synchronised. The SSL_CTX may be shared: raise its reference count for
//   every owner.
// Errors: Invalid: which of the three PEM texts cannot be used, and OpenSSL's reason.
// Lifetime: outlives the handshakes made with its SSL_CTX.
//
// Example
//   auto context = TlsContext::Make(config);
//   SSL_CTX_up_ref((*context)->get());
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/kube/config.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace remora::kube::internal {

// Call before the first thread. cpprest loads OpenSSL's default authorities for every connection,
// to no use but 25 to 45 ms of CPU: afterwards they are an empty file for all but TlsContext.
void HideSystemAuthorities();

class TlsContext {
 public:
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> Make(const Config& config);

  ssl_ctx_st* get() const { return context_.get(); }
  // The last reason for which a server's certificate was refused, once; empty: none.
  std::string TakeRefusal();

 private:
  explicit TlsContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  static int Verify(x509_store_ctx_st* chain, void* self);

  std::shared_ptr<ssl_ctx_st> context_;
  Mutex mutex_;
  std::string refusal_ GUARDED_BY(mutex_);
};

}  // namespace remora::kube::internal
