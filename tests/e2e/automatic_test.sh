#!/usr/bin/env bash
# Tests patterns that a selector adds, on a real API server: in which namespaces, to which Pods, and
# what the API server asks for it.
#
# usage: tests/e2e/automatic_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly ENABLED=automatic-test PLAIN=automatic-test-plain DISABLED=automatic-test-disabled

# pod NAMESPACE LABELS ANNOTATIONS: a Pod as the API server would create it
pod() {
  kubectl --namespace "$1" create --dry-run=server --output json --filename - <<POD
{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-","labels":$2,"annotations":$3},
 "spec":{"containers":[{"name":"web","image":"web"}]}}
POD
}

containers() {
  jq -r '[(.spec.initContainers // [])[].name, "|", .spec.containers[].name] | join(" ")'
}

# created WANT NAMESPACE LABELS [ANNOTATIONS]
created() { equal "$1" "$(pod "$2" "$3" "${4:-"{}"}" | containers)"; }

# calls_of NAMED AUTOMATIC COMMAND...: it succeeds, and that many calls are made of each entry
calls_of() {
  local named automatic
  named=$(calls named) automatic=$(calls automatic)
  "${@:3}" || return
  equal "$1 $2" "$(($(calls named) - named)) $(($(calls automatic) - automatic))"
}

level_of_new_pod() {
  pod "$ENABLED" '{"app":"web"}' '{}' |
    jq -r '.spec.initContainers[] | select(.name == "collector").args[0]'
}

has_level() { equal "$1" "$(level_of_new_pod)"; }

# at_once LEVEL: the first Pod after the Namespace's edit has it
edit_reaches_the_next_pod() {
  kubectl annotate --overwrite namespace "$ENABLED" \
    "params.patterns.remora.dev/collector.level=$1" >/dev/null
  # The watch event overtakes no answer of the API server: a few milliseconds.
  within 1 has_level "--level=$1"
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace remora-catalog
new_namespace "$ENABLED" patterns.remora.dev/injection=enabled
new_namespace "$PLAIN"
new_namespace "$DISABLED" patterns.remora.dev/injection=disabled
kubectl apply --filename - >/dev/null <<PATTERNS
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: collector, namespace: remora-catalog}
spec:
  allowedNamespaces: {from: All}
  selector: {matchLabels: {app: web}}
  parameters: [{name: level, type: string, default: info}]
  container: {image: "collector:1", args: ["--level=\$(params.level)"]}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: own, namespace: $ENABLED}
spec: {selector: {matchLabels: {own: "yes"}}, container: {image: "own:1"}}
PATTERNS

readonly WEB='{"app":"web"}' ASKS='{"patterns.remora.dev/sidecar":"collector"}'
readonly OUT='{"patterns.remora.dev/inject":"false"}'
check "in an enabled namespace a Pod that the selector matches gets the pattern" \
  eventually calls_of 0 1 created 'collector | web' "$ENABLED" "$WEB"
check "one that it does not match is asked about and left alone" \
  calls_of 0 1 created '| web' "$ENABLED" '{"app":"db"}'
check "patterns of the namespace itself are added, too" \
  created 'own collector | web' "$ENABLED" '{"app":"web","own":"yes"}'
check "a Pod that asks is sent to the entry named alone, and gets both" \
  calls_of 1 0 created 'own collector | web' "$ENABLED" '{"own":"yes"}' "$ASKS"
check "a Pod that opts out is not asked about" calls_of 0 0 created '| web' "$ENABLED" "$WEB" "$OUT"
check "without the label nothing is added, nor asked" \
  calls_of 0 0 created '| web' "$PLAIN" "$WEB"
check "there, who asks gets it" calls_of 1 0 created 'collector | web' "$PLAIN" '{}' "$ASKS"
check "in a disabled namespace nobody is asked about, not even who asks" \
  calls_of 0 0 created '| web' "$DISABLED" "$WEB" "$ASKS"

check "the parameter's default" has_level --level=info
check "the Namespace's value beats it" edit_reaches_the_next_pod debug
check "and is read when it is used" edit_reaches_the_next_pod trace
check "the Pod's beats the Namespace's" says '"--level=pod"' pod "$ENABLED" "$WEB" \
  '{"params.patterns.remora.dev/collector.level":"pod"}'

stop_webhook "$WORK/webhook"
check "webhook down: who did not ask is not hurt" created '| web' "$ENABLED" "$WEB"
check "webhook down: who asks waits" refuses 'failed calling webhook' pod "$ENABLED" "$WEB" "$ASKS"
finish
