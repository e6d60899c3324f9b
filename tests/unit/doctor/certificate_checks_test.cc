// caBundles and the certificate that the webhook serves.
#include "operator/cli/doctor/certificate_checks.h"

#include "operator/base/base64.h"
#include "tests/unit/doctor/healthy_facts.h"

namespace remora::cli::doctor {
namespace {

using nlohmann::json;
using std::chrono::hours;
using ::testing::Contains;
using ::testing::SizeIs;

constexpr char kService[] = "remora-webhook.remora-system.svc";
constexpr char kRestart[] =
    "kubectl --namespace remora-system rollout restart deployment/remora-operator";

void Trust(Facts& facts, const std::string& bundle) {
  for (Answer* list : {&facts.mutating, &facts.validating}) {
    for (json& entry : (**list)[0]["webhooks"]) entry["clientConfig"]["caBundle"] = bundle;
  }
}

void Serve(Facts& facts, const CertificateAndKey& leaf) {
  facts.serving_secret = json{{"data", {{"tls.crt", EncodeBase64(leaf.certificate_pem)}}}};
}

Facts With(const Validity& validity, const char* name = kService) {
  Facts facts = HealthyFacts();
  const Chain chain = MakeChain(validity, name);
  Trust(facts, EncodeBase64(chain.authority.certificate_pem));
  Serve(facts, chain.leaf);
  return facts;
}

TEST(DoctorCertificates, AreFineWhenTheyAreValidAndTrusted) {
  EXPECT_THAT(JudgeCertificates(HealthyFacts()), AllOf(SizeIs(2), AllOk()));
}

TEST(DoctorCertificates, NamesACaBundleThatIsMissingOrNone) {
  Facts facts = HealthyFacts();
  Trust(facts, "");
  EXPECT_THAT(JudgeCertificates(facts),
              Contains(Says(Level::kProblem, "caBundle",
                            "entry named, automatic, patterns, workloads, automatic-workloads has "
                            "no caBundle",
                            kRestart)));
  Trust(facts, "?");
  EXPECT_THAT(JudgeCertificates(facts),
              Contains(Says(Level::kProblem, "caBundle", "is no base64", kRestart)));
  Trust(facts, EncodeBase64("text"));
  EXPECT_THAT(JudgeCertificates(facts),
              Contains(Says(Level::kProblem, "caBundle", "holds no PEM certificate", kRestart)));
}

TEST(DoctorCertificates, NamesTheEntryWhoseCaBundleIsAnother) {
  Facts facts = HealthyFacts();
  (*facts.validating)[0]["webhooks"][0]["clientConfig"].erase("caBundle");
  const Findings findings = JudgeCertificates(facts);
  EXPECT_THAT(findings,
              Contains(Says(Level::kProblem, "caBundle", "entry patterns has", kRestart)));
  EXPECT_THAT(findings, Contains(Says(Level::kOk, "caBundle",
                                      "named, automatic, workloads, automatic-workloads")));
}

// Case 59: what the certificate says, and what the clock says.
TEST(DoctorCertificates, SaysWhatTheClockSaysOfOneThatIsOutOfItsTime) {
  const Findings expired = JudgeCertificates(With({kNow - hours(48), kNow - hours(24)}));
  EXPECT_THAT(expired, Contains(Says(Level::kProblem, "caBundle",
                                     "expired at 2025-12-31T00:00:00Z, and the clock here says "
                                     "2026-01-01T00:00:00Z",
                                     kRestart)));
  EXPECT_THAT(expired,
              Contains(Says(Level::kProblem, "webhook certificate",
                            "expired at 2025-12-31T00:00:00Z, and the clock here", kRestart)));
  EXPECT_THAT(JudgeCertificates(With({kNow + hours(1), kNow + hours(24)})),
              Contains(Says(Level::kProblem, "caBundle",
                            "is not valid before 2026-01-01T01:00:00Z, and the clock here says "
                            "2026-01-01T00:00:00Z",
                            kRestart)));
}

// While an authority is replaced, both stand in the bundle.
TEST(DoctorCertificates, OneValidAuthorityInTheBundleIsEnough) {
  Facts facts = HealthyFacts();
  const Chain old = MakeChain({kNow - hours(48), kNow - hours(24)}, kService);
  const Chain current = MakeChain({kNow - hours(1), kNow + hours(24)}, kService);
  Trust(facts, EncodeBase64(old.authority.certificate_pem + current.authority.certificate_pem));
  Serve(facts, current.leaf);
  EXPECT_THAT(JudgeCertificates(facts), AllOk());
}

TEST(DoctorCertificates, NamesALeafThatNobodyTrustsOrThatIsForAnotherName) {
  Facts facts = HealthyFacts();
  Serve(facts, MakeChain({kNow - hours(1), kNow + hours(24)}, kService).leaf);
  EXPECT_THAT(
      JudgeCertificates(facts),
      Contains(Says(Level::kProblem, "webhook certificate",
                    "is not trusted by the caBundle of named.patterns.remora.dev", kRestart)));
  EXPECT_THAT(JudgeCertificates(With({kNow - hours(1), kNow + hours(24)}, "other.svc")),
              Contains(Says(Level::kProblem, "webhook certificate",
                            "is not for remora-webhook.remora-system.svc", kRestart)));
}

TEST(DoctorCertificates, NamesASecretThatIsMissingOrMayNotBeRead) {
  Facts facts = HealthyFacts();
  facts.serving_secret = NotThere();
  EXPECT_THAT(JudgeCertificates(facts),
              Contains(Says(Level::kProblem, "webhook certificate",
                            "the Secret remora-webhook-tls in namespace remora-system is missing",
                            kRestart)));
  facts.serving_secret = NoRight();
  EXPECT_THAT(JudgeCertificates(facts),
              Contains(Says(Level::kUnknown, "webhook certificate", "no right")));
  // One that is asked by a URL has no Secret of ours.
  (*facts.mutating)[0]["webhooks"][0]["clientConfig"]["url"] = "https://127.0.0.1/v1/pods/named";
  EXPECT_THAT(JudgeCertificates(facts), SizeIs(1));
  Trust(facts, "");
  EXPECT_THAT(JudgeCertificates(facts),
              Contains(Says(Level::kProblem, "caBundle", "has no caBundle",
                            "give the webhook a certificate that is valid")));
}

TEST(DoctorCertificates, AreNotTheOperatorsWhereCertManagerMakesThem) {
  Facts facts = HealthyFacts();
  facts.serving_secret = NotThere();
  (*facts.operator_program.deployment)["spec"]["template"]["spec"]["containers"][0]["args"] = {
      "--certificates=cert-manager"};
  EXPECT_THAT(JudgeCertificates(facts), Contains(Says(Level::kProblem, "webhook certificate",
                                                      "is missing", "describe certificates")));
}

}  // namespace
}  // namespace remora::cli::doctor
