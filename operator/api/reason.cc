#include "operator/api/reason.h"

#include <array>

namespace remora::api {

namespace {

// In the order of the enum.
constexpr std::array<std::string_view, kReasonCount> kNames = {
    "Injected",
    "AlreadyInjected",
    "Bypassed",
    "OptedOut",
    "SelectorMismatch",
    "Shadowed",
    "NamespaceNotEnabled",
    "NamespaceDisabled",
    "NamespaceExcluded",
    "MirrorPod",
    "InvalidAnnotation",
    "DuplicateName",
    "PatternNotFound",
    "PatternNotAccepted",
    "RevisionNotFound",
    "UnknownParameter",
    "InvalidParameter",
    "MissingParameter",
    "UnresolvedReference",
    "OrderCycle",
    "TargetNotFound",
    "TargetAmbiguous",
    "ContainerNameTaken",
    "VolumeNameTaken",
    "VolumeNotFound",
    "MountPathTaken",
    "ShareAmbiguous",
    "PortTaken",
    "PortRangeFull",
    "PortNotFound",
    "EnvConflict",
    "HostnameLoop",
    "BypassImpossible",
    "AnnotationsTooLarge",
    "HostNetwork",
    "UnsupportedPod",
    "RunAsNonRoot",
    "PodSecurity",
    "LimitRange",
    "QuotaFields",
    "Resources",
    "DeadlineExceeded",
    "InternalError",
};

}  // namespace

std::string_view ReasonName(Reason reason) { return kNames[static_cast<std::size_t>(reason)]; }

std::optional<Reason> ParseReason(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

ReasonClass ClassOf(Reason reason) {
  if (reason <= Reason::kBypassed) return ReasonClass::kIn;
  if (reason <= Reason::kMirrorPod) return ReasonClass::kNotAskedFor;
  if (reason <= Reason::kDuplicateName) return ReasonClass::kAlwaysDenied;
  return ReasonClass::kByOnError;
}

}  // namespace remora::api
