#!/usr/bin/env bash
# What `remora status`, `history`, `pin` and `rollback` say of patterns on a real control plane, with
# webhook and operator, and what becomes of the Pods.
#
# usage: tests/e2e/history_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly NS=e2e-history
readonly SYSTEM=e2e-history-system
readonly FLAGS=(--namespace="$SYSTEM" --catalog-namespace=e2e-history-catalog --lease-seconds=4
  --certificates=none)
readonly REMORA=${REMORA_BINARIES:-$E2E_ROOT/build/release}/operator/cli/remora

remora() { "$REMORA" "$@" --namespace "$NS"; }
# history_of FILTER: of what history says to tools
history_of() { remora history rsc/saver --output json 2>/dev/null | jq --raw-output "$1"; }
field() { kubectl --namespace "$NS" get rsc saver --output "jsonpath={$1}"; }

saver() {  # saver IMAGE [LINE...]: with more lines of the spec
  local image=$1
  shift
  kubectl --namespace "$NS" apply --filename - >/dev/null <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  description: Saves logs.
  onError: Deny
$(printf '  %s\n' "$@")
  container:
    image: $image
    env: [{name: MODE, value: fast}]
PATTERN
}

# The image that a Pod of now gets; what it is told where it gets none.
image() {
  kubectl create --dry-run=server --output \
    "jsonpath={.spec.initContainers[?(@.name=='saver')].image}" --filename - 2>&1 <<POD
apiVersion: v1
kind: Pod
metadata: {generateName: web-, namespace: $NS, annotations: {patterns.remora.dev/sidecar: saver}}
spec: {containers: [{name: web, image: web}]}
POD
}
image_is() { equal "$1" "$(image)"; }
# In service, and in the status.
edit() {
  saver "$@"
  eventually image_is "$1" || fail "$1 is not served"
  eventually marked current,spec "→ $1" || fail "$1 is not the current revision"
}

# Others may have patterns, too, with longer namespaces.
is_in_table_of_all() { "$REMORA" status -A | grep --extended-regexp "^$NS +Sidecar +saver "; }

# marked MARKS [CHANGE]: there is a revision with these marks and this change
marked() { remora history rsc/saver 2>/dev/null | grep --quiet "   $1   .*${2:-}"; }
revision_of() {  # revision_of NUMBER
  history_of ".revisions[] | select(.number == $1) | .revision"
}

# Bears the name of a revision, and holds another spec.
forge() {
  kubectl --namespace "$NS" apply --filename - >/dev/null <<REVISION
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: sidecar-saver-bbbbbbbbbb
  labels: {patterns.remora.dev/pattern: saver}
  ownerReferences:
    - {apiVersion: patterns.remora.dev/v1alpha1, kind: Sidecar, name: saver, controller: true,
       uid: $(field .metadata.uid)}
data: {spec: {container: {image: "forged:1"}}}
revision: 99
REVISION
}

end() { stop_operator "$WORK/a"; }

main() {
  need_commands jq
  use_cluster
  at_exit end
  use_remora --catalog-namespace=e2e-history-catalog
  new_namespace "$NS"
  new_namespace "$SYSTEM"

  check "a namespace without patterns" says "No patterns found in namespace $NS." remora status
  saver saver:1
  check "without an operator, status says so" \
    says "Sidecar   saver   Unknown   not yet looked at by the operator" remora status
  check "no revision is kept then" refuses "none is: the operator keeps those that it accepts" \
    remora pin rsc/saver bcd
  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}"
  eventually marked current,spec || fail "the first revision is not kept"
  edit saver:2
  edit saver:3 'drainSeconds: 5'
  local first second third
  first=$(revision_of 1) second=$(revision_of 2) third=$(revision_of 3)

  check "after two edits the history has three" equal "$first $second $third" \
    "$(history_of '[.revisions[].revision] | join(" ")')"
  check "each with what changed" says "container.image: saver:1 → saver:2" remora history rsc/saver
  check "two revisions are compared" says "  drainSeconds: added 5" \
    remora history sidecar/saver --diff "$first" "$third"
  check "the table of all" eventually says "   True    Ready    0 " remora status
  check "with a namespace, of all namespaces" is_in_table_of_all
  check "one pattern" says "current   $third   the last that was accepted, what new Pods get" \
    remora status Sidecar/saver

  pin_and_unpin "$first" "$third"
  roll_back "$first" "$second" "$third"
  forgeries_and_refusals
  finish
}

pin_and_unpin() {
  check "a dry run of a pin says what new Pods would get" \
    says "  container.image: saver:3 → saver:1" remora pin rsc/saver "$1" --dry-run
  check "and pins nothing" equal "" "$(field .spec.pinnedRevision)"
  check "a pin by the beginning of a revision" says "New Pods get revision $1, which is pinned." \
    remora pin rsc/saver "${1:0:5}"
  check "a new Pod gets the old image" eventually image_is saver:1
  check "the history marks it" marked pinned
  check "the status names it" says "pinned    $1   what new Pods get" remora status rsc/saver
  check "a pin takes nothing else away" equal fast "$(field .spec.container.env[0].value)"
  check "to roll back says that the pin holds" says "new Pods get revision $1 until" \
    remora rollback rsc/saver --dry-run
  check "the pin goes" says "New Pods get revision $2, the last that was accepted." \
    remora pin rsc/saver --none
  check "and a new Pod gets the last image" eventually image_is saver:3
}

roll_back() {
  check "a dry run of a rollback writes nothing" remora rollback rsc/saver --dry-run
  check "so that all is as before" equal saver:3 "$(field .spec.container.image)"
  check "to the one before" says "is rolled back to revision $2 (number 2)" remora rollback rsc/saver
  check "its image is served" eventually image_is saver:2
  check "what reaches no Pod stays" equal "Saves logs. Deny" "$(field .spec.description) $(field .spec.onError)"
  check "a field that it did not have is gone" equal "" "$(field .spec.drainSeconds)"
  eventually marked current,spec "→ saver:2" || fail "the rollback is not accepted"
  check "it is the newest then" equal "$1 $3 $2" "$(history_of '[.revisions[].revision] | join(" ")')"
  check "to the same once more: nothing is written" says "already; nothing is written" \
    remora rollback rsc/saver "$2"
  check "back again" says "is rolled back to revision $3" remora rollback rsc/saver
  check "is served, too" eventually image_is saver:3
}

forgeries_and_refusals() {
  forge
  check "a forged revision is ignored, with a sentence" says \
    "ControllerRevision $NS/sidecar-saver-bbbbbbbbbb is ignored: its name is not that of what it holds" \
    remora history rsc/saver
  check "and can be neither pinned" refuses 'revision "bbbbbbbbbb" is not kept; ' \
    remora pin rsc/saver bbbbbbbbbb
  check "nor gone back to" refuses 'revision "bbbbbbbbbb" is not kept; ' \
    remora rollback rsc/saver bbbbbbbbbb

  saver saver:4 'initContainers: [{name: first, image: x, securityContext: {capabilities: ALL}}]'
  check "a spec that is refused is marked" eventually marked spec,refused
  check "with the reason" says "The spec is refused: " remora history rsc/saver
  check "to roll back takes the edit back" says "is rolled back to revision $(revision_of 5)" \
    remora rollback rsc/saver
  check "and the pattern is accepted again" eventually says "   True    Ready   " remora status

  check "a pattern that is not there" refuses "there is no sidecar savr in namespace $NS; did you mean saver?" \
    remora history rsc/savr
  kubectl --namespace "$NS" create serviceaccount guest >/dev/null
  check "no right: which one is missing" refuses 'cannot get resource "sidecars"' \
    remora pin rsc/saver bcd --kubeconfig "$(kubeconfig_of guest)"
}

# Prints the path of one for a service account.
kubeconfig_of() {
  kubectl config view --raw --minify >"$WORK/$1"
  kubectl --kubeconfig "$WORK/$1" config set-credentials "$1" \
    --token="$(kubectl --namespace "$NS" create token "$1")" >/dev/null
  kubectl --kubeconfig "$WORK/$1" config set-context --current --user="$1" >/dev/null
  echo "$WORK/$1"
}

main "$@"
