// WebhookReadiness: whether there is a webhook to be asked: an endpoint of its Service is ready.
//
// Thread-safety: pure function.
// Errors: those of the Client.
//
// Example
//   auto ready = IsWebhookReady(client, {"remora-system", "remora-webhook"}, {.stop = stop});
#pragma once

#include "operator/base/result.h"
#include "operator/kube/client.h"
#include "operator/kube/resource.h"

namespace remora::reconcilers {

Result<bool> IsWebhookReady(kube::Client& client, const kube::ObjectKey& service,
                            const kube::Call& call);

}  // namespace remora::reconcilers
