#include "operator/kube/internal/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "operator/base/openssl_pointer.h"

namespace remora::kube::internal {

namespace {

using BioPointer = OpensslPointer<BIO, BIO_free_all>;
using X509Pointer = OpensslPointer<X509, X509_free>;
using KeyPointer = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;

BioPointer BioOf(const std::string& text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Error TlsError(std::string_view what) {
  std::string reason = "not PEM";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    if (const char* text = ERR_reason_error_string(code)) reason = text;
  }
  ERR_clear_error();
  return Error(ErrorCode::kInvalid, std::string(what) + ": " + reason);
}

// Never ask a person: there is no terminal.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

Result<void> TrustAuthorities(SSL_CTX* context, const std::string& pem) {
  const BioPointer bio = BioOf(pem);
  int count = 0;
  while (X509Pointer certificate{PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)}) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1) {
      return TlsError("the certificate authority cannot be used");
    }
    ++count;
  }
  if (count == 0) return TlsError("the certificate authority cannot be read");
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return {};
}

Result<void> ShowCertificate(SSL_CTX* context, const Config& config) {
  const BioPointer chain = BioOf(config.certificate_pem);
  const X509Pointer leaf{PEM_read_bio_X509(chain.get(), nullptr, NoPassword, nullptr)};
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return TlsError("the client certificate cannot be read");
  }
  while (X509* intermediate = PEM_read_bio_X509(chain.get(), nullptr, NoPassword, nullptr)) {
    if (SSL_CTX_add_extra_chain_cert(context, intermediate) != 1) {  // takes it on success
      X509_free(intermediate);
      return TlsError("the client certificate's chain cannot be used");
    }
  }
  ERR_clear_error();
  const BioPointer bio = BioOf(config.key_pem);
  const KeyPointer key{PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr)};
  if (!key) return TlsError("the client key cannot be read");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return TlsError("the client key does not belong to the client certificate");
  }
  return {};
}

// The file of authorities that OpenSSL would use by itself.
std::string& SystemAuthorities() {
  static std::string* file = new std::string(X509_get_default_cert_file());
  return *file;
}

}  // namespace

void HideSystemAuthorities() {
  // NOLINTBEGIN(concurrency-mt-unsafe): before the first thread
  const char* variable = X509_get_default_cert_file_env();
  if (const char* chosen = std::getenv(variable)) SystemAuthorities() = chosen;
  ::setenv(variable, "/dev/null", 1);
  // NOLINTEND(concurrency-mt-unsafe)
}

Result<std::shared_ptr<TlsContext>> TlsContext::Make(const Config& config) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  REMORA_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // Asio's own settings for a context that it makes itself.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  if (config.authority_pem.empty()) {
    SSL_CTX_load_verify_locations(context.get(), SystemAuthorities().c_str(),
                                  X509_get_default_cert_dir());
  } else if (auto trusted = TrustAuthorities(context.get(), config.authority_pem); !trusted.ok()) {
    return trusted.error();
  }
  if (!config.certificate_pem.empty()) {
    if (auto shown = ShowCertificate(context.get(), config); !shown.ok()) return shown.error();
  }
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext(std::move(context)));
  SSL_CTX_set_cert_verify_callback(made->get(), &TlsContext::Verify, made.get());
  return made;
}

int TlsContext::Verify(X509_STORE_CTX* chain, void* self) {
  // Asks asio's callback, too, which compares the host's name.
  const int verified = X509_verify_cert(chain);
  if (verified == 1) return 1;
  const int code = X509_STORE_CTX_get_error(chain);
  TlsContext& context = *static_cast<TlsContext*>(self);
  // asio's callback says no without a reason, and has but one.
  const bool wrong_host = code == X509_V_OK || code == X509_V_ERR_UNSPECIFIED;
  MutexLock lock(context.mutex_);
  context.refusal_ =
      wrong_host ? "it is not valid for this host name" : X509_verify_cert_error_string(code);
  return verified;
}

std::string TlsContext::TakeRefusal() {
  MutexLock lock(mutex_);
  return std::exchange(refusal_, std::string());
}

}  // namespace remora::kube::internal
