#include "operator/cli/doctor/needed_rights.h"

namespace remora::cli::doctor {

namespace {

constexpr std::string_view kOurs = "patterns.remora.dev";
constexpr std::string_view kAdmission = "admissionregistration.k8s.io";

}  // namespace

const std::vector<NeededRight>& WebhookRights() {
  static const std::vector<NeededRight> kRights = {
      {RightScope::kCluster,
       kOurs,
       {"sidecars", "ambassadors", "adapters"},
       {"get", "list", "watch"}},
      {RightScope::kCluster, "apps", {"controllerrevisions"}, {"get", "list", "watch"}},
      {RightScope::kCluster,
       "",
       {"namespaces", "limitranges", "resourcequotas"},
       {"list", "watch"}},
      {RightScope::kCluster, "events.k8s.io", {"events"}, {"create", "patch"}},
  };
  return kRights;
}

// Without those of `replaceMissing`, and without those on Secrets, which depend on who makes the
// certificates (right_checks.h).
const std::vector<NeededRight>& OperatorRights() {
  static const std::vector<NeededRight> kRights = {
      {RightScope::kCluster, "", {"pods"}, {"get", "list", "watch"}},
      {RightScope::kCluster, "", {"namespaces"}, {"list", "watch"}},
      {RightScope::kCluster,
       kOurs,
       {"sidecars", "ambassadors", "adapters"},
       {"get", "list", "watch"}},
      {RightScope::kCluster,
       kOurs,
       {"sidecars/status", "ambassadors/status", "adapters/status"},
       {"patch"}},
      {RightScope::kCluster,
       "apps",
       {"controllerrevisions"},
       {"get", "list", "watch", "create", "patch", "delete"}},
      {RightScope::kCluster,
       kAdmission,
       {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
       {"list", "watch"}},
      {RightScope::kCluster,
       kAdmission,
       {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
       {"patch"},
       {"remora"}},
      {RightScope::kCluster, "events.k8s.io", {"events"}, {"create", "patch"}},
      {RightScope::kRelease, "coordination.k8s.io", {"leases"}, {"create"}},
      {RightScope::kRelease,
       "coordination.k8s.io",
       {"leases"},
       {"get", "update"},
       {"remora-operator"}},
      {RightScope::kSealed, "", {"pods"}, {"create"}},
  };
  return kRights;
}

}  // namespace remora::cli::doctor
