// Facts: what an API server has said of an installation, for the doctor to judge.
//
// Contract
//   - An Answer is what the API server gave, or why it gave nothing: NotFound is a fact about the
//     cluster, PermissionDenied one about who asks.
//   - A list is a JSON array of objects.
// Thread-safety: values. Errors: none of its own.
//
// Example
//   Facts facts;
//   facts.server_version = nlohmann::json{{"gitVersion", "v1.32.3"}};
//   const Findings findings = JudgeServer(facts);
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/pattern.h"
#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/cli/doctor/finding.h"

namespace remora::cli::doctor {

using Answer = Result<nlohmann::json>;

inline Answer NotAsked() { return Error(ErrorCode::kCancelled, "nobody asked"); }

// One of Remora's two programs in the cluster, by the name that its Deployment, its ServiceAccount
// and its container's command share.
struct ProgramFacts {
  std::string name;  // "remora-webhook"
  Answer deployment = NotAsked();
  Answer service_account = NotAsked();
  Answer missing_rights = NotAsked();  // a list of sentences: "list pods"
};

// A Pod that was created as a dry run.
struct TriedPod {
  std::string namespace_name;  // empty: none was found to try it in
  Answer answer = NotAsked();
};

struct Facts {
  std::string program = "remora";  // as the user calls it
  std::string program_version;
  std::string server;  // URL
  std::string release_namespace = "remora-system";
  std::string release = "remora";             // Helm's name of it
  std::string secret = "remora-webhook-tls";  // what the webhook mounts
  std::string catalog_namespace = "remora-catalog";
  std::string sealed_namespace = "remora-sealed";
  Clock::WallTimePoint now;

  Answer server_version = NotAsked();
  std::array<Answer, api::kPatternKindCount> kinds = {NotAsked(), NotAsked(), NotAsked()};
  Answer mutating = NotAsked();    // all configurations
  Answer validating = NotAsked();  // ours
  Answer endpoint_slices = NotAsked();
  Answer serving_secret = NotAsked();
  Answer lease = NotAsked();
  ProgramFacts webhook = {"remora-webhook"};
  ProgramFacts operator_program = {"remora-operator"};
  Answer catalog = NotAsked();   // the Namespace
  Answer sealed = NotAsked();    // the Namespace
  Answer quotas = NotAsked();    // of the sealed namespace
  Answer patterns = NotAsked();  // of all namespaces, else of the catalog
  TriedPod probe;
};

// What puts the chart's objects right.
inline std::string HelmUpgrade(const Facts& facts, std::string_view flags = "") {
  std::string command = "helm upgrade --install " + facts.release + " charts/remora --namespace " +
                        facts.release_namespace;
  if (!flags.empty()) command.append(" --reuse-values ").append(flags);
  return command;
}

inline std::string Kubectl(const Facts& facts, std::string_view rest) {
  return "kubectl --namespace " + facts.release_namespace + ' ' + std::string(rest);
}

// What was asked for and not given: Unknown where there is no right, else a Problem.
Finding NotGiven(std::string check, const Error& error);

// The configuration or other object called `name` of a list; null where there is none.
const nlohmann::json* FindNamed(const Answer& list, std::string_view name);
const nlohmann::json& ListAt(const nlohmann::json& object, const char* path);
std::string TextAt(const nlohmann::json& object, const char* path);
std::int64_t NumberAt(const nlohmann::json& object, const char* path, std::int64_t otherwise);
std::string Joined(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace remora::cli::doctor
