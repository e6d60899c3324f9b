#include "webhook/tls_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <string>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/test_certificate.h"
#include "tests/integration/webhook/log_capture.h"
#include "tests/integration/webhook/temporary_folder.h"

namespace remora::webhook {
namespace {

using remora::testing::FakeClock;
using remora::testing::LogCapture;
using remora::testing::MakeTestCertificate;
using remora::testing::TemporaryFolder;
using remora::testing::TestCertificate;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TlsCertificateTest : public ::testing::Test {
 protected:
  TlsCertificateTest() { Write(MakeTestCertificate()); }

  void Write(const TestCertificate& certificate) {
    files_ = {.certificate = folder_.Write("tls.crt", certificate.certificate_pem),
              .key = folder_.Write("tls.key", certificate.key_pem)};
  }
  std::unique_ptr<TlsCertificate> MustLoad() {
    auto certificate = TlsCertificate::Load(files_, clock_);
    EXPECT_TRUE(certificate.ok()) << certificate.error().message();
    return *std::move(certificate);
  }
  Error LoadError() {
    const auto certificate = TlsCertificate::Load(files_, clock_);
    EXPECT_FALSE(certificate.ok());
    return certificate.error();
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  TlsFiles files_;
};

TEST_F(TlsCertificateTest, GivesAContextThatDemandsTls12) {
  const auto certificate = MustLoad();
  EXPECT_EQ(SSL_CTX_get_min_proto_version(certificate->context().get()), TLS1_2_VERSION);
}

TEST_F(TlsCertificateTest, SaysWhichFileIsMissing) {
  files_.key = "/does/not/exist";
  EXPECT_EQ(LoadError().code(), ErrorCode::kNotFound);
  EXPECT_EQ(LoadError().message(), "/does/not/exist: No such file or directory");
}

TEST_F(TlsCertificateTest, RefusesFilesThatHoldNoPem) {
  struct Row {
    std::string file;
    std::string text;
    std::string complaint;
  };
  const TestCertificate good = MakeTestCertificate();
  for (const Row& row : std::vector<Row>{
           {"tls.crt", "", "tls.crt: holds no PEM certificate"},
           {"tls.crt", "junk", "tls.crt: holds no PEM certificate"},
           {"tls.crt", good.key_pem, "tls.crt: holds no PEM certificate"},
           {"tls.key", "", "tls.key: holds no unencrypted PEM private key"},
           {"tls.key", good.certificate_pem, "tls.key: holds no unencrypted PEM private key"},
           {"tls.key", MakeTestCertificate().key_pem, "tls.key: does not belong to"}}) {
    Write(good);
    folder_.Write(row.file, row.text);
    EXPECT_EQ(LoadError().code(), ErrorCode::kInvalid) << row.complaint;
    EXPECT_THAT(LoadError().message(), HasSubstr(row.complaint));
  }
}

TEST_F(TlsCertificateTest, RefusesAFolder) {
  files_.certificate = folder_.path().string();
  EXPECT_THAT(LoadError().message(), HasSubstr("holds no PEM certificate"));
}

TEST_F(TlsCertificateTest, IsReplacedWholeWhenItsFilesChange) {
  const auto certificate = MustLoad();
  const auto before = certificate->context();
  EXPECT_FALSE(certificate->Reload());
  LogCapture log;
  Write(MakeTestCertificate());
  EXPECT_TRUE(certificate->Reload());
  EXPECT_NE(certificate->context(), before);
  EXPECT_FALSE(certificate->Reload());
  EXPECT_THAT(log.lines(), SizeIs(1));
}

TEST_F(TlsCertificateTest, KeepsTheOldOneAndComplainsOnceAboutABrokenPair) {
  const auto certificate = MustLoad();
  const auto before = certificate->context();
  LogCapture log;
  const TestCertificate next = MakeTestCertificate();
  folder_.Write("tls.crt", next.certificate_pem);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(certificate->Reload());
  std::filesystem::remove(files_.key);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(certificate->Reload());
  EXPECT_EQ(certificate->context(), before);
  EXPECT_THAT(log.lines(), SizeIs(2));  // the pair, then the missing file

  folder_.Write("tls.key", next.key_pem);
  EXPECT_TRUE(certificate->Reload());
}

TEST_F(TlsCertificateTest, ReadsBothHalvesOfOneGenerationFromAMount) {
  // As the kubelet lays out a Secret: files are links through `..data`, which is moved.
  const auto lay_out = [&](const std::string& generation, const TestCertificate& certificate) {
    std::filesystem::create_directory(folder_.path() / generation);
    folder_.Write(generation + "/tls.crt", certificate.certificate_pem);
    folder_.Write(generation + "/tls.key", certificate.key_pem);
    std::filesystem::create_symlink(generation, folder_.path() / "..tmp");
    std::filesystem::rename(folder_.path() / "..tmp", folder_.path() / "..data");
  };
  lay_out("..1", MakeTestCertificate());
  for (const char* file : {"tls.crt", "tls.key"}) {
    std::filesystem::remove(folder_.path() / file);
    std::filesystem::create_symlink(std::string("..data/") + file, folder_.path() / file);
  }
  const auto certificate = MustLoad();
  LogCapture log;
  lay_out("..2", MakeTestCertificate());
  EXPECT_TRUE(certificate->Reload());
  EXPECT_THAT(log.lines(), SizeIs(1));
}

TEST_F(TlsCertificateTest, WatchesItsFilesAtAnInterval) {
  const auto certificate = MustLoad();
  const auto before = certificate->context();
  certificate->Watch(std::chrono::seconds(3));
  clock_.WaitForSleepers(1);
  Write(MakeTestCertificate());
  LogCapture log;
  clock_.Advance(std::chrono::seconds(3));
  log.WaitFor(1);
  EXPECT_NE(certificate->context(), before);
}

TEST_F(TlsCertificateTest, WarnsOfAnExpiredOneAndServesIt) {
  clock_.Advance(std::chrono::hours(24) * 365 * 100);
  LogCapture log;
  const auto certificate = MustLoad();
  EXPECT_NE(certificate->context(), nullptr);
  ASSERT_THAT(log.lines(), SizeIs(1));
  EXPECT_THAT(log.lines().front(), HasSubstr("certificate expired"));
}

}  // namespace
}  // namespace remora::webhook
