// Inject: which companions does this Pod get, and what does that change in it? The only way in.
//
// Contract
//   - Pure: the same Pod, patterns and environment give the same bytes, on every replica. No I/O,
//     clock, randomness, threads, logging or globals.
//   - Total: any JSON value is a Pod that gets an answer.
//   - Idempotent: injecting the Pod that results gives an empty patch.
//   - What it decides stands in Outcome::plan; patch, record, messages and explanation are written
//     from that one plan.
// Thread-safety: a Workspace belongs to one thread at a time; PatternIndex and Environment are
//   immutable and may be shared.
// Errors: none; a refusal is a value with a reason.
// Lifetime: an Outcome and all it points to live until the next Inject() with the same Workspace,
//   and no longer than the JsonDocument of the Pod.
//
// Example
//   JsonDocument document;
//   Workspace workspace;
//   if (auto parsed = document.Parse(pod_text); !parsed.ok()) return parsed.error();
//   Outcome outcome = Inject({document.root(), "shop"}, *index, environment, workspace);
//   if (outcome.verdict == Verdict::kPatched) Send(outcome.patch);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operator/injection/json_document.h"

namespace remora::injection {

class PatternIndex;
struct Plan;
struct StoredPattern;

struct Request {
  JsonValue pod;                    // core/v1 Pod
  std::string_view namespace_name;  // where it is created; a generateName Pod often names none
  bool explain = false;             // also say which patterns were passed over (Plan::passed_over)
  JsonValue volume_claims = {};     // a StatefulSet's volumeClaimTemplates: volumes of its Pods
};

// What is the same for all Pods of an installation.
struct Environment {
  std::string catalog_namespace = "remora-catalog";
  std::string wait_image = "remora:dev";  // of the wait container; its entry point is `remora`
  // Containers that other injectors add: never a target, and no companion stands before them.
  std::vector<std::string> foreign_containers = {
      "istio-proxy",  "istio-init",  "istio-validation", "linkerd-proxy",
      "linkerd-init", "vault-agent", "vault-agent-init", "cloud-sql-proxy"};
};

enum class Verdict : std::uint8_t {
  kUnchanged,  // allowed, no patch
  kPatched,    // allowed with `patch`
  kDenied,     // refused with `message`
};

struct Outcome {
  Verdict verdict = Verdict::kUnchanged;
  std::string_view patch;                      // RFC 6902, unless denied or unchanged: empty
  std::string_view message;                    // denied: one sentence for each refusal
  std::span<const std::string_view> warnings;  // at most 120 characters each
  const Plan* plan = nullptr;
};

// Memory that is used again from call to call.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

Outcome Inject(const Request& request, const PatternIndex& patterns, const Environment& environment,
               Workspace& workspace);

// A pattern that exists and that a Pod asks for, or is given by its Namespace.
struct AskedPattern {
  const StoredPattern* pattern;
  bool automatic;
};

// What Inject() would try to add to a Pod of which only the metadata is known, its record left aside:
// none where it opts out. Written into `out`; empty also for annotations that cannot be read.
void FindAsked(const Request& request, const PatternIndex& patterns, const Environment& environment,
               Workspace& workspace, std::vector<AskedPattern>& out);

}  // namespace remora::injection
