// RemoveWebhooks: takes the chart's webhook configurations out of the cluster, which has to come before
// the webhook goes: once nobody answers, the API server refuses what it would have asked about.
//
// Contract
//   - Both configurations called `remora`, and nothing else. One that is not there is fine.
//   - The second is removed also where the first cannot be.
// Thread-safety: that of the Client.
// Errors: the first that a removal has met, with the object's name.
//
// Example
//   if (const auto removed = RemoveWebhooks(*client); !removed.ok()) return Fail(removed.error());
#pragma once

#include "operator/base/result.h"
#include "operator/kube/client.h"

namespace remora {

[[nodiscard]] Result<void> RemoveWebhooks(kube::Client& client, const kube::Call& call = {});

}  // namespace remora
