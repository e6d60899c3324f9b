#include "operator/cli/doctor/certificate_checks.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "operator/base/base64.h"
#include "operator/base/timestamp.h"
#include "operator/base/x509.h"
#include "operator/cli/doctor/expected_webhooks.h"
#include "operator/cli/doctor/webhook_checks.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;
using std::chrono::sys_seconds;

sys_seconds Now(const Facts& facts) { return std::chrono::floor<std::chrono::seconds>(facts.now); }

// "expired at …, and the clock here says …"; empty while it is valid.
std::string OutOfTime(const CertificateFacts& certificate, const Facts& facts) {
  const sys_seconds now = Now(facts);
  const std::string clock = ", and the clock here says " + FormatTime(facts.now);
  if (now > certificate.validity.not_after) {
    return "expired at " + FormatTime(certificate.validity.not_after) + clock;
  }
  if (now < certificate.validity.not_before) {
    return "is not valid before " + FormatTime(certificate.validity.not_before) + clock;
  }
  return {};
}

// What is wrong with a caBundle; empty where one of its certificates can be trusted.
std::string ComplaintOf(const std::string& bundle_text, const Facts& facts) {
  if (bundle_text.empty()) return "has no caBundle, so the API server trusts no certificate of it";
  const auto bundle = DecodeBase64(bundle_text);
  if (!bundle) return "has a caBundle that is no base64";
  const auto certificates = ReadCertificates(*bundle);
  if (!certificates.ok()) return "has a caBundle that " + certificates.error().message();
  std::string complaint;
  for (const CertificateFacts& certificate : *certificates) {
    complaint = OutOfTime(certificate, facts);
    if (complaint.empty()) return {};
  }
  return "has a caBundle that " + complaint;
}

std::string Date(sys_seconds time) { return FormatTime(time).substr(0, sizeof "2026-01-01" - 1); }

Finding JudgeBundle(const Facts& facts, const std::string& complaint,
                    const std::vector<std::string>& entries) {
  const std::string check = "caBundle";
  if (complaint.empty()) return Ok(check, "valid now: " + Joined(entries));
  return Problem(check, "the webhook configuration's entry " + Joined(entries) + ' ' + complaint,
                 CertificateCure(facts));
}

// Each entry has the same, so those that share a complaint share a line.
void JudgeBundles(const Facts& facts, Findings& findings) {
  std::map<std::string, std::vector<std::string>> by_complaint;
  for (const ExpectedEntry& expected : ExpectedEntries()) {
    const json* entry =
        FindEntry(expected.is_mutating ? facts.mutating : facts.validating, expected.name);
    if (entry == nullptr) continue;  // said already
    const std::string name(expected.name.substr(0, expected.name.find('.')));
    by_complaint[ComplaintOf(TextAt(*entry, "/clientConfig/caBundle"), facts)].push_back(name);
  }
  for (const auto& [complaint, entries] : by_complaint) {
    findings.push_back(JudgeBundle(facts, complaint, entries));
  }
}

// What is wrong with the certificate that the webhook is to serve; empty where nothing is.
std::string ComplaintOfLeaf(const CertificateFacts& leaf, const Facts& facts) {
  if (std::string complaint = OutOfTime(leaf, facts); !complaint.empty()) return complaint;
  const std::string name = "remora-webhook." + facts.release_namespace + ".svc";
  if (std::find(leaf.dns_names.begin(), leaf.dns_names.end(), name) == leaf.dns_names.end()) {
    return "is not for " + name + ", by which the API server asks";
  }
  for (const ExpectedEntry& expected : ExpectedEntries()) {
    const json* entry =
        FindEntry(expected.is_mutating ? facts.mutating : facts.validating, expected.name);
    if (entry == nullptr) continue;
    const auto bundle = DecodeBase64(TextAt(*entry, "/clientConfig/caBundle"));
    if (!bundle || !ReadCertificates(*bundle).ok()) continue;  // said already
    const auto trusted = CheckServerCertificate(leaf.pem, *bundle, Now(facts));
    if (!trusted.ok()) {
      return "is not trusted by the caBundle of " + std::string(expected.name) + ": " +
             trusted.error().message();
    }
  }
  return {};
}

Finding JudgeSecret(const Facts& facts) {
  const std::string check = "webhook certificate";
  const std::string name =
      "the Secret " + facts.secret + " in namespace " + facts.release_namespace;
  if (!facts.serving_secret.ok() && facts.serving_secret.error().code() == ErrorCode::kNotFound) {
    return Problem(check, name + " is missing: the webhook has no certificate to serve",
                   CertificateCure(facts));
  }
  if (!facts.serving_secret.ok()) return NotGiven(check, facts.serving_secret.error());
  const auto text = DecodeBase64(TextAt(*facts.serving_secret, "/data/tls.crt"));
  const auto leaf = ReadCertificates(text.value_or(""));
  if (!leaf.ok())
    return Problem(check, name + ' ' + leaf.error().message(), CertificateCure(facts));
  const std::string complaint = ComplaintOfLeaf(leaf->front(), facts);
  if (!complaint.empty()) {
    return Problem(check, "the certificate in " + name + ' ' + complaint, CertificateCure(facts));
  }
  return Ok(check,
            "trusted by the caBundles, valid until " + Date(leaf->front().validity.not_after));
}

}  // namespace

Findings JudgeCertificates(const Facts& facts) {
  Findings findings;
  JudgeBundles(facts, findings);
  // One that is asked by a URL serves what its own administrator gives it; the dry run tells.
  if (!IsAskedByUrl(facts)) findings.push_back(JudgeSecret(facts));
  return findings;
}

}  // namespace remora::cli::doctor
