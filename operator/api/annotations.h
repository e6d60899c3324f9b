// The annotation and label keys that users write and Remora writes: one place for their spelling.
#pragma once

#include <cstdint>
#include <string_view>

namespace remora::api {

enum class PatternKind : std::uint8_t;

inline constexpr std::string_view kGroup = "patterns.remora.dev";
inline constexpr std::string_view kVersion = "v1alpha1";

// A comment above a key is its line in crds/REFERENCE.md (hack/update-docs.sh); the prefixes end in
// the slash.

inline constexpr std::string_view kPatternPrefix = "patterns.remora.dev/";

// annotations that users write on a Pod, or on the template of what makes Pods

// Sidecars for this Pod: `log-saver, team-a/git-sync`; at most 16, none twice
inline constexpr std::string_view kSidecarKey = "patterns.remora.dev/sidecar";
// Ambassadors, likewise
inline constexpr std::string_view kAmbassadorKey = "patterns.remora.dev/ambassador";
// Adapters, likewise
inline constexpr std::string_view kAdapterKey = "patterns.remora.dev/adapter";
// `PATTERN.PARAMETER`: a value for the parameter; on a Namespace, the default of all its Pods
inline constexpr std::string_view kParameterPrefix = "params.patterns.remora.dev/";
// `PATTERN`: names of the containers that the pattern serves in this Pod
inline constexpr std::string_view kTargetPrefix = "target.patterns.remora.dev/";
// Outbound Ambassadors of this Pod that are wired but not run: the variables lead to the upstream
inline constexpr std::string_view kBypassKey = "patterns.remora.dev/bypass";
// `Deny` or `Admit`: what becomes of this Pod where a pattern cannot be added, for all of them
inline constexpr std::string_view kOnErrorKey = "patterns.remora.dev/on-error";
// `"false"`: nothing is added, and the webhook is not asked
inline constexpr std::string_view kInjectKey = "patterns.remora.dev/inject";

// labels that users write on a Namespace

// `enabled`: its Pods get patterns with a selector unasked. `disabled`: no Pod gets any
inline constexpr std::string_view kInjectionLabel = "patterns.remora.dev/injection";

// what Remora writes

// Annotation of a Pod: the record of all that was added and changed, by which it can be undone
inline constexpr std::string_view kStatusKey = "patterns.remora.dev/status";
// Annotations of a Pod: the rendered files of its companions
inline constexpr std::string_view kFilesPrefix = "files.patterns.remora.dev/";
// Label of a Pod with companions, for selectors of PodMonitors and the like
inline constexpr std::string_view kInjectedLabel = "patterns.remora.dev/injected";
// Label of a ControllerRevision: the name of its pattern
inline constexpr std::string_view kPatternLabel = "patterns.remora.dev/pattern";

// The annotation that lists patterns of a kind.
std::string_view ListKey(PatternKind kind);

// A label that Kubernetes gives each Pod of a workload another value of. Selectors of patterns may not
// name one: what they say would have to be looked up for every Pod alone.
bool IsPerPodLabel(std::string_view key);

// Whether a Pod with this key is sent to the named entry: every key under our prefixes but the
// record. Files annotations have a prefix of their own and do not ask for anything.
bool AsksForPatterns(std::string_view key);

// [a-z0-9]([-a-z0-9]*[a-z0-9])?, at most 40 characters, without "--".
bool IsPatternName(std::string_view text);
// [a-zA-Z][a-zA-Z0-9]{0,21}
bool IsParameterName(std::string_view text);
// RFC 1123 label, at most 63 characters.
bool IsDnsLabel(std::string_view text);
// RFC 1123 subdomain as Kubernetes reads it: labels between dots, at most 253 characters.
bool IsDnsSubdomain(std::string_view text);
// The key of a label or annotation: "name" or "domain/name".
bool IsQualifiedName(std::string_view text);
bool IsLabelValue(std::string_view text);
// Whether the key's prefix is the domain or ends in it: "app.kubernetes.io/name" is under
// "kubernetes.io".
bool IsKeyUnder(std::string_view key, std::string_view domain);

}  // namespace remora::api
