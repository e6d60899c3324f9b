#include "webhook/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stop_token>
#include <system_error>
#include <utility>

#include "operator/base/log.h"
#include "operator/base/openssl_pointer.h"

namespace remora::webhook {

namespace {

using Bio = OpensslPointer<BIO, BIO_free>;
using Certificate = OpensslPointer<X509, X509_free>;
using Key = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;

// TLS 1.3 has AEAD ciphers only; this says the same for TLS 1.2.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// RFC 7301: a length byte, then the name. kube-apiserver talks HTTP/1.1 to webhooks.
constexpr unsigned char kHttp11[] = "\x08http/1.1";

// OpenSSL's own words for the last failure; empties its queue.
std::string OpenSslReason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unreadable" : reason;
}

Error InvalidFile(const std::string& path, std::string_view what) {
  return Error(ErrorCode::kInvalid, path + ": " + std::string(what) + " (" + OpenSslReason() + ")");
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Error(ErrorCode::kNotFound, path + ": " + std::generic_category().message(errno));
  std::ostringstream text;
  text << file.rdbuf();  // unlike an istreambuf_iterator, this does not throw on a directory
  return std::move(text).str();
}

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The default callback asks the terminal for a passphrase.
int NoPassphrase(char*, int, int, void*) { return 0; }

// OpenSSL says which parameters. NOLINTNEXTLINE(readability-function-size)
int ChooseHttp11(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                 const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* match = nullptr;
  const int outcome = SSL_select_next_proto(&match, chosen_size, kHttp11, sizeof(kHttp11) - 1,
                                            offered, offered_size);
  *chosen = match;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::shared_ptr<SSL_CTX> NewContext() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  REMORA_CHECK(context != nullptr);
  REMORA_CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
  REMORA_CHECK(SSL_CTX_set_cipher_list(context.get(), kTls12Ciphers) == 1);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // An idle connection gives its 34 KiB of buffers back; the API server keeps 25 idle ones.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseHttp11, nullptr);
  return context;
}

std::chrono::system_clock::time_point NotAfter(const X509* certificate) {
  std::tm utc{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc);
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

// The certificates behind the leaf, for clients that know only the root.
void AddChain(SSL_CTX* context, BIO* pem) {
  while (Certificate next{PEM_read_bio_X509(pem, nullptr, NoPassphrase, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) == 1) (void)next.release();
  }
  ERR_clear_error();  // the end of the file reads as an error
}

// Where the mount's `..data` link points: kubelet swaps a Secret's files by moving that link.
std::filesystem::path DataLink(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::read_symlink(std::filesystem::path(path).parent_path() / "..data",
                                       ignored);
}

}  // namespace

Result<TlsCertificate::Pem> TlsCertificate::Read(const TlsFiles& files) {
  for (;;) {
    const auto before = DataLink(files.certificate);
    auto certificate = ReadFile(files.certificate);
    if (!certificate.ok()) return certificate.error();
    auto key = ReadFile(files.key);
    if (!key.ok()) return key.error();
    // The link moved in between: the two halves may be of two generations.
    if (DataLink(files.certificate) != before) continue;
    return Pem{*std::move(certificate), *std::move(key)};
  }
}

Result<std::shared_ptr<const TlsCertificate::Generation>> TlsCertificate::Check(
    const TlsFiles& files, const Pem& pem) {
  ERR_clear_error();
  const Bio certificate_pem = Memory(pem.certificate);
  const Certificate leaf(PEM_read_bio_X509(certificate_pem.get(), nullptr, NoPassphrase, nullptr));
  if (!leaf) return InvalidFile(files.certificate, "holds no PEM certificate");
  const Bio key_pem = Memory(pem.key);
  const Key key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return InvalidFile(files.key, "holds no unencrypted PEM private key");
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    return InvalidFile(files.key, "does not belong to the certificate in " + files.certificate);
  }
  Generation generation{NewContext(), NotAfter(leaf.get())};
  if (SSL_CTX_use_certificate(generation.context.get(), leaf.get()) != 1 ||
      SSL_CTX_use_PrivateKey(generation.context.get(), key.get()) != 1) {
    return InvalidFile(files.certificate, "cannot be used for TLS");
  }
  AddChain(generation.context.get(), certificate_pem.get());
  return std::make_shared<const Generation>(std::move(generation));
}

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::Load(TlsFiles files, Clock& clock) {
  auto pem = Read(files);
  if (!pem.ok()) return pem.error();
  auto first = Check(files, *pem);
  if (!first.ok()) return first.error();
  std::unique_ptr<TlsCertificate> certificate(
      new TlsCertificate(std::move(files), clock, *std::move(pem), *std::move(first)));
  certificate->WarnIfExpired();
  return certificate;
}

TlsCertificate::TlsCertificate(TlsFiles files, Clock& clock, Pem seen,
                               std::shared_ptr<const Generation> first)
    : files_(std::move(files)), clock_(clock), current_(std::move(first)), seen_(std::move(seen)) {}

std::shared_ptr<SSL_CTX> TlsCertificate::context() const { return current_.Load()->context; }

std::chrono::system_clock::time_point TlsCertificate::not_after() const {
  return current_.Load()->not_after;
}

bool TlsCertificate::Reload() {
  auto pem = Read(files_);
  if (!pem.ok()) {
    ComplainOnce(pem.error());
    return false;
  }
  if (*pem == seen_) return false;
  seen_ = *std::move(pem);
  auto next = Check(files_, seen_);
  if (!next.ok()) {
    ComplainOnce(next.error());
    return false;
  }
  complaint_.clear();
  current_.Publish(*std::move(next));
  Log(LogLevel::kInfo, "certificate replaced", {{"file", files_.certificate}});
  WarnIfExpired();
  return true;
}

void TlsCertificate::Watch(std::chrono::milliseconds interval) {
  watcher_ = std::jthread([this, interval](const std::stop_token& stop) {
    while (clock_.SleepFor(interval, stop)) Reload();
  });
}

void TlsCertificate::WarnIfExpired() const {
  if (not_after() > clock_.WallNow()) return;
  Log(LogLevel::kWarning, "certificate expired", {{"file", files_.certificate}});
}

void TlsCertificate::ComplainOnce(const Error& error) {
  if (error.message() == complaint_) return;
  complaint_ = error.message();
  Log(LogLevel::kError, "certificate refused, the old one is served", {{"error", complaint_}});
}

}  // namespace remora::webhook
