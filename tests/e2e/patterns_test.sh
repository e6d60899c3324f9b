#!/usr/bin/env bash
# Tests what a real API server says of patterns that are applied: what is refused and how it reads,
# what becomes of a bad one that is stored all the same, and that a pattern serves a Pod which is
# applied together with it.
#
# usage: tests/e2e/patterns_test.sh

# shellcheck disable=SC2016  # the references are Remora's, not the shell's

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OURS=patterns-test TOGETHER=50

apply() { kubectl --namespace "$OURS" apply --filename -; }

# pattern KIND NAME SPEC
pattern() {
  cat <<YAML
apiVersion: patterns.remora.dev/v1alpha1
kind: $1
metadata: {name: $2}
spec: $3
YAML
}
apply_pattern() { pattern "$@" | apply; }

# pod NAME ANNOTATIONS
pod() {
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {test: patterns}, annotations: $2}
spec: {containers: [{name: web, image: web}]}
YAML
}
create_pod() { pod p "$1" | kubectl --namespace "$OURS" create --dry-run=server --output json --filename -; }

# The API server knows the entry a moment after its registration.
asks_about_patterns() {
  ! pattern Sidecar probe '{container: {image: "probe:$(params.nothing)"}}' |
    kubectl --namespace "$OURS" apply --dry-run=server --filename -
}

applied_together() {
  local i
  for ((i = 0; i < TOGETHER; i++)); do
    { pattern Sidecar "together-$i" '{container: {image: "together:1"}}' && echo --- &&
      pod "together-$i" "{patterns.remora.dev/sidecar: together-$i}"; } | apply || return
  done
  equal "$TOGETHER" "$(kubectl --namespace "$OURS" get pods --selector test=patterns --output json |
    jq '[.items[] | select(any(.spec.initContainers[]?; .image == "together:1"))] | length')"
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace "$OURS"
eventually asks_about_patterns || fail "the API server does not ask the webhook about patterns"

readonly GOOD='{container: {image: "good:1"}}'
# The schema has nothing against it: the field holds any string.
readonly BAD='{container: {image: "bad:$(params.version)"}}'

check "a good pattern is stored" apply_pattern Sidecar good "$GOOD"
check "a bad one is refused, and the sentence names object and field" \
  refuses "Sidecar $OURS/bad: spec.container.image" apply_pattern Sidecar bad "$BAD"
check "and what is wrong" refuses 'params.version' apply_pattern Ambassador bad "$BAD"
check "as is a bad edit of a good one" refuses "Sidecar $OURS/good: spec.container.image" \
  apply_pattern Sidecar good "$BAD"
check "a regular expression that cannot be read" refuses 'spec.parameters' apply_pattern Adapter bad \
  '{parameters: [{name: a, type: string, pattern: "(", example: x}], container: {image: "x:1"}}'

# tested WANT: a good pattern whose own test wants that image
tested() {
  cat <<SPEC
{container: {image: "good:1"}, tests: [{name: serves-web, want: {reason: Injected, pod:
  {spec: {initContainers: [{name: tested, image: "$1"}]}}}, pod: {metadata: {annotations:
  {patterns.remora.dev/sidecar: tested}}, spec: {containers: [{name: web, image: web}]}}}]}
SPEC
}
check "one whose own test fails is refused, with the test and the field" \
  refuses 'the test "serves-web" fails: spec.initContainers[tested].image' \
  apply_pattern Sidecar tested "$(tested better:1)"
# What no rule of the CRDs refuses.
webhook_refuses_them() {
  local file files
  mapfile -t files < <(grep --files-with-matches '^# by: webhook$' "$E2E_ROOT"/tests/golden/patterns/invalid/*.yaml)
  ((${#files[@]} > 0)) || return
  for file in "${files[@]}"; do
    refuses "$(sed --quiet 's/^# want: //p' "$file")" \
      kubectl --namespace "$OURS" create --dry-run=server --filename "$file" || return
  done
}
check "what the CRDs let pass and is wrong is refused, with the field" webhook_refuses_them
check "one whose own test passes is stored" apply_pattern Sidecar tested "$(tested good:1)"

kubectl delete validatingwebhookconfiguration remora >/dev/null
stored_while_nobody_looked() { apply_pattern Sidecar bad "$BAD" && apply_pattern Ambassador bad-a "$BAD"; }
check "while the entry is not registered, a bad pattern is stored" \
  eventually stored_while_nobody_looked
register_webhook "$WORK/webhook"
eventually asks_about_patterns || fail "the API server does not ask the webhook about patterns"
check "case 64: it is out of service: a Pod that asks for the Sidecar starts without it and is told so" \
  eventually says "Warning: PatternNotAccepted: Sidecar $OURS/bad is out of service" \
  create_pod '{patterns.remora.dev/sidecar: bad}'
check "one that asks for the Ambassador is refused, with the field" \
  refuses 'spec.container.image' create_pod '{patterns.remora.dev/ambassador: bad-a}'
check "case 64: the others serve" says '"image": "good:1"' create_pod '{patterns.remora.dev/sidecar: good}'
check "the bad one's labels can be edited" kubectl --namespace "$OURS" label rsc bad team=a
check "its spec only into a good one" refuses 'spec.container.image' \
  apply_pattern Sidecar bad '{container: {image: "worse:$(params.version)"}}'
check "a bad one can be deleted" kubectl --namespace "$OURS" delete ramb bad-a
check "and mended" apply_pattern Sidecar bad "$GOOD"

check "$TOGETHER times a pattern and its Pod, applied together: all injected" applied_together

stop_webhook "$WORK/webhook"
check "webhook down: no pattern is stored that nobody has looked at" \
  refuses 'failed calling webhook' apply_pattern Sidecar late "$GOOD"
check "webhook down: patterns can be deleted" kubectl --namespace "$OURS" delete rsc good
finish
