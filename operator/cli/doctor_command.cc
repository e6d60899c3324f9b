#include "operator/cli/doctor_command.h"

#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "operator/cli/build_info.h"
#include "operator/cli/doctor/admission_checks.h"
#include "operator/cli/doctor/certificate_checks.h"
#include "operator/cli/doctor/doctor_text.h"
#include "operator/cli/doctor/facts_reader.h"
#include "operator/cli/doctor/pattern_checks.h"
#include "operator/cli/doctor/program_checks.h"
#include "operator/cli/doctor/right_checks.h"
#include "operator/cli/doctor/server_checks.h"
#include "operator/cli/doctor/webhook_checks.h"
#include "operator/cli/live_cluster.h"
#include "operator/cli/resource_names.h"

namespace remora::cli {

namespace {

using doctor::Facts;
using doctor::Findings;

constexpr int kIndent = 2;

Facts FactsOf(const DoctorOptions& options, const Clock& clock) {
  Facts facts;
  facts.program = options.program;
  facts.program_version = kVersion;
  facts.release_namespace = options.release_namespace;
  facts.catalog_namespace = options.catalog_namespace;
  facts.sealed_namespace = options.sealed_namespace;
  facts.now = clock.WallNow();
  return facts;
}

Findings ExamineAll(LiveCluster& cluster, Facts& facts) {
  doctor::ReadFacts(cluster, facts);
  Findings all = doctor::JudgeServer(facts);
  if (!doctor::IsServerReachable(facts)) return all;
  const auto add = [&](Findings some) {
    std::move(some.begin(), some.end(), std::back_inserter(all));
  };
  add(doctor::JudgeKinds(facts));
  add(doctor::JudgePrograms(facts));
  add(doctor::JudgeRights(facts));
  add(doctor::JudgeWebhooks(facts));
  add(doctor::JudgeCertificates(facts));
  add({doctor::JudgeProbe(facts)});
  add(doctor::JudgePatterns(facts));
  return all;
}

Findings ExamineTry(LiveCluster& cluster, Facts& facts, const doctor::TryRequest& request) {
  doctor::ReadVersion(cluster, facts);
  Findings all = doctor::JudgeServer(facts);
  if (!doctor::IsServerReachable(facts)) return all;
  const doctor::TriedPod tried =
      doctor::Try(cluster, doctor::TryPod(request, cluster.namespace_name()));
  all.push_back(doctor::JudgeTry(facts, request, tried));
  return all;
}

}  // namespace

Result<ExitCode> RunDoctor(const DoctorOptions& options, const Clock& clock, Console console) {
  std::optional<doctor::TryRequest> request;
  if (!options.try_pattern.empty()) {
    const auto name = ParseObjectName(options.try_pattern, ObjectClass::kPattern);
    if (!name.ok()) return name.error().WithContext("--try-pattern");
    request = {*api::ParsePatternKind(name->kind->kind), name->name};
  }
  const auto cluster = LiveCluster::Connect(options.live);
  if (!cluster.ok()) return cluster.error();
  Facts facts = FactsOf(options, clock);
  const Findings findings =
      request ? ExamineTry(**cluster, facts, *request) : ExamineAll(**cluster, facts);
  if (options.format == OutputFormat::kJson) {
    console.out << doctor::AsJson(findings).dump(kIndent) << '\n';
  } else {
    doctor::PrintFindings(findings, console.out);
  }
  return doctor::HasProblem(findings) ? ExitCode::kRefused : ExitCode::kFine;
}

}  // namespace remora::cli
