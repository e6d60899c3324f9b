// HealthyFacts: what an API server says of an installation that has nothing wrong; a test spoils one
// thing of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "operator/base/x509.h"
#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

// 2026-01-01T00:00:00Z
inline constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1767225600)};

inline Error NotThere() { return Error(ErrorCode::kNotFound, "not found (404 NotFound)"); }
inline Error NoRight() { return Error(ErrorCode::kPermissionDenied, "no right to do that"); }

// An authority, and a leaf of it for the Service in remora-system.
struct Chain {
  CertificateAndKey authority;
  CertificateAndKey leaf;
};
Chain MakeChain(const Validity& validity, const std::string& dns_name);

Facts HealthyFacts();

// A level, a check and a part of the sentence and of the remedy.
inline auto Says(Level level, const std::string& check, const std::string& sentence,
                 const std::string& remedy = "") {
  using ::testing::AllOf;
  using ::testing::Field;
  using ::testing::HasSubstr;
  return AllOf(Field("level", &Finding::level, level), Field("check", &Finding::check, check),
               Field("sentence", &Finding::sentence, HasSubstr(sentence)),
               Field("remedy", &Finding::remedy,
                     level == Level::kOk ? ::testing::Matcher<std::string>(::testing::IsEmpty())
                                         : AllOf(HasSubstr(remedy), Not(::testing::IsEmpty()))));
}

inline auto AllOk() { return ::testing::Each(::testing::Field(&Finding::level, Level::kOk)); }

// For messages of failed tests.
inline void PrintTo(const Finding& finding, std::ostream* out) {
  *out << static_cast<int>(finding.level) << ' ' << finding.check << ": " << finding.sentence
       << " -> " << finding.remedy;
}

}  // namespace remora::cli::doctor
