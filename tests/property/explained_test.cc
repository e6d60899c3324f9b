// Law 8, and what the cases reach: the share of every reason and of every operation.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "operator/api/field_list.h"
#include "operator/api/reason.h"
#include "operator/injection/plan.h"
#include "tests/property/law.h"
#include "tests/property/undo.h"

namespace remora::testing {
namespace {

using nlohmann::json;

using Shares = std::map<std::string, std::uint32_t>;

// Law 8
std::string Unexplained(const Injected& result) {
  if (result.verdict == Verdict::kDenied) {
    return result.message.empty() ? "denied without a word" : "";
  }
  if (result.reasons.empty()) return "";
  std::vector<std::string> recorded;
  std::size_t refused = 0;
  const json record = RecordOf(result.pod);
  for (const json& pattern : record["patterns"]) {
    const std::string reason = pattern["reason"];
    recorded.push_back(pattern["name"].get<std::string>() + ": " + reason);
    if (api::ClassOf(*api::ParseReason(reason)) != api::ReasonClass::kIn) ++refused;
  }
  if (recorded != result.reasons) return "record and decisions differ";
  if (result.warnings.size() != refused) return "one warning for each refusal is expected";
  for (const std::string& warning : result.warnings) {
    if (warning.size() > 120) return "a warning is too long: " + warning;
  }
  return "";
}

void Count(const Injected& result, Shares& reasons, Shares& operations) {
  std::set<std::string> met(result.operations.begin(), result.operations.end());
  for (const std::string& operation : met) ++operations[operation];
  const auto reason_of = [](const std::string& text) { return text.substr(text.find(": ") + 2); };
  met.clear();
  for (const std::string& reason : result.reasons) met.insert(reason_of(reason));
  for (const std::string& reason : result.passed_over) met.insert(reason_of(reason));
  if (!result.skipped.empty()) met.insert(result.skipped);
  if (result.reasons.empty() && result.verdict == Verdict::kDenied) {
    met.insert(result.message.substr(0, result.message.find(':')));
  }
  for (const std::string& reason : met) ++reasons[reason];
}

void Print(const char* what, const Shares& shares) {
  constexpr double kPercent = 100.0;
  std::printf("%s, in percent of %u Pods:\n", what, CaseCount());
  for (const auto& [name, count] : shares) {
    std::printf("  %-24s %6.2f\n", name.c_str(), kPercent * count / CaseCount());
  }
}

// What the engine does not say of itself: the webhook's reasons, and those of the cluster's rules.
bool HasAnotherCause(api::Reason reason) {
  using api::Reason;
  const std::set<Reason> others = {Reason::kNamespaceExcluded, Reason::kRunAsNonRoot,
                                   Reason::kPodSecurity,       Reason::kLimitRange,
                                   Reason::kQuotaFields,       Reason::kResources,
                                   Reason::kDeadlineExceeded,  Reason::kInternalError};
  return others.contains(reason);
}

TEST(Laws, ExplainedByOneReasonEverywhere) {
  Shares reasons;
  Shares operations;
  EachCase([&](const Case& c) {
    const Injected result = c.Inject(c.pod);
    Count(result, reasons, operations);
    if (result.verdict == Verdict::kPatched) {
      for (const std::string& again : c.Inject(result.pod).reasons) {
        if (again.ends_with(": AlreadyInjected")) {
          ++reasons["AlreadyInjected"];
          break;
        }
      }
    }
    return Unexplained(result);
  });
  Print("reasons", reasons);
  Print("operations", operations);
  constexpr std::uint32_t kEnoughForAll = 10'000;
  if (CaseCount() < kEnoughForAll) return;  // the rare ones are one case in a thousand
  for (int i = 0; i < api::kReasonCount; ++i) {
    const auto reason = static_cast<api::Reason>(i);
    if (HasAnotherCause(reason)) continue;
    EXPECT_GT(reasons[std::string(api::ReasonName(reason))], 0U)
        << api::ReasonName(reason) << " was never reached";
  }
  for (const char* operation :
       {"Annotations/Add", "ContainerField/Remove", "ContainerField/Set", "Containers/Add",
        "Environment/Add", "Environment/Remove", "Environment/Set", "HostAliases/Add",
        "InitContainers/Add", "Labels/Add", "Labels/Set", "Mounts/Add", "PodSpec/Set",
        "PullSecrets/Add", "Volumes/Add"}) {
    EXPECT_GT(operations[operation], 0U) << operation << " was never done";
  }
}

// All paths of a value, in the form of FieldPaths(): "spec.share[].name".
void AddPaths(const json& value, const std::string& path, std::set<std::string>& paths) {
  paths.insert(path);
  if (value.is_array()) {
    for (const json& element : value) AddPaths(element, path + "[]", paths);
  } else if (value.is_object()) {
    for (const auto& member : value.items()) {
      AddPaths(member.value(), path + "." + member.key(), paths);
    }
  }
}

TEST(Generator, WritesEveryFieldOfEveryKind) {
  for (const auto kind :
       {api::PatternKind::kSidecar, api::PatternKind::kAmbassador, api::PatternKind::kAdapter}) {
    std::set<std::string> written;
    for (const World& world : Worlds()) {
      for (const json& pattern : world.patterns()) {
        if (pattern["kind"] == api::PatternKindName(kind)) {
          AddPaths(pattern["spec"], "spec", written);
        }
      }
    }
    for (const std::string& field : api::FieldPaths(kind)) {
      // Below core/v1 the engine copies; the real API server sees what it is.
      const bool is_core = field.starts_with("spec.container.") ||
                           field.starts_with("spec.initContainers[].") ||
                           field.starts_with("spec.volumes[].");
      if (is_core) continue;
      EXPECT_TRUE(written.contains(field)) << api::PatternKindName(kind) << " " << field;
    }
  }
}

TEST(Generator, WritesPatternsThatAreTaken) {
  std::uint32_t all = 0;
  std::uint32_t taken = 0;
  for (const World& world : Worlds()) {
    for (const json& pattern : world.patterns()) {
      const auto stored = injection::StoredPattern::FromObject(pattern);
      ++all;
      if (stored && stored->compiled) ++taken;
    }
  }
  EXPECT_GT(taken, all / 2 + all / 4);
}

// A law that does not hold comes down to what breaks it.
TEST(Smallest, LeavesWhatFailsAlone) {
  const json value = {{"a", {1, 2, {{"b", 3}}}}, {"list", "x,bad,y"}, {"c", {{"d", {{"e", 4}}}}}};
  const json smallest = Smallest(value, [](const json& v) {
    return v.contains("c") && v.value("list", "").find("bad") != std::string::npos;
  });
  EXPECT_EQ(smallest, (json{{"list", "bad"}, {"c", json::object()}}));
}

}  // namespace
}  // namespace remora::testing
