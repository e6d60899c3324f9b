#include "operator/base/x509.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include "operator/base/openssl_pointer.h"

namespace remora {

namespace {

using std::chrono::sys_seconds;

using Bio = OpensslPointer<BIO, BIO_free_all>;
using Certificate = OpensslPointer<X509, X509_free>;
using Extension = OpensslPointer<X509_EXTENSION, X509_EXTENSION_free>;
using Key = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;
using Names = OpensslPointer<GENERAL_NAMES, GENERAL_NAMES_free>;
using Number = OpensslPointer<BIGNUM, BN_free>;
using Store = OpensslPointer<X509_STORE, X509_STORE_free>;
using StoreContext = OpensslPointer<X509_STORE_CTX, X509_STORE_CTX_free>;

// RFC 5280 allows 20 bytes and wants them positive; 128 bits of chance are what public authorities
// use.
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kMaxNameLength = 253;  // RFC 1035

// OpenSSL's own words for the last failure; empties its queue.
std::string OpenSslReason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unreadable" : reason;
}

Error Invalid(const std::string& what) { return Error(ErrorCode::kInvalid, what); }

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The default callback asks the terminal for a passphrase.
int NoPassphrase(char*, int, int, void*) { return 0; }

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PemOf(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  REMORA_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TextOf(bio);
}

std::string PemOf(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  REMORA_CHECK(
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return TextOf(bio);
}

std::string HexOf(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

Result<Certificate> ReadCertificate(const std::string& pem) {
  ERR_clear_error();
  const Bio bio = Memory(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!certificate) return Invalid("holds no PEM certificate (" + OpenSslReason() + ")");
  return certificate;
}

Result<Key> ReadKey(const std::string& pem) {
  ERR_clear_error();
  const Bio bio = Memory(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return Invalid("holds no unencrypted PEM private key (" + OpenSslReason() + ")");
  return key;
}

Result<sys_seconds> TimeOf(const ASN1_TIME* time) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return Invalid("holds a certificate with no valid time");
  return sys_seconds(std::chrono::seconds(timegm(&utc)));
}

std::string CommonNameOf(const X509_NAME* name) {
  std::array<char, 256> text{};
  const int size = X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), text.size());
  return size <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

std::string SerialOf(const X509* certificate) {
  const Number number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  REMORA_CHECK(number != nullptr);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return HexOf(bytes.data(), bytes.size());
}

std::vector<std::string> DnsNamesOf(const X509* certificate) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    texts.emplace_back(data, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

Result<CertificateFacts> FactsOf(X509* certificate) {
  const auto not_before = TimeOf(X509_get0_notBefore(certificate));
  if (!not_before.ok()) return not_before.error();
  const auto not_after = TimeOf(X509_get0_notAfter(certificate));
  if (!not_after.ok()) return not_after.error();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  REMORA_CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1);
  return CertificateFacts{.pem = PemOf(certificate),
                          .common_name = CommonNameOf(X509_get_subject_name(certificate)),
                          .issuer = CommonNameOf(X509_get_issuer_name(certificate)),
                          .serial = SerialOf(certificate),
                          .fingerprint = HexOf(digest.data(), size),
                          .validity = {*not_before, *not_after},
                          .is_authority = X509_check_ca(certificate) == 1,
                          .dns_names = DnsNamesOf(certificate)};
}

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"));
  REMORA_CHECK(key != nullptr);
  return key;
}

void SetSerial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  REMORA_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  bytes[0] &= 0x7F;  // positive
  bytes[0] |= 0x40;  // and of one length
  const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  REMORA_CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

// All but issuer, extensions and signature.
Certificate NewCertificate(const std::string& common_name, const Validity& validity,
                           EVP_PKEY* key) {
  Certificate certificate(X509_new());
  REMORA_CHECK(certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  SetSerial(certificate.get());
  const auto set = [](ASN1_TIME* time, sys_seconds value) {
    REMORA_CHECK(ASN1_TIME_set(time, value.time_since_epoch().count()) != nullptr);
  };
  set(X509_getm_notBefore(certificate.get()), validity.not_before);
  set(X509_getm_notAfter(certificate.get()), validity.not_after);
  REMORA_CHECK(
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) == 1);
  REMORA_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

void Extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  REMORA_CHECK(extension != nullptr);
  REMORA_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

// A name that stands for itself in OpenSSL's lists of names, where a comma would end it.
bool IsDnsName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

Result<std::string> AlternativeNames(const std::vector<std::string>& dns_names) {
  if (dns_names.empty()) return Invalid("a server certificate needs a DNS name");
  std::string list;
  for (const std::string& name : dns_names) {
    if (!IsDnsName(name)) return Invalid("\"" + name + "\" is no DNS name");
    list += (list.empty() ? "DNS:" : ",DNS:") + name;
  }
  return list;
}

}  // namespace

CertificateAndKey MakeAuthority(const std::string& common_name, const Validity& validity) {
  const Key key = MakeKey();
  const Certificate authority = NewCertificate(common_name, validity, key.get());
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  Extend(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  Extend(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  Extend(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  REMORA_CHECK(X509_sign(authority.get(), key.get(), EVP_sha256()) > 0);
  return {PemOf(authority.get()), PemOf(key.get())};
}

Result<CertificateAndKey> IssueServerCertificate(const CertificateAndKey& authority,
                                                 const ServerCertificateRequest& request) {
  const auto issuer = ReadCertificate(authority.certificate_pem);
  if (!issuer.ok()) return issuer.error();
  const auto issuer_key = ReadKey(authority.key_pem);
  if (!issuer_key.ok()) return issuer_key.error();
  const auto names = AlternativeNames(request.dns_names);
  if (!names.ok()) return names.error();
  if (X509_get0_subject_key_id(issuer->get()) == nullptr) {
    return Invalid("the authority has no SubjectKeyId");
  }

  const Key key = MakeKey();
  const Certificate leaf = NewCertificate(request.common_name, request.validity, key.get());
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer->get()));
  Extend(leaf.get(), issuer->get(), NID_basic_constraints, "critical,CA:FALSE");
  Extend(leaf.get(), issuer->get(), NID_key_usage, "critical,digitalSignature");
  Extend(leaf.get(), issuer->get(), NID_ext_key_usage, "serverAuth");
  Extend(leaf.get(), issuer->get(), NID_subject_key_identifier, "hash");
  Extend(leaf.get(), issuer->get(), NID_authority_key_identifier, "keyid:always");
  Extend(leaf.get(), issuer->get(), NID_subject_alt_name, *names);
  if (X509_sign(leaf.get(), issuer_key->get(), EVP_sha256()) <= 0) {
    return Invalid("the authority cannot sign (" + OpenSslReason() + ")");
  }
  return CertificateAndKey{PemOf(leaf.get()), PemOf(key.get())};
}

Result<std::vector<CertificateFacts>> ReadCertificates(const std::string& bundle_pem) {
  ERR_clear_error();
  const Bio bio = Memory(bundle_pem);
  std::vector<CertificateFacts> all;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    auto facts = FactsOf(next.get());
    if (!facts.ok()) return facts.error();
    all.push_back(*std::move(facts));
  }
  // The end of the text reads as an error, too: that nothing begins here.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() || !at_end) return Invalid("holds no PEM certificate (" + OpenSslReason() + ")");
  ERR_clear_error();
  return all;
}

Result<void> CheckKey(const CertificateAndKey& pair) {
  const auto certificate = ReadCertificate(pair.certificate_pem);
  if (!certificate.ok()) return certificate.error();
  const auto key = ReadKey(pair.key_pem);
  if (!key.ok()) return key.error();
  if (X509_check_private_key(certificate->get(), key->get()) == 1) return {};
  return Invalid("the key does not belong to the certificate (" + OpenSslReason() + ")");
}

Result<void> CheckServerCertificate(const std::string& certificate_pem,
                                    const std::string& authorities_pem, sys_seconds time) {
  const auto certificate = ReadCertificate(certificate_pem);
  if (!certificate.ok()) return certificate.error();
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  REMORA_CHECK(store != nullptr && context != nullptr);
  const Bio authorities = Memory(authorities_pem);
  while (const Certificate next{
      PEM_read_bio_X509(authorities.get(), nullptr, NoPassphrase, nullptr)}) {
    REMORA_CHECK(X509_STORE_add_cert(store.get(), next.get()) == 1);
  }
  ERR_clear_error();  // the end of the text reads as an error
  REMORA_CHECK(X509_STORE_CTX_init(context.get(), store.get(), certificate->get(), nullptr) == 1);
  X509_VERIFY_PARAM* how = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(how, time.time_since_epoch().count());
  X509_VERIFY_PARAM_set_purpose(how, X509_PURPOSE_SSL_SERVER);
  if (X509_verify_cert(context.get()) == 1) return {};
  const int why = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  return Invalid(X509_verify_cert_error_string(why));
}

}  // namespace remora
