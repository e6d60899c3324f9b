#!/usr/bin/env bash
# What goes away, on a real control plane (case 56): a namespace, a CRD that is made again; and what must
# not be touched (case 58): workloads that are rolled out, manifests that a GitOps tool compares.
#
# usage: tests/e2e/deletion_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly NS=e2e-deletion
readonly GONE=e2e-deletion-gone
readonly SYSTEM=e2e-deletion-system
readonly FLAGS=(--namespace="$SYSTEM" --catalog-namespace=e2e-deletion-catalog --lease-seconds=4
  --certificates=none)

status_is() { equal "$2" "$(kubectl --namespace "$NS" get rsc saver --output "jsonpath={.status.$1}")"; }

adapter_is_ready() {
  equal True "$(kubectl --namespace "$NS" get radp meter \
    --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')"
}

manifests() {  # manifests NAMESPACE
  cat <<MANIFESTS
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver, namespace: $1}
spec:
  container: {image: saver:1}
  update: {replaceMissing: true}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: $1}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {patterns.remora.dev/sidecar: saver}}
    spec: {containers: [{name: web, image: web}]}
MANIFESTS
}

applied() { manifests "$1" | kubectl apply --filename - >/dev/null 2>&1; }
is_as_in_git() { manifests "$1" | kubectl diff --filename -; }
is_as_in_git_by_the_server() { manifests "$1" | kubectl diff --server-side --force-conflicts --filename -; }

# Who has written to an object, but for kubectl and the controllers of Kubernetes.
strangers() {  # strangers KIND NAME
  kubectl --namespace "$NS" get "$1" "$2" --show-managed-fields \
    --output 'jsonpath={range .metadata.managedFields[*]}{.manager}{"\n"}{end}' |
    grep --invert-match --extended-regexp '^(kubectl.*|kube-controller-manager)$' || true
}
fields_of() {  # fields_of MANAGER
  kubectl --namespace "$NS" get rsc saver --show-managed-fields --output json |
    /usr/bin/python3 -c "
import json, sys
for entry in json.load(sys.stdin)['metadata']['managedFields']:
    if entry['manager'] == '$1': print(entry.get('subresource', ''), *entry['fieldsV1'])"
}
generation() { kubectl --namespace "$NS" get deployment web --output 'jsonpath={.metadata.generation}'; }

asks() {
  kubectl create --dry-run=server --output \
    "jsonpath={.spec.initContainers[*].image}{.metadata.annotations}" --filename - 2>&1 <<POD
apiVersion: v1
kind: Pod
metadata: {generateName: web-, namespace: $NS, annotations: {patterns.remora.dev/sidecar: saver}}
spec: {containers: [{name: web, image: web}]}
POD
}

runs() { operator_pid "$WORK/a" >/dev/null && operator_get "$WORK/a" /readyz; }
series_of() { operator_get "$WORK/a" /metrics | grep "namespace=\"$1\"" || true; }
has_series() { [[ -n $(series_of "$1") ]]; }
# Of an operator that runs: one that has crashed has none either.
has_no_series() { runs >/dev/null && equal "" "$(series_of "$1")"; }
# How many objects of a namespace have finalizers; it must have some objects.
finalizers() {
  kubectl --namespace "$2" get "$1" --output json | jq --raw-output \
    'if .items == [] then "none is there" else [.items[] | select(.metadata.finalizers)] | length end'
}
is_gone() { not kubectl get namespace "$1"; }

end() {
  stop_operator "$WORK/a"
  apply_crds || true
}

main() {
  use_cluster
  at_exit end
  use_remora --catalog-namespace=e2e-deletion-catalog
  new_namespace "$NS"
  new_namespace "$GONE"
  new_namespace "$SYSTEM"
  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}"
  applied "$NS"
  applied "$GONE"
  check "patterns are looked after in both namespaces" eventually status_is pods.injected 2
  check "with their series" eventually has_series "$GONE"

  check "case 58: a GitOps tool sees no drift" is_as_in_git "$NS"
  manifests "$NS" | kubectl apply --server-side --force-conflicts --filename - >/dev/null 2>&1
  check "nor one that applies on the server" is_as_in_git_by_the_server "$NS"
  check "the Deployment was written by nobody of ours" equal "" "$(strangers deployment web)"
  check "of the pattern, the status alone" equal "status f:status" "$(fields_of remora-operator)"
  local before
  before=$(generation)
  kubectl --namespace "$NS" rollout restart deployment/web >/dev/null
  check "after a rollout restart the new Pod has its companion" \
    eventually says "restartedAt" kubectl --namespace "$NS" get pods \
    --selector patterns.remora.dev/injected=true --output yaml
  check "which the operator has counted" eventually status_is pods.injected 3
  check "and has not answered: nobody else has changed the Deployment" \
    equal "$((before + 1))" "$(generation)"
  check "nor any field of it" equal "" "$(strangers deployment web)"

  kubectl delete namespace "$GONE" --wait=false >/dev/null
  check "case 56: a namespace with patterns and their Pods goes" eventually is_gone "$GONE"
  check "and its series with it" eventually has_no_series "$GONE"

  kubectl delete crd sidecars.patterns.remora.dev >/dev/null
  check "when a CRD goes, so do its patterns" eventually has_no_series "$NS"
  check "the operator goes on" runs
  check "the webhook, too" eventually says PatternNotFound asks
  check "and Pods keep what they have" has_pods 3 "$NS" "patterns.remora.dev/injected=true"
  stop_operator "$WORK/a"
  kubectl --namespace "$NS" apply --filename - >/dev/null <<'PATTERN'
apiVersion: patterns.remora.dev/v1alpha1
kind: Adapter
metadata: {name: meter}
spec: {container: {image: meter}}
PATTERN
  check "an operator that starts without the CRD is ready" start_operator "$WORK/a" "${FLAGS[@]}"
  check "and looks after the other kinds" eventually adapter_is_ready
  apply_crds
  applied "$NS"
  check "a CRD that is made again is watched again" eventually says saver:1 asks
  check "its patterns have a status again" eventually status_is pods.injected 3
  check "and a revision" eventually says sidecar-saver- \
    kubectl --namespace "$NS" get controllerrevisions --output name
  local resource
  for resource in rsc controllerrevisions pods; do
    check "no finalizer: $resource" equal 0 "$(finalizers "$resource" "$NS")"
  done
  check "no finalizer: leases" equal 0 "$(finalizers leases "$SYSTEM")"
  kubectl --namespace "$NS" delete rsc saver >/dev/null
  check "a pattern in use goes at once" not kubectl --namespace "$NS" get rsc saver
  finish
}

main "$@"
