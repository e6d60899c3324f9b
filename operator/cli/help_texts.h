// What `remora --help` and `remora COMMAND --help` say beside the lists of commands and flags.
#pragma once

namespace remora::cli {

inline constexpr const char* kAbout =
    "Remora adds companion containers to Pods: a Sidecar, an Ambassador, an Adapter.\n"
    "These commands decide what the webhook decides, on files or for what is in a cluster, and "
    "show and\n"
    "change which revision of a pattern new Pods get.\n";

inline constexpr const char* kExample = R"(
Example:
  # deploy.yaml asks for a pattern in its template's annotations:
  #   patterns.remora.dev/ambassador: redis
  remora explain -f deploy.yaml --patterns patterns/
  remora inject  -f deploy.yaml --patterns patterns/ | kubectl apply -f -

Exit code: 0 fine, 1 refused, 2 not understood or not readable.)";

inline constexpr const char* kInjectFooter = R"(
Patterns and Namespaces among the documents are used, whatever option they came by; all else that a
cluster would know counts as absent. What comes by -f is printed, what comes by --patterns is not.
Only what is new is written: comments, quotes and order stay, and documents that get no companion
come out byte for byte. `remora uninject` takes it back.

Example:
  remora inject -f shop/ --patterns patterns/ -n shop | kubectl apply -f -)";

inline constexpr const char* kUninjectFooter = R"(
What is undone stands in the annotation patterns.remora.dev/status of the Pod or the template. One
that cannot be read, or that lists what Remora never touches, is refused, and its document comes out
as it is. Patterns are not needed.

Example:
  kubectl get deployment cart -o yaml | remora uninject -f - | kubectl replace -f -)";

inline constexpr const char* kExplainFooter = R"(
KIND is pod, deployment, statefulset, daemonset, replicaset, job, cronjob or kubectl's short form of
one; -n is the context's namespace then. Of a Pod it says what its record says, how its companions
are, whether the webhook has missed it, and what a new Pod like it would get. Where an Ambassador
takes over a port: which Services and NetworkPolicies say its number and do not follow, and the
NetworkPolicy that closes it.
Exit code 1: a pattern that was asked for is not in, or would not be put in, be the Pod admitted or
not.

Example:
  remora explain -f deploy.yaml --patterns patterns/
  remora explain pod/cart-7d4b9c-x2x8p -n shop)";

inline constexpr const char* kWaitFooter = R"(
HOST is an IPv4 address, an IPv6 address in brackets or localhost; no name is looked up.

Example:
  remora wait --timeout=1m30s tcp://127.0.0.1:6379)";

inline constexpr const char* kLintFooter = R"(
Of each pattern: its fields, its references, a rendering with sample values (a parameter's default,
the first of its enum, or its example) and its tests. One line a finding:
  FILE:LINE: KIND NAMESPACE/NAME: FIELD: what is wrong
Warnings say what is allowed and will probably not work; they do not change the exit code.
With --server the API server is asked, too, by dry runs that change nothing: of each pattern without
a finding, and of the Pod that comes of its sample, in the pattern's namespace.

Example:
  remora lint -f patterns/ --server)";

inline constexpr const char* kTestFooter = R"(
A test in spec.tests of a pattern:
  - name: two databases
    pod: {metadata: {annotations: {patterns.remora.dev/ambassador: redis}}, spec: {...}}
    want: {reason: Injected, pod: {spec: {initContainers: [{name: redis}]}}}
want.pod is a part that the result must contain: of containers, variables, volumes, mounts and ports
the named ones, of other lists the whole.

Example:
  remora test patterns/)";

inline constexpr const char* kStatusFooter = R"(
KIND is sidecar, ambassador, adapter, or rsc, ramb, radp. Without a name: a table of all patterns of
the namespace. MATCHED Pods ask for the pattern, INJECTED ones have it, MISSING ones the webhook did
not see, REFUSED ones were admitted without it, OUTDATED ones have another revision than REVISION.
With a name: the conditions with their sentences, the revisions, and the last workloads, first those
that need attention. The exit code does not say whether the pattern is Ready; `kubectl wait` does.

Example:
  remora status -A
  remora status sidecar/log-saver -n shop)";

inline constexpr const char* kHistoryFooter = R"(
The operator keeps the revisions that it has accepted. CHANGE is what a revision says differently
from the one above it. MARKS: current, the last that was accepted; pinned, what new Pods get before
any other; spec, the pattern as it is; refused, that it was not accepted.

Example:
  remora history sidecar/log-saver
  remora history sidecar/log-saver --diff b4x6c2f9kd)";

inline constexpr const char* kPinFooter = R"(
Sets spec.pinnedRevision, so that new Pods get that revision whatever is edited later; --none takes
it away. `kubectl apply` of a file without the field leaves a pin alone.

Example:
  remora pin sidecar/log-saver b4x6c2f9kd
  remora pin sidecar/log-saver --none)";

inline constexpr const char* kRollbackFooter = R"(
Writes back what the pattern put into Pods in that revision. Whom it admits, selector, onError, tests,
update and pin stay as they are. Without REVISION the last edit is taken back: the pattern goes to
its current revision where an edit was not accepted, else to the one before it. `kubectl apply` of
the file with the edit brings the edit back.

Example:
  remora rollback sidecar/log-saver --dry-run
  remora rollback sidecar/log-saver b4x6c2f9kd)";

inline constexpr const char* kCatalogFooter = R"(
`list` is a table of the patterns of the catalog's namespace; `show` says of one which annotations to
copy, which parameters, endpoints and directories it has. With --patterns, those of files.

Example:
  remora catalog list
  remora catalog show log-saver)";

inline constexpr const char* kDoctorFooter = R"(
Looks at the API server, the three kinds, the webhook and its certificates, the operator, rights,
versions and patterns; says of each what is wrong, and the command that mends it. Nothing is changed:
that the API server reaches the webhook is found out by the dry run of a Pod. What you may not read is
"unknown".
With --try-pattern it only creates a Pod that asks for the pattern, as a dry run, and looks whether the
companion is in it.
Exit code 1: there is a problem.

Example:
  remora doctor
  remora doctor --try-pattern sidecar/log-saver --namespace shop)";

inline constexpr const char* kCompletionFooter = R"(
Example:
  source <(remora completion bash)
  remora completion fish > ~/.config/fish/completions/remora.fish
  remora completion kubectl > /usr/local/bin/kubectl_complete-remora
  chmod +x /usr/local/bin/kubectl_complete-remora)";

}  // namespace remora::cli
