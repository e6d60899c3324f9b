#include "operator/cli/doctor/doctor_text.h"

#include <algorithm>
#include <array>
#include <string>

#include "operator/cli/field_differences.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 4> kNames = {"ok", "unknown", "warning", "problem"};
constexpr std::size_t kWidth = sizeof "problem" + 1;

std::string NameOf(Level level) { return kNames.at(static_cast<std::size_t>(level)); }

std::int64_t CountOf(const Findings& findings, Level level) {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.level == level; });
}

// "2 warnings"
std::string Counted(const Findings& findings, Level level, const char* plural) {
  const std::int64_t count = CountOf(findings, level);
  return std::to_string(count) + ' ' + NameOf(level) + (count == 1 ? "" : plural);
}

}  // namespace

void PrintFindings(const Findings& findings, std::ostream& out) {
  for (const Finding& finding : findings) {
    std::string level = NameOf(finding.level);
    level.resize(kWidth, ' ');
    out << level << OneLine(finding.check) << ": " << OneLine(finding.sentence) << '\n';
    if (!finding.remedy.empty()) {
      out << std::string(kWidth, ' ') << "-> " << OneLine(finding.remedy) << '\n';
    }
  }
  out << Counted(findings, Level::kProblem, "s") << ", " << Counted(findings, Level::kWarning, "s")
      << ", " << Counted(findings, Level::kUnknown, "") << ", " << Counted(findings, Level::kOk, "")
      << '\n';
}

json AsJson(const Findings& findings) {
  json list = json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"level", NameOf(finding.level)},
                    {"check", finding.check},
                    {"message", finding.sentence},
                    {"remedy", finding.remedy}});
  }
  return list;
}

bool HasProblem(const Findings& findings) { return CountOf(findings, Level::kProblem) > 0; }

}  // namespace remora::cli::doctor
