#include "operator/cli/doctor/admission_checks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "operator/api/annotations.h"
#include "operator/api/reason.h"
#include "operator/cli/doctor/expected_webhooks.h"
#include "operator/cli/doctor/webhook_checks.h"

namespace remora::cli::doctor {

namespace {

using nlohmann::json;

constexpr const char* kNobody = "remora-doctor-probe";  // no pattern

json PodWith(const std::string& namespace_name, json annotations) {
  const json container = {{"name", "remora-doctor"},
                          {"image", "remora-doctor"},
                          {"securityContext",
                           {{"allowPrivilegeEscalation", false},
                            {"readOnlyRootFilesystem", true},
                            {"capabilities", {{"drop", json::array({"ALL"})}}}}}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"generateName", "remora-doctor-"},
            {"namespace", namespace_name},
            {"annotations", std::move(annotations)}}},
          {"spec",
           {{"containers", json::array({container})},
            {"securityContext",
             {{"runAsNonRoot", true},
              {"runAsUser", 65532},
              {"seccompProfile", {{"type", "RuntimeDefault"}}}}}}}};
}

// What stands in the API server's words about a webhook that it could not ask, and what that means.
enum class Cure : std::uint8_t { kCertificate, kPods, kNetwork, kChart };
struct Trouble {
  std::string_view words;
  std::string_view meaning;
  Cure cure;
};
constexpr std::array<Trouble, 14> kTroubles = {{
    {"x509: certificate has expired or is not yet valid",
     "the webhook's certificate is out of its time by the clock of the API server",
     Cure::kCertificate},
    {"x509: certificate is valid for",
     "the webhook's certificate is for another name than the API server asks by",
     Cure::kCertificate},
    {"x509: certificate signed by unknown authority",
     "the caBundle is not of the authority that signed the webhook's certificate",
     Cure::kCertificate},
    {"x509:", "the API server does not trust the webhook's certificate", Cure::kCertificate},
    {"unable to load root certificates", "the caBundle holds no certificate", Cure::kCertificate},
    {"connection refused", "nothing listens where the API server asks", Cure::kPods},
    {"no endpoints available", "the webhook's Service has no ready endpoint", Cure::kPods},
    {"not found", "the webhook's Service is missing", Cure::kChart},
    {"no such host", "the API server cannot look up the webhook's name", Cure::kNetwork},
    {"deadline exceeded", "the webhook does not answer the API server in time", Cure::kNetwork},
    // Not "timeout" alone: the URL has one.
    {"i/o timeout", "the webhook does not answer the API server in time", Cure::kNetwork},
    {"handshake timeout", "the webhook does not answer the API server in time", Cure::kNetwork},
    {"no route to host", "the API server's network does not reach the webhook", Cure::kNetwork},
    {"network is unreachable", "the API server's network does not reach the webhook",
     Cure::kNetwork},
}};

std::string CureOf(const Facts& facts, Cure cure) {
  switch (cure) {
    case Cure::kCertificate: return CertificateCure(facts);
    case Cure::kPods:
      return IsAskedByUrl(facts)
                 ? "start remora-webhook where the configuration's URL leads"
                 : Kubectl(facts, "describe pods --selector app.kubernetes.io/name=remora-webhook");
    case Cure::kNetwork:
      return "let the API server reach port 10250 of the Pods (firewall, NetworkPolicy), or: " +
             HelmUpgrade(facts, "--set webhook.hostNetwork=true,webhook.port=10255");
    case Cure::kChart: break;
  }
  return HelmUpgrade(facts);
}

bool Says(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

bool IsUnasked(const Error& error) { return Says(error, "failed calling webhook"); }

// The API server asked a webhook in vain.
Finding JudgeUnasked(const Facts& facts, const std::string& check, const Error& error) {
  if (!Says(error, ".patterns.remora.dev\"")) {
    return Warning(check, "somebody else's webhook stands in the way: " + error.message(),
                   "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations");
  }
  const auto found = std::find_if(kTroubles.begin(), kTroubles.end(), [&](const Trouble& trouble) {
    return Says(error, trouble.words);
  });
  if (found == kTroubles.end()) {
    return Problem(check, "the API server cannot ask the webhook: " + error.message(),
                   CureOf(facts, Cure::kPods));
  }
  return Problem(check, std::string(found->meaning) + ": " + error.message(),
                 CureOf(facts, found->cure));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

json RecordOf(const json& pod) {
  const json::json_pointer path =
      json::json_pointer("/metadata/annotations") / std::string(api::kStatusKey);
  if (!pod.contains(path) || !pod.at(path).is_string()) return nullptr;
  json record = json::parse(pod.at(path).get<std::string>(), nullptr, false);
  return record.is_object() ? record : json(nullptr);
}

// Why nobody put the pattern in, as the record says; empty where it does not.
std::string RefusalIn(const json& record) {
  for (const json& pattern : ListAt(record, "/patterns")) {
    std::string text = TextAt(pattern, "/reason");
    if (text.empty()) continue;
    const std::string message = TextAt(pattern, "/message");
    if (!message.empty()) text.append(": ").append(message);
    return text;
  }
  return {};
}

bool HasContainer(const json& pod, const std::string& name) {
  for (const char* list : {"/spec/containers", "/spec/initContainers"}) {
    for (const json& container : ListAt(pod, list)) {
      if (TextAt(container, "/name") == name) return true;
    }
  }
  return false;
}

Finding NotAskedAbout(const Facts& facts, const std::string& check, const TriedPod& tried) {
  return Problem(check,
                 "the API server did not ask the webhook about a Pod in namespace " +
                     tried.namespace_name +
                     ": it is not told to, or nobody answered and failurePolicy is Ignore",
                 HelmUpgrade(facts));
}

}  // namespace

json ProbePod(const std::string& namespace_name) {
  return PodWith(namespace_name, {{std::string(api::kSidecarKey), kNobody},
                                  {std::string(api::kOnErrorKey), "Deny"}});
}

Finding JudgeProbe(const Facts& facts) {
  const std::string check = "webhook answers";
  const TriedPod& probe = facts.probe;
  if (probe.namespace_name.empty()) {
    return Unknown(check, "no namespace was found whose Pods the webhook is asked about",
                   facts.program + " doctor --namespace NAMESPACE");
  }
  if (probe.answer.ok()) return NotAskedAbout(facts, check, probe);
  const Error& error = probe.answer.error();
  if (Says(error, kNamedEntry) && Says(error, ReasonName(api::Reason::kPatternNotFound))) {
    return Ok(check, "the API server asks it about Pods in namespace " + probe.namespace_name +
                         ", and trusts its certificate");
  }
  if (IsUnasked(error)) return JudgeUnasked(facts, check, error);
  if (error.code() == ErrorCode::kPermissionDenied || error.code() == ErrorCode::kInvalid) {
    return Unknown(check, "the Pod did not come as far as the webhook: " + error.message(),
                   facts.program + " doctor --namespace NAMESPACE, where you may create Pods");
  }
  return Problem(check, error.message(), "kubectl cluster-info");
}

json TryPod(const TryRequest& request, const std::string& namespace_name) {
  return PodWith(namespace_name, {{std::string(api::ListKey(request.kind)), request.name}});
}

Finding JudgeTry(const Facts& facts, const TryRequest& request, const TriedPod& tried) {
  const std::string object = Lower(PatternKindName(request.kind)) + '/' + request.name;
  const std::string check = "try " + object;
  const std::string look = facts.program + " status --all-namespaces";
  if (!tried.answer.ok()) {
    const Error& error = tried.answer.error();
    if (IsUnasked(error)) return JudgeUnasked(facts, check, error);
    return Problem(check, "a Pod that asks for it is refused: " + error.message(), look);
  }
  if (HasContainer(*tried.answer, request.name)) {
    return Ok(check,
              "a Pod in namespace " + tried.namespace_name + " gets the container " + request.name);
  }
  const json record = RecordOf(*tried.answer);
  if (record.is_null()) return NotAskedAbout(facts, check, tried);
  const std::string refusal = RefusalIn(record);
  return Problem(check,
                 "a Pod that asks for it comes without the container " + request.name +
                     (refusal.empty() ? "" : ": " + refusal),
                 look);
}

}  // namespace remora::cli::doctor
