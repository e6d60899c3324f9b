#include "operator/base/x509.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "operator/base/base64.h"

namespace remora {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const sys_seconds kNow = sys_days(std::chrono::year(2026) / 1 / 1);
const Validity kYear{kNow, kNow + days(365)};
const Validity kMonth{kNow, kNow + days(30)};
const std::vector<std::string> kNames = {"remora-webhook.remora-system.svc",
                                         "remora-webhook.remora-system.svc.cluster.local"};

CertificateAndKey Issue(const CertificateAndKey& authority) {
  auto leaf = IssueServerCertificate(authority, {"webhook", kNames, kMonth});
  EXPECT_TRUE(leaf.ok()) << leaf.error().message();
  return *std::move(leaf);
}

std::shared_ptr<X509> Parse(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

struct Question {
  std::string leaf;
  std::vector<std::string> authorities;
  std::string host = kNames[0];
  sys_seconds time = kNow + 1h;
};

// What OpenSSL says in its strict mode, which asks for all that RFC 5280 does.
std::string StrictVerdict(const Question& question) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(),
                                                                      X509_STORE_free);
  for (const std::string& one : question.authorities) {
    X509_STORE_add_cert(store.get(), Parse(one).get());
  }
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(
      X509_STORE_CTX_new(), X509_STORE_CTX_free);
  const auto leaf = Parse(question.leaf);
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_VERIFY_PARAM* how = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_VERIFY_PARAM_set_purpose(how, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_time(how, question.time.time_since_epoch().count());
  // As Go: the subject's common name is no name of a host.
  X509_VERIFY_PARAM_set_hostflags(how, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set1_host(how, question.host.c_str(), 0);
  X509_verify_cert(context.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

TEST(X509, MakesWhatAStrictVerifierTakes) {
  const CertificateAndKey authority = MakeAuthority("one", kYear);
  const CertificateAndKey leaf = Issue(authority);
  const std::string& root = authority.certificate_pem;
  const std::string other = MakeAuthority("other", kYear).certificate_pem;
  struct Row {
    std::string reason;
    Question question;
    std::string verdict;
  };
  for (const Row& row : std::vector<Row>{
           {"the first name", {leaf.certificate_pem, {root}}, "ok"},
           {"the second name", {leaf.certificate_pem, {root}, kNames[1]}, "ok"},
           {"not the common name", {leaf.certificate_pem, {root}, "webhook"}, "hostname mismatch"},
           {"both authorities", {leaf.certificate_pem, {other, root}}, "ok"},
           {"another authority",
            {leaf.certificate_pem, {other}},
            "unable to get local issuer certificate"},
           {"the first second", {leaf.certificate_pem, {root}, kNames[0], kNow}, "ok"},
           {"too early",
            {leaf.certificate_pem, {root}, kNames[0], kNow - 1s},
            "certificate is not yet valid"},
           {"the last second",
            {leaf.certificate_pem, {root}, kNames[0], kNow + days(30) - 1s},
            "ok"},
           {"too late",
            {leaf.certificate_pem, {root}, kNames[0], kNow + days(30)},
            "certificate has expired"}}) {
    EXPECT_EQ(StrictVerdict(row.question), row.verdict) << row.reason;
  }
}

TEST(X509, TellsAuthoritiesOfOneNameApart) {
  const CertificateAndKey one = MakeAuthority("same", kYear);
  const CertificateAndKey two = MakeAuthority("same", kYear);
  for (const CertificateAndKey& authority : {one, two}) {
    EXPECT_EQ(StrictVerdict(
                  {Issue(authority).certificate_pem, {one.certificate_pem, two.certificate_pem}}),
              "ok");
  }
}

TEST(X509, SaysWhatACertificateSays) {
  const CertificateAndKey authority = MakeAuthority("the authority", kYear);
  const auto read = ReadCertificates("# first\n" + Issue(authority).certificate_pem + "# second\n" +
                                     authority.certificate_pem + "# end\n");
  ASSERT_TRUE(read.ok()) << read.error().message();
  ASSERT_THAT(*read, SizeIs(2));
  const CertificateFacts& leaf = read->front();
  EXPECT_EQ(leaf.common_name, "webhook");
  EXPECT_EQ(leaf.issuer, "the authority");
  EXPECT_EQ(leaf.validity, kMonth);
  EXPECT_FALSE(leaf.is_authority);
  EXPECT_THAT(leaf.dns_names, ElementsAre(kNames[0], kNames[1]));
  EXPECT_THAT(leaf.serial, SizeIs(32));
  EXPECT_THAT(leaf.fingerprint, SizeIs(64));
  EXPECT_EQ(read->back().pem, authority.certificate_pem);
  EXPECT_TRUE(read->back().is_authority);
  EXPECT_EQ(read->back().validity, kYear);
}

TEST(X509, MakesNoTwoAlike) {
  std::set<std::string> serials;
  std::set<std::string> keys;
  for (int i = 0; i < 20; ++i) {
    const CertificateAndKey authority = MakeAuthority("same", kYear);
    serials.insert(ReadCertificates(authority.certificate_pem)->front().serial);
    keys.insert(authority.key_pem);
  }
  EXPECT_THAT(serials, SizeIs(20));
  EXPECT_THAT(keys, SizeIs(20));
}

TEST(X509, RefusesABundleOfWhichAPartCannotBeRead) {
  const std::string good = MakeAuthority("good", kYear).certificate_pem;
  const std::string cut = good.substr(0, good.size() / 2);
  for (const std::string& text : {std::string(), std::string("junk"), good + cut,
                                  std::string("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                              "-----END CERTIFICATE-----\n")}) {
    const auto read = ReadCertificates(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalid);
    EXPECT_THAT(read.error().message(), HasSubstr("holds no PEM certificate"));
  }
}

TEST(X509, RefusesATimeThatIsNone) {
  const std::string good = MakeAuthority("good", kYear).certificate_pem;
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string end = "-----END CERTIFICATE-----\n";
  std::string der = *DecodeBase64(good.substr(begin.size(), good.find(end) - begin.size()));
  const std::size_t time = der.find("\x17\x0D");  // UTCTime of 13 characters
  ASSERT_NE(time, der.npos);
  der[time + 4] = 'X';
  std::string text = EncodeBase64(der);
  for (std::size_t at = 64; at < text.size(); at += 65) text.insert(at, "\n");
  const auto read = ReadCertificates(begin + text + "\n" + end);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message(), "holds a certificate with no valid time");
}

TEST(X509, ChecksThatAKeyBelongsToItsCertificate) {
  const CertificateAndKey one = MakeAuthority("one", kYear);
  const CertificateAndKey two = MakeAuthority("two", kYear);
  EXPECT_TRUE(CheckKey(one).ok());
  struct Row {
    CertificateAndKey pair;
    std::string complaint;
  };
  for (const Row& row : std::vector<Row>{
           {{one.certificate_pem, two.key_pem}, "the key does not belong to the certificate"},
           {{one.certificate_pem, "junk"}, "holds no unencrypted PEM private key"},
           {{one.key_pem, one.key_pem}, "holds no PEM certificate"}}) {
    const auto fits = CheckKey(row.pair);
    ASSERT_FALSE(fits.ok()) << row.complaint;
    EXPECT_THAT(fits.error().message(), HasSubstr(row.complaint));
  }
}

TEST(X509, ChecksAServersCertificateAsItsClientsWill) {
  const CertificateAndKey authority = MakeAuthority("one", kYear);
  const std::string leaf = Issue(authority).certificate_pem;
  const std::string& root = authority.certificate_pem;
  EXPECT_TRUE(CheckServerCertificate(leaf, root, kNow).ok());
  struct Row {
    Result<void> outcome;
    std::string complaint;
  };
  for (const Row& row : std::vector<Row>{
           {CheckServerCertificate(leaf, root, kNow + days(31)), "certificate has expired"},
           {CheckServerCertificate(leaf, "", kNow), "unable to get local issuer certificate"},
           {CheckServerCertificate("junk", root, kNow), "holds no PEM certificate"}}) {
    ASSERT_FALSE(row.outcome.ok()) << row.complaint;
    EXPECT_EQ(row.outcome.error().code(), ErrorCode::kInvalid);
    EXPECT_THAT(row.outcome.error().message(), HasSubstr(row.complaint));
  }
}

TEST(X509, IssuesForDnsNamesOnly) {
  const CertificateAndKey authority = MakeAuthority("one", kYear);
  for (const std::string& name :
       {std::string(), std::string("a,DNS:b"), std::string("UPPER"), std::string(254, 'a')}) {
    const auto leaf = IssueServerCertificate(authority, {"webhook", {"good", name}, kMonth});
    ASSERT_FALSE(leaf.ok()) << name;
    EXPECT_EQ(leaf.error().message(), "\"" + name + "\" is no DNS name");
  }
  EXPECT_FALSE(IssueServerCertificate(authority, {"webhook", {}, kMonth}).ok());
}

}  // namespace
}  // namespace remora
