#!/usr/bin/env bash
# The operator on a real control plane: what it counts and says of each pattern, a Pod that the webhook
# did not see, two of which one leads, an API server that restarts.
#
# usage: tests/e2e/operator_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly NS=e2e-operator
readonly SYSTEM=e2e-operator-system
readonly FLAGS=(--namespace="$SYSTEM" --catalog-namespace=e2e-operator-catalog --lease-seconds=4)

status() { kubectl --namespace "$NS" get rsc saver --output "jsonpath={.status.$1}"; }
status_is() { equal "$2" "$(status "$1")"; }
condition() { status "conditions[?(@.type=='$1')].$2"; }
condition_is() { equal "$2/$3" "$(condition "$1" status)/$(condition "$1" reason)"; }

metric() { operator_get "$1" /metrics | awk -v name="$2" 'index($0, name) == 1 { print $NF }'; }
metric_is() { equal "$3" "$(metric "$1" "$2")"; }

saver() {  # saver IMAGE
  kubectl --namespace "$NS" apply --filename - >/dev/null <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  container: {image: $1}
  share: [{name: logs, path: /logs, targetPath: /var/log/app}]
PATTERN
}

# deployment NAME REPLICAS [MOUNT]: asks for the pattern; one that mounts below its path is refused
deployment() {
  kubectl --namespace "$NS" apply --filename - >/dev/null 2>&1 <<DEPLOYMENT
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata:
      labels: {app: $1}
      annotations: {patterns.remora.dev/sidecar: saver}
    spec:
      containers:
        - name: web
          image: web
          volumeMounts: [{name: own, mountPath: ${3:-/own}}]
      volumes: [{name: own, emptyDir: {}}]
DEPLOYMENT
}

# Of two Pods, which ask for the pattern.
job() {
  kubectl --namespace "$NS" create --filename - >/dev/null 2>&1 <<JOB
apiVersion: batch/v1
kind: Job
metadata: {name: $1}
spec:
  parallelism: 2
  completions: 2
  template:
    metadata: {annotations: {patterns.remora.dev/sidecar: saver}}
    spec: {restartPolicy: Never, containers: [{name: work, image: work}]}
JOB
}

# One that is asked about nothing.
managed_configuration() {
  kubectl apply --filename - >/dev/null <<CONFIGURATION
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: $NS, labels: {patterns.remora.dev/ca: managed}}
webhooks:
  - name: nothing.patterns.remora.dev
    clientConfig: {service: {name: remora-webhook, namespace: $SYSTEM}}
    admissionReviewVersions: [v1]
    sideEffects: None
    rules: []
CONFIGURATION
}

owned_absurdly() {  # owned_absurdly KIND NAME
  kubectl --namespace "$NS" create --filename - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata:
  generateName: owned-
  labels: {app: owned}
  annotations: {patterns.remora.dev/sidecar: saver}
  ownerReferences: [{apiVersion: example.dev/v1, kind: $1, name: $2, uid: x, controller: true}]
spec: {containers: [{name: web, image: web}]}
POD
}

is_looked_at() {
  equal "$(kubectl --namespace "$NS" get rsc saver --output jsonpath='{.metadata.generation}')" \
    "$(status observedGeneration)"
}

trusts_authority() {
  local bundle
  bundle=$(kubectl get validatingwebhookconfiguration "$NS" \
    --output 'jsonpath={.webhooks[0].clientConfig.caBundle}')
  [[ -n $bundle ]] || return 1
  equal "$(kubectl --namespace "$SYSTEM" get secret remora-webhook-tls \
    --output 'jsonpath={.data.ca\.crt}')" "$bundle"
}

# An operator that has crashed has no series either.
runs_and() { operator_get "$WORK/b" /readyz >/dev/null && "$@"; }

end() {
  stop_operator "$WORK/a"
  stop_operator "$WORK/b"
}

main() {
  use_cluster
  at_exit end
  use_remora --catalog-namespace=e2e-operator-catalog
  new_namespace "$NS"
  new_namespace "$SYSTEM"
  saver saver:1
  deployment web 3
  eventually has_pods 3 "$NS" app=web

  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}" --certificates=none --identity=a
  check "a pattern is Ready" kubectl --namespace "$NS" wait --for=condition=Ready rsc/saver --timeout=20s
  check "its injected Pods are counted" eventually status_is pods.injected 3
  check "all of them have the current revision" eventually status_is pods.updated 3
  check "the workload stands in the status" status_is 'workloads[0].kind' Deployment
  check "with its name" status_is 'workloads[0].name' web
  check "and its outcome" status_is 'workloads[0].reason' Injected
  check "kubectl get shows it" says True kubectl --namespace "$NS" get rsc
  check "a matching Accepted stands beside it" condition_is Accepted True Valid
  check "the status speaks of the generation" \
    equal "$(kubectl --namespace "$NS" get rsc saver --output jsonpath='{.metadata.generation}')" \
    "$(status observedGeneration)"

  deployment clash 1 /var/log/app/deep
  check "a Pod that was admitted without is refused" eventually status_is pods.refused 1
  check "its workload stands first, with the reason" \
    eventually status_is 'workloads[0].reason' MountPathTaken
  check "and its sentence" says /var/log/app status 'workloads[0].message'

  job batch
  check "the Pods of a Job are counted" eventually status_is pods.injected 5
  check "under the Job's name" eventually status_is "workloads[?(@.kind=='Job')].name" batch
  check "with their number" status_is "workloads[?(@.kind=='Job')].pods" 2
  kubectl --namespace "$NS" delete job batch >/dev/null
  check "until it goes" eventually status_is pods.injected 3

  saver saver:2
  check "after an edit, the Pods are outdated" eventually status_is pods.outdated 3
  check "and the condition says what to do" eventually condition_is Progressing False NeedsRecreate
  kubectl --namespace "$NS" delete pods --selector app=web --wait=false >/dev/null
  check "Pods made anew have the new revision" eventually status_is pods.updated 3

  unregister_webhook
  kubectl --namespace "$NS" scale deployment/web --replicas=5 >/dev/null
  check "case 51: Pods that the webhook did not see are missing" eventually status_is pods.missing 2
  check "the pattern is Degraded" eventually condition_is Degraded True PodsMissing
  check "and so not Ready" eventually condition_is Ready False PodsMissing
  check "the metric says it, too" eventually metric_is "$WORK/a" \
    "remora_pattern_pods{kind=\"Sidecar\",namespace=\"$NS\",name=\"saver\",state=\"missing\"}" 2
  check "no Event was dropped" metric_is "$WORK/a" remora_events_dropped_total 0
  register_webhook "$WORK/webhook"
  kubectl --namespace "$NS" delete pods --selector app=web --wait=false >/dev/null
  check "made anew, none is missing" eventually status_is pods.missing 0
  check "and the pattern is Ready again" eventually condition_is Ready True Ready

  owned_absurdly "$(printf 'K%.0s' {1..80})" web
  owned_absurdly ReplicaSet "$(printf 'n%.0s' {1..300})"
  saver saver:3
  check "case 64: Pods that somebody owns by endless names hold up no status" eventually is_looked_at
  check "they are counted" eventually status_is pods.injected 7
  kubectl --namespace "$NS" delete pods --selector app=owned --wait=false >/dev/null
  eventually status_is pods.injected 5

  start_operator "$WORK/b" "${FLAGS[@]}" --certificates=none --identity=b
  check "of two one leads" metric_is "$WORK/a" remora_leader 1
  check "and the other waits" metric_is "$WORK/b" remora_leader 0
  kill -KILL "$(operator_pid "$WORK/a")"
  kubectl --namespace "$NS" scale deployment/web --replicas=1 >/dev/null
  check "the other takes over from a leader that was killed" \
    eventually metric_is "$WORK/b" remora_leader 1
  check "and brings the status up to date" eventually status_is pods.injected 1
  stop_operator "$WORK/b"
  check "who ends gives the Lease back" equal "" \
    "$(kubectl --namespace "$SYSTEM" get lease remora-operator --output jsonpath='{.spec.holderIdentity}')"

  start_operator "$WORK/b" "${FLAGS[@]}" --certificates=none --identity=b
  kubectl --namespace "$NS" delete rsc saver >/dev/null
  check "case 56: a pattern in use goes at once, without finalizers" \
    not kubectl --namespace "$NS" get rsc saver
  check "and its Pods stay" has_pods 1 "$NS" app=web
  check "a deleted pattern has no series, of an operator that runs" \
    eventually runs_and metric_is "$WORK/b" \
    "remora_pattern_pods{kind=\"Sidecar\",namespace=\"$NS\",name=\"saver\",state=\"injected\"}" ""
  stop_operator "$WORK/b"
  managed_configuration
  start_operator "$WORK/b" "${FLAGS[@]}" --certificates=own
  check "the operator makes the webhook's certificate" \
    eventually kubectl --namespace "$SYSTEM" get secret remora-webhook-tls
  check "and the API servers' trust in it" eventually trusts_authority
  kubectl patch validatingwebhookconfiguration "$NS" --type json --patch \
    '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]' >/dev/null
  check "which it gives back at once to a configuration that lost it" eventually trusts_authority
  kubectl delete validatingwebhookconfiguration "$NS" >/dev/null
  finish
}

main "$@"
