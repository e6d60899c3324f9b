#!/usr/bin/env bash
# The revisions of a pattern on a real control plane: kept when the API server would take the Pod, served
# to new Pods, pinned, forged, trimmed; and what becomes of a spec that the API server refuses.
#
# usage: tests/e2e/revisions_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly NS=e2e-revisions
readonly SYSTEM=e2e-revisions-system
readonly FLAGS=(--namespace="$SYSTEM" --catalog-namespace=e2e-revisions-catalog --lease-seconds=4
  --certificates=none)
readonly TRIMMED_SECONDS=90  # a minute after the last edit

field() { kubectl --namespace "$NS" get rsc "${2:-saver}" --output "jsonpath={$1}"; }
current() { field .status.currentRevision "$@"; }
condition() { field ".status.conditions[?(@.type=='$1')].$2" "${3:-saver}"; }
condition_is() { equal "$2/$3" "$(condition "$1" status "${4:-saver}")/$(condition "$1" reason "${4:-saver}")"; }
# Of the spec as it is.
is_looked_at() { equal "$(field .metadata.generation "$@")" "$(field .status.observedGeneration "$@")"; }

# saver IMAGE [LINE...]: with more lines of the spec
saver() {
  local image=$1
  shift
  kubectl --namespace "$NS" apply --filename - >/dev/null <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  onError: Deny
$(printf '  %s\n' "$@")
  container:
    image: $image
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

# apply_status_to VERSION: as the operator does
apply_status_to() {
  kubectl --namespace "$NS" apply --server-side --force-conflicts --field-manager=e2e \
    --subresource=status --filename - 2>&1 <<STATUS
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver, resourceVersion: "$1"}
status: {observedGeneration: 1}
STATUS
}

revisions() {
  kubectl --namespace "$NS" get controllerrevisions --selector patterns.remora.dev/pattern=saver \
    --sort-by=.revision --output 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' |
    sed s/sidecar-saver-//
}
has_revisions() { equal "$1" "$(revisions | wc -l)"; }

pin() { kubectl --namespace "$NS" patch rsc saver --type merge --patch "{\"spec\":{\"pinnedRevision\":$1}}" >/dev/null; }

# Bears the name of a revision, and holds another spec.
forge() {  # forge REVISION IMAGE
  kubectl --namespace "$NS" apply --filename - >/dev/null <<REVISION
apiVersion: apps/v1
kind: ControllerRevision
metadata:
  name: sidecar-saver-$1
  labels: {patterns.remora.dev/pattern: saver}
  ownerReferences:
    - {apiVersion: patterns.remora.dev/v1alpha1, kind: Sidecar, name: saver, controller: true,
       uid: $(field .metadata.uid)}
data: {spec: {container: {image: $2}}}
revision: 99
REVISION
}

# A cluster's own policies: a label on every Pod, and no more of our revisions.
demand_teams() {
  kubectl apply --filename - >/dev/null <<POLICY
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: $NS}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "'team' in object.metadata.?labels.orValue({})", message: every Pod has a team}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: $NS}
spec: {policyName: $NS, validationActions: [Deny]}
POLICY
}
demand_no_teams() {
  kubectl delete validatingadmissionpolicy,validatingadmissionpolicybinding "$NS" --ignore-not-found >/dev/null
}
teams_are_demanded() { says 'every Pod has a team' probe; }
probe() { kubectl --namespace remora-sealed run probe --image x --dry-run=server 2>&1 || true; }
freeze_revisions() {
  kubectl --namespace "$NS" create quota revisions --hard=count/controllerrevisions.apps=1 >/dev/null
  eventually equal 1 "$(kubectl --namespace "$NS" get quota revisions \
    --output 'jsonpath={.status.hard.count/controllerrevisions\.apps}')"
}

end() {
  demand_no_teams
  stop_operator "$WORK/a"
}

main() {
  use_cluster
  at_exit end
  use_remora --catalog-namespace=e2e-revisions-catalog
  new_namespace "$NS"
  new_namespace "$SYSTEM"
  saver saver:1
  check "with no status yet, the spec is served" eventually image_is saver:1
  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}"

  check "a spec that the API server would take is Accepted" eventually condition_is Accepted True Valid
  local first second
  first=$(current)
  check "its revision is kept" eventually equal "$first" "$(revisions)"
  check "owned by the pattern" equal "$(field .metadata.uid)" \
    "$(kubectl --namespace "$NS" get controllerrevision "sidecar-saver-$first" \
      --output 'jsonpath={.metadata.ownerReferences[0].uid}')"
  check "the API server takes a status for this version of the pattern alone" \
    refuses "the object has been modified" apply_status_to 1
  saver saver:2
  check "an edit is served" eventually image_is saver:2
  check "and is a revision of its own" eventually has_revisions 2
  second=$(current)
  check "of another name" not equal "$first" "$second"

  saver saver:2 'description: says nothing to Pods' 'revisionHistoryLimit: 5'
  check "what reaches no Pod" eventually is_looked_at
  check "is no revision" has_revisions 2

  saver saver:3 'initContainers: [{name: first, image: x, securityContext: {capabilities: ALL}}]'
  check "what the API server would refuse is not accepted" \
    eventually condition_is Accepted False RejectedByApiServer
  check "with its complaint" says capabilities condition Accepted message
  check "and the pattern is not Ready" condition_is Ready False RejectedByApiServer
  check "the last accepted revision stays the current one" equal "$second" "$(current)"
  check "and in service" image_is saver:2
  stop_webhook "$WORK/webhook"
  start_webhook "$WORK/webhook" --catalog-namespace=e2e-revisions-catalog
  check "also of a webhook that never saw it as the spec" eventually image_is saver:2
  stop_operator "$WORK/a"
  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}"
  check "another operator says the same" condition_is Accepted False RejectedByApiServer
  saver saver:1
  check "to go back to an earlier spec" eventually image_is saver:1
  check "is to go back to its revision" equal "$first" "$(current)"
  check "which is the newest then" eventually equal "$second $first" "$(revisions | xargs)"

  pin "\"$second\""
  check "a pinned revision is served" eventually image_is saver:2
  check "while the spec stays accepted" condition_is Accepted True Valid
  pin '"bbbbbbbbbb"'
  check "one that is not kept is RevisionNotFound" \
    eventually says "revision bbbbbbbbbb, which spec.pinnedRevision names, is not kept" image_refused
  check "and the condition names those that are" \
    eventually says "$second, $first are" condition Accepted message
  forge bbbbbbbbbb forged:1
  saver saver:4 'pinnedRevision: bbbbbbbbbb'
  check "a forged revision is ignored" eventually is_looked_at
  check "though it bears the name" says "bbbbbbbbbb" image_refused
  pin null
  check "without a pin, the spec is served" eventually image_is saver:4

  for image in 5 6 7; do
    saver "saver:$image" 'revisionHistoryLimit: 1'
    eventually image_is "saver:$image"
  done
  check "an edit waits for no deletion of old revisions" not history_is 2
  check "a minute later as many as wanted are kept" within "$TRIMMED_SECONDS" history_is 2
  kubectl --namespace "$NS" delete controllerrevision "sidecar-saver-$(current)" >/dev/null
  check "the current one that somebody deletes comes back" eventually says "$(current)" revisions
  check "metrics count the watch" says controllerrevisions operator_get "$WORK/a" /metrics

  kubectl --namespace "$NS" patch controllerrevision "sidecar-saver-$(current)" --type merge \
    --patch '{"revision": 9223372036854775807}' >/dev/null
  saver saver:8
  check "after a revision of an absurd number there is a next one" eventually image_is saver:8

  demand_teams
  eventually teams_are_demanded
  saver saver:9
  check "a policy about Pods says nothing about the pattern" eventually is_looked_at
  check "which is accepted" condition_is Accepted True Valid
  demand_no_teams

  freeze_revisions
  saver saver:10
  check "where a quota admits no revision, the status says so" \
    eventually says 'its revision cannot be kept: ' condition Accepted message
  check "and why" says 'exceeded quota: revisions' condition Accepted message
  check "and the edit waits" image_is saver:9
  kubectl --namespace "$NS" delete quota revisions >/dev/null
  check "until there is room" eventually image_is saver:10

  kubectl --namespace "$NS" apply --filename - >/dev/null <<'PATTERN'
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: broken}
spec: {container: {image: x, securityContext: {capabilities: ALL}}}
PATTERN
  check "a pattern of which no revision was ever accepted" \
    eventually condition_is Accepted False RejectedByApiServer broken
  check "has none" equal "" "$(current broken)"
  check "and is PatternNotAccepted" eventually says PatternNotAccepted asks_for_broken
  finish
}

image_refused() { image || true; }

# The forged one does not count, and is left alone.
history_is() {
  equal "$1" "$(revisions | grep --count --invert-match bbbbbbbbbb)"
}

asks_for_broken() {
  kubectl create --dry-run=server --output name --filename - 2>&1 <<POD
apiVersion: v1
kind: Pod
metadata: {generateName: web-, namespace: $NS, annotations: {patterns.remora.dev/sidecar: broken}}
spec: {containers: [{name: web, image: web}]}
POD
}

main "$@"
