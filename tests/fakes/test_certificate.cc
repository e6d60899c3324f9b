#include "tests/fakes/test_certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "operator/base/result.h"

namespace remora::testing {

namespace {

template <auto function>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    function(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

constexpr long kHalfADaySeconds = 12 * 60 * 60;

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"));
  REMORA_CHECK(key != nullptr);
  return key;
}

Certificate MakeCertificate(const char* common_name, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  REMORA_CHECK(certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[8];
  REMORA_CHECK(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] &= 0x7F;  // positive
  const std::unique_ptr<BIGNUM, Deleter<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kHalfADaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kHalfADaySeconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  REMORA_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

void Extend(X509* certificate, int nid, const std::string& value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  REMORA_CHECK(extension != nullptr);
  REMORA_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

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
  REMORA_CHECK(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) ==
               1);
  return TextOf(bio);
}

}  // namespace

TestCertificate MakeTestCertificate(const std::vector<std::string>& names) {
  const Key authority_key = MakeKey();
  const Certificate authority = MakeCertificate("Remora test authority", authority_key.get());
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  Extend(authority.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(authority.get(), NID_key_usage, "critical,keyCertSign");
  REMORA_CHECK(X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0);

  const Key key = MakeKey();
  const Certificate leaf = MakeCertificate("Remora test server", key.get());
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(authority.get()));
  Extend(leaf.get(), NID_basic_constraints, "critical,CA:FALSE");
  Extend(leaf.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + name;
  Extend(leaf.get(), NID_subject_alt_name, list);
  REMORA_CHECK(X509_sign(leaf.get(), authority_key.get(), EVP_sha256()) > 0);

  return {PemOf(authority.get()), PemOf(leaf.get()), PemOf(key.get())};
}

}  // namespace remora::testing
