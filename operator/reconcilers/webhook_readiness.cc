#include "operator/reconcilers/webhook_readiness.h"

#include <nlohmann/json.hpp>

namespace remora::reconcilers {

namespace {

using nlohmann::json;

bool HasReadyEndpoint(const json& slice) {
  const json endpoints = slice.value("endpoints", json());
  if (!endpoints.is_array()) return false;
  for (const json& endpoint : endpoints) {
    const json::json_pointer ready("/conditions/ready");
    // Absent means ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
    if (!endpoint.contains(ready) || endpoint.at(ready) == true) return true;
  }
  return false;
}

}  // namespace

Result<bool> IsWebhookReady(kube::Client& client, const kube::ObjectKey& service,
                            const kube::Call& call) {
  const auto page =
      client.List({"discovery.k8s.io", "v1", "endpointslices"},
                  {.scope = {.namespace_name = service.namespace_name,
                             .label_selector = "kubernetes.io/service-name=" + service.name}},
                  call);
  if (!page.ok()) return page.error();
  for (const json& slice : page->items) {
    if (HasReadyEndpoint(slice)) return true;
  }
  return false;
}

}  // namespace remora::reconcilers
