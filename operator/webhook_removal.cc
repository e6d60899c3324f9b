#include "operator/webhook_removal.h"

#include <string>

#include "operator/base/log.h"

namespace remora {

namespace {

constexpr const char* kName = "remora";  // charts/remora/templates/webhook-configurations.yaml
constexpr const char* kPlurals[] = {"mutatingwebhookconfigurations",
                                    "validatingwebhookconfigurations"};

}  // namespace

Result<void> RemoveWebhooks(kube::Client& client, const kube::Call& call) {
  Result<void> outcome;
  for (const char* plural : kPlurals) {
    const std::string object = std::string(plural) + "/" + kName;
    const auto deleted =
        client.Delete({"admissionregistration.k8s.io", "v1", plural}, {.name = kName}, {}, call);
    if (deleted.ok() || deleted.error().code() == ErrorCode::kNotFound) {
      Log(LogLevel::kInfo, deleted.ok() ? "webhook configuration removed" : "there is none",
          {{"object", object}});
    } else if (outcome.ok()) {
      outcome = deleted.error().WithContext(object);
    }
  }
  return outcome;
}

}  // namespace remora
