#!/usr/bin/env bash
# What people read when something is wrong, on a real API server.
#
# usage: tests/e2e/refusals_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly NAMESPACE=remora-refusals

# create_pod ANNOTATIONS [SPEC]: both in JSON; a dry run
create_pod() {
  local spec=${2:-'{"containers":[{"name":"web","image":"web"}]}'}
  kubectl --namespace "$NAMESPACE" create --dry-run=server --filename - <<POD
{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-","annotations":$1},"spec":$spec}
POD
}

# ambassador EXTRA [SPEC]: a Pod that asks for redis, with more annotations
ambassador() {
  create_pod "{\"patterns.remora.dev/ambassador\":\"redis\"${1:+,$1}}" "${@:2}"
}


replica_set_says() {
  says "$1" kubectl --namespace "$NAMESPACE" get events --field-selector reason=FailedCreate
}

use_cluster
# shellcheck disable=SC2119  # no flags
use_remora
new_namespace "$NAMESPACE"
kubectl --namespace "$NAMESPACE" apply --filename - >/dev/null <<'PATTERNS'
apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: redis}
spec:
  parameters:
    - {name: upstream, type: string, required: true, description: host and port of the real Redis}
    - {name: poolSize, type: integer, default: "4", maximum: 100}
  endpoints: [{name: redis, port: 6379, upstream: $(params.upstream)}]
  container: {image: proxy}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver}
spec:
  share: [{name: logs, path: /logs, targetPath: /var/log/app}]
  container: {image: saver}
PATTERNS

readonly UPSTREAM='"params.patterns.remora.dev/redis.upstream":"redis:6379"'
readonly TWO_MOUNTS='{"containers":[{"name":"web","image":"web","volumeMounts":[{"name":"v","mountPath":"/var/log"}]}],"volumes":[{"name":"v","emptyDir":{}}]}'
readonly OWN_VOLUME='{"containers":[{"name":"web","image":"web"}],"volumes":[{"name":"log-saver--logs","emptyDir":{}}]}'
readonly OWN_PORT='{"containers":[{"name":"web","image":"web","ports":[{"containerPort":6379}]}]}'

check "the pattern works at all" eventually ambassador "$UPSTREAM"
check "case 2: a misspelt name is answered with the nearest" refuses 'did you mean "redis"?' \
  create_pod '{"patterns.remora.dev/ambassador":"reddis"}'
check "case 2: a Sidecar that is not found is a warning" \
  says 'Warning: PatternNotFound: no Sidecar "log-savr"' \
  create_pod '{"patterns.remora.dev/sidecar":"log-savr"}'
check "case 4: an unreadable list" refuses 'InvalidAnnotation' \
  create_pod '{"patterns.remora.dev/sidecar":"Log Saver,,"}'
check "an unknown key" refuses 'did you mean patterns.remora.dev/sidecar?' \
  create_pod '{"patterns.remora.dev/sidcar":"log-saver"}'
check "case 37: a missing parameter, with its description" \
  refuses 'host and port of the real Redis' ambassador ''
check "case 37: a value of the wrong type" refuses 'expected an integer' \
  ambassador "$UPSTREAM,\"params.patterns.remora.dev/redis.poolSize\":\"many\""
check "case 37: a value out of range" refuses 'expected at most 100' \
  ambassador "$UPSTREAM,\"params.patterns.remora.dev/redis.poolSize\":\"101\""
check "case 37: an unknown parameter" refuses 'did you mean upstream?' \
  ambassador "$UPSTREAM,\"params.patterns.remora.dev/redis.upstraem\":\"x\""
check "case 40: a port that the application declares" refuses 'PortTaken' \
  ambassador "$UPSTREAM" "$OWN_PORT"
check "case 25: a volume name that is taken" says 'Warning: VolumeNameTaken' \
  create_pod '{"patterns.remora.dev/sidecar":"log-saver"}' "$OWN_VOLUME"
check "case 26: a mount above the shared path" says 'Warning: MountPathTaken' \
  create_pod '{"patterns.remora.dev/sidecar":"log-saver"}' "$TWO_MOUNTS"
check "on-error makes a warning a refusal" refuses 'MountPathTaken' \
  create_pod '{"patterns.remora.dev/sidecar":"log-saver","patterns.remora.dev/on-error":"Deny"}' \
  "$TWO_MOUNTS"

kubectl --namespace "$NAMESPACE" apply --filename - >/dev/null <<'DEPLOYMENT'
apiVersion: apps/v1
kind: Deployment
metadata: {name: misspelt}
spec:
  selector: {matchLabels: {app: misspelt}}
  template:
    metadata: {labels: {app: misspelt}, annotations: {patterns.remora.dev/ambassador: reddis}}
    spec: {containers: [{name: web, image: web}]}
DEPLOYMENT
check "the sentence reaches the events of a Deployment's ReplicaSet" \
  eventually replica_set_says 'did you mean "redis"?'

stop_webhook "$WORK/webhook"
check "webhook down: a Pod that asks is refused" refuses 'failed calling webhook' \
  ambassador "$UPSTREAM"
check "webhook down: inject \"false\" is a way out" \
  ambassador "$UPSTREAM,\"patterns.remora.dev/inject\":\"false\""
check "webhook down: a Pod that asks for nothing is not hurt" create_pod '{}'
start_webhook "$WORK/webhook"
check "webhook up again: a Pod that asks is admitted" eventually ambassador "$UPSTREAM"
finish
