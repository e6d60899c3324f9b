#include "operator/cli/doctor/program_checks.h"

#include <chrono>
#include <cstdint>

#include "operator/base/timestamp.h"
#include "operator/cli/doctor/webhook_checks.h"
#include "operator/cli/text_table.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr seconds kClockSlack{30};  // by which the clocks of a cluster may well differ
constexpr std::int64_t kDefaultLeaseSeconds = 15;

bool IsMissing(const Answer& answer) {
  return !answer.ok() && answer.error().code() == ErrorCode::kNotFound;
}

enum class Leader : std::uint8_t { kNotKnown, kNone, kStale, kFresh, kAhead };

Leader LeaderOf(const Facts& facts) {
  if (IsMissing(facts.lease)) return Leader::kNone;
  if (!facts.lease.ok()) return Leader::kNotKnown;
  if (TextAt(*facts.lease, "/spec/holderIdentity").empty()) return Leader::kNone;
  const auto renewed = ParseTime(TextAt(*facts.lease, "/spec/renewTime"));
  if (!renewed) return Leader::kNone;
  if (*renewed > facts.now + kClockSlack) return Leader::kAhead;
  const seconds life(NumberAt(*facts.lease, "/spec/leaseDurationSeconds", kDefaultLeaseSeconds));
  return facts.now - *renewed > life + kClockSlack ? Leader::kStale : Leader::kFresh;
}

Finding JudgeLease(const Facts& facts) {
  const std::string check = "operator lease";
  const std::string look = Kubectl(facts, "logs deployment/remora-operator");
  const std::string start =
      IsMissing(facts.operator_program.deployment) ? HelmUpgrade(facts) : look;
  switch (LeaderOf(facts)) {
    case Leader::kNotKnown: return NotGiven(check, facts.lease.error());
    case Leader::kNone:
      return Problem(check, "no operator leads: statuses, revisions and certificates stand still",
                     start);
    case Leader::kStale:
      return Problem(check,
                     TextAt(*facts.lease, "/spec/holderIdentity") + " has not renewed it for " +
                         Age(TextAt(*facts.lease, "/spec/renewTime"), facts.now) +
                         ": no operator works",
                     start);
    case Leader::kAhead:
      return Warning(check,
                     "it was renewed at " + TextAt(*facts.lease, "/spec/renewTime") +
                         ", and the clock here says " + FormatTime(facts.now),
                     "set the clocks: date --utc here and on the operator's node");
    case Leader::kFresh: break;
  }
  return Ok(check, "held by " + TextAt(*facts.lease, "/spec/holderIdentity"));
}

Finding JudgeDeployment(const Facts& facts, const ProgramFacts& program, bool runs_elsewhere) {
  const std::string check = "deployment " + program.name;
  const Answer& deployment = program.deployment;
  if (IsMissing(deployment)) {
    const std::string missing = "there is none in namespace " + facts.release_namespace;
    if (runs_elsewhere) return Ok(check, missing + ", and the program answers elsewhere");
    return Problem(check, missing, HelmUpgrade(facts));
  }
  if (!deployment.ok()) return NotGiven(check, deployment.error());
  const std::int64_t wanted = NumberAt(*deployment, "/spec/replicas", 1);
  const std::int64_t ready = NumberAt(*deployment, "/status/readyReplicas", 0);
  const std::string count =
      std::to_string(ready) + " of " + std::to_string(wanted) + " replicas are ready";
  const std::string look =
      Kubectl(facts, "describe pods --selector app.kubernetes.io/name=" + program.name);
  if (wanted == 0) {
    return Problem(check, "it is scaled to 0",
                   Kubectl(facts, "scale deployment/" + program.name + " --replicas=2"));
  }
  if (ready == 0) return Problem(check, count, look);
  if (ready < wanted) return Warning(check, count, look);
  return Ok(check, count);
}

std::int64_t ReadyEndpoints(const json& slices) {
  std::int64_t count = 0;
  for (const json& slice : slices) {
    for (const json& endpoint : ListAt(slice, "/endpoints")) {
      const json::json_pointer ready("/conditions/ready");
      // Absent means ready:
      // https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
      if (!endpoint.contains(ready) || endpoint.at(ready) == true) ++count;
    }
  }
  return count;
}

Finding JudgeEndpoints(const Facts& facts) {
  const std::string check = "service remora-webhook";
  if (!facts.endpoint_slices.ok()) return NotGiven(check, facts.endpoint_slices.error());
  const std::int64_t count = ReadyEndpoints(*facts.endpoint_slices);
  if (count == 0) {
    return Problem(check, "it has no ready endpoint, so the API server reaches no webhook",
                   Kubectl(facts, "get pods --selector app.kubernetes.io/name=remora-webhook"));
  }
  return Ok(check,
            std::to_string(count) + (count == 1 ? " endpoint is" : " endpoints are") + " ready");
}

std::string ImageOf(const Answer& deployment) {
  const json& containers = ListAt(*deployment, "/spec/template/spec/containers");
  return containers.empty() ? "" : TextAt(containers.front(), "/image");
}

std::string VersionOf(const Answer& deployment) {
  return TextAt(*deployment, "/metadata/labels/app.kubernetes.io~1version");
}

Finding JudgeVersions(const Facts& facts) {
  const std::string check = "versions";
  const Answer& webhook = facts.webhook.deployment;
  const Answer& leader = facts.operator_program.deployment;
  const std::string theirs = VersionOf(webhook);
  const std::string of_operator = VersionOf(leader);
  if (theirs != of_operator) {
    return Warning(check, "the webhook is " + theirs + ", the operator " + of_operator,
                   HelmUpgrade(facts));
  }
  if (ImageOf(webhook) != ImageOf(leader)) {
    return Warning(
        check, "the webhook's image is " + ImageOf(webhook) + ", the operator's " + ImageOf(leader),
        HelmUpgrade(facts));
  }
  if (theirs != facts.program_version) {
    return Warning(
        check,
        "webhook and operator are " + theirs + ", and this command is " + facts.program_version,
        "take the " + facts.program + " of the image " + ImageOf(webhook));
  }
  return Ok(check, "webhook, operator and this command are " + theirs);
}

}  // namespace

Findings JudgePrograms(const Facts& facts) {
  const bool by_url = IsAskedByUrl(facts);
  Findings findings;
  findings.push_back(JudgeDeployment(facts, facts.webhook, by_url));
  if (!by_url) findings.push_back(JudgeEndpoints(facts));
  findings.push_back(
      JudgeDeployment(facts, facts.operator_program, LeaderOf(facts) == Leader::kFresh));
  findings.push_back(JudgeLease(facts));
  if (facts.webhook.deployment.ok() && facts.operator_program.deployment.ok()) {
    findings.push_back(JudgeVersions(facts));
  }
  return findings;
}

}  // namespace remora::cli::doctor
