// The reasons: the whole list of outcomes that a pattern can have on a Pod.
//
// The same value feeds record, warning, Event, metric, log and command line; a text that is not in
// this list is never shown as a reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace remora::api {

enum class Reason : std::uint8_t {
  // In.
  kInjected,
  kAlreadyInjected,
  kBypassed,
  // Not asked for.
  kOptedOut,
  kSelectorMismatch,
  kShadowed,
  kNamespaceNotEnabled,
  kNamespaceDisabled,
  kNamespaceExcluded,
  kMirrorPod,
  // Always denied.
  kInvalidAnnotation,
  kDuplicateName,
  // By onError: the pattern.
  kPatternNotFound,
  kPatternNotAccepted,
  kRevisionNotFound,
  kUnknownParameter,
  kInvalidParameter,
  kMissingParameter,
  kUnresolvedReference,
  kOrderCycle,
  // By onError: the Pod.
  kTargetNotFound,
  kTargetAmbiguous,
  kContainerNameTaken,
  kVolumeNameTaken,
  kVolumeNotFound,
  kMountPathTaken,
  kShareAmbiguous,
  kPortTaken,
  kPortRangeFull,
  kPortNotFound,
  kEnvConflict,
  kHostnameLoop,
  kBypassImpossible,
  kAnnotationsTooLarge,
  // By onError: the cluster.
  kHostNetwork,
  kUnsupportedPod,
  kRunAsNonRoot,
  kPodSecurity,
  kLimitRange,
  kQuotaFields,
  kResources,
  // By onError: Remora itself.
  kDeadlineExceeded,
  kInternalError,
};
inline constexpr int kReasonCount = static_cast<int>(Reason::kInternalError) + 1;

enum class ReasonClass : std::uint8_t { kIn, kNotAskedFor, kAlwaysDenied, kByOnError };

// As written in records and messages: "PatternNotFound".
std::string_view ReasonName(Reason reason);
std::optional<Reason> ParseReason(std::string_view name);
ReasonClass ClassOf(Reason reason);

}  // namespace remora::api
