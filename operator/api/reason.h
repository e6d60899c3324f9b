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
  kInjected,         // it was added
  kAlreadyInjected,  // the record and its companion are in the Pod already
  kBypassed,         // an Ambassador that the Pod bypasses: wired, not run
  // Not asked for.
  kOptedOut,             // the Pod has patterns.remora.dev/inject: "false"
  kSelectorMismatch,     // its selector does not match the Pod's labels
  kShadowed,             // another pattern of this name goes before it
  kNamespaceNotEnabled,  // the Namespace is not labelled for automatic patterns
  kNamespaceDisabled,    // the Namespace is labelled disabled
  kNamespaceExcluded,    // the webhook is not asked about this Namespace
  kMirrorPod,            // the Pod only mirrors a static Pod of a node
  // Always denied.
  kInvalidAnnotation,  // a key or a list of ours cannot be read
  kDuplicateName,      // the Pod names one pattern twice
  // By onError: the pattern.
  kPatternNotFound,      // there is none, or it does not admit the Pod's namespace
  kPatternNotAccepted,   // it is there, and no version of it can be used
  kRevisionNotFound,     // its pinnedRevision is not kept
  kUnknownParameter,     // the Pod gives a parameter that it does not have
  kInvalidParameter,     // a value is not of its parameter's type, or out of its limits
  kMissingParameter,     // neither Pod nor Namespace gives a required parameter
  kUnresolvedReference,  // a reference has no value in this Pod
  kOrderCycle,           // what starts before and after what goes round in a circle
  // By onError: the Pod.
  kTargetNotFound,       // the Pod has no container that it could serve
  kTargetAmbiguous,      // it needs one target, and the Pod has several
  kContainerNameTaken,   // the Pod has a container of that name
  kVolumeNameTaken,      // the Pod has a volume of that name
  kVolumeNotFound,       // neither pattern nor Pod has the volume
  kMountPathTaken,       // something is mounted at, above or below the path
  kShareAmbiguous,       // which volume of its targets is meant is not clear
  kPortTaken,            // its fixed port is used in the Pod
  kPortRangeFull,        // no port from 23000 to 23999 is free
  kPortNotFound,         // no target has the port that takeOver names
  kEnvConflict,          // the target has the variable, and it may not be changed
  kHostnameLoop,         // a hostname is also the host of an upstream
  kBypassImpossible,     // an Ambassador cannot be bypassed
  kAnnotationsTooLarge,  // the Pod's annotations would be above the limit
  // By onError: the cluster.
  kHostNetwork,     // it has ports, and the Pod uses the node's network
  kUnsupportedPod,  // a Pod for Windows
  kRunAsNonRoot,    // its companion is root, which the Pod forbids
  kPodSecurity,     // the Namespace's level of Pod security forbids it
  kLimitRange,      // a LimitRange of the Namespace forbids it
  kQuotaFields,     // a ResourceQuota demands a request or limit that it lacks
  kResources,       // its requests and limits do not go together, or with the Pod's
  // By onError: Remora itself.
  kDeadlineExceeded,  // the API server did not answer the webhook in time
  kInternalError,     // the webhook is not ready yet, or has a fault, which its log tells
};
inline constexpr int kReasonCount = static_cast<int>(Reason::kInternalError) + 1;

enum class ReasonClass : std::uint8_t { kIn, kNotAskedFor, kAlwaysDenied, kByOnError };

// As written in records and messages: "PatternNotFound".
std::string_view ReasonName(Reason reason);
std::optional<Reason> ParseReason(std::string_view name);
ReasonClass ClassOf(Reason reason);

}  // namespace remora::api
