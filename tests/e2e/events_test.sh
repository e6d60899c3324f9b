#!/usr/bin/env bash
# What a controller's Pods were refused, as Events that people find on the controller.
#
# usage: tests/e2e/events_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly NS=e2e-events
readonly DENIALS=5

deployment() {  # deployment NAME ANNOTATION VALUE
  kubectl --namespace "$NS" apply --filename - >/dev/null 2>&1 <<DEPLOYMENT
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}, annotations: {$2: $3}}
    spec: {containers: [{name: web, image: web}]}
DEPLOYMENT
}

# A Pod of the ReplicaSet NAME, as its controller would make it.
create_pod() {  # create_pod NAME UID FLAG...
  kubectl --namespace "$NS" create "${@:3}" --filename - 2>&1 <<POD
apiVersion: v1
kind: Pod
metadata:
  generateName: $1-
  annotations: {patterns.remora.dev/ambassador: reddis}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: $1, uid: $2, controller: true}]
spec: {containers: [{name: web, image: web}]}
POD
}

replica_set() { kubectl --namespace "$NS" get replicasets --selector "app=$1" --output name; }
has_replica_set() { [[ -n $(replica_set "$1") ]]; }

# events REGARDED FIELD: of those that the webhook tells, one a line
events() {
  kubectl --namespace "$NS" get events \
    --field-selector "involvedObject.name=$1,reportingComponent=patterns.remora.dev/webhook" \
    --output "jsonpath={range .items[*]}{.$2}{'\n'}{end}"
}
has_events() { equal "$1" "$(events "$2" metadata.name | wc -l)"; }
counts() { (($(events "$1" series.count) >= $2)); }

main() {
  use_cluster
  # shellcheck disable=SC2119  # no flags
  use_remora
  new_namespace "$NS"
  deployment denied patterns.remora.dev/ambassador reddis
  eventually has_replica_set denied
  local name
  name=$(replica_set denied)
  name=${name#*/}

  check "kubectl describe shows a ReplicaSet's denial" \
    eventually says PatternNotFound kubectl --namespace "$NS" describe replicaset "$name"
  check "with the sentence" says 'no Ambassador "reddis"' \
    kubectl --namespace "$NS" describe replicaset "$name"
  check "kubectl get events finds it" says 'no Ambassador "reddis"' \
    kubectl --namespace "$NS" get events \
    --field-selector "involvedObject.name=$name,reason=PatternNotFound,type=Warning"
  check "it says who tells it" equal patterns.remora.dev/webhook "$(events "$name" reportingComponent)"
  check "and what became of the Pod" equal Deny "$(events "$name" action)"
  check "it is related to the pattern" equal Ambassador/reddis \
    "$(events "$name" related.kind)/$(events "$name" related.name)"
  check "$DENIALS denials are counted" eventually counts "$name" "$DENIALS"
  check "in one Event" has_events 1 "$name"

  deployment admitted patterns.remora.dev/sidecar savr
  eventually has_pods 1 "$NS" app=admitted
  name=$(replica_set admitted)
  name=${name#*/}
  check "a Pod that was admitted without its companion is an Event, too" eventually has_events 1 "$name"
  check "which says so" equal Admit "$(events "$name" action)"

  check "case 9: a dry run is refused" refuses PatternNotFound create_pod dry-run u1 --dry-run=server
  check "the same Pod without dry run is refused" refuses PatternNotFound create_pod real u2
  check "and told" eventually has_events 1 real
  check "case 9: the dry run is not, though it came first" has_events 0 dry-run
  check "nothing was dropped" equal 0 \
    "$(webhook_get "$WORK/webhook" /metrics | awk '$1 == "remora_events_dropped_total" { print $2 }')"
  finish
}

main "$@"
