#!/usr/bin/env bash
# Tests on a real API server what README.md says of an annotation that a later webhook adds: nobody is
# asked for it (case 10).
#
# usage: tests/e2e/later_webhook_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OURS=later-test

stop_later() {
  kubectl delete mutatingwebhookconfiguration zzz-later --ignore-not-found >/dev/null
  kill "$LATER" 2>/dev/null || true
  wait "$LATER" 2>/dev/null || true
}

start_later() {
  local port pki=$WORK/webhook/pki
  port=$(/usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1)
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/later_webhook.py" "$port" "$pki/webhook.crt" "$pki/webhook.key" \
    patterns.remora.dev/sidecar log-saver &
  LATER=$!
  at_exit stop_later
  kubectl apply --filename - >/dev/null <<YAML
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: zzz-later}
webhooks:
- name: later.example.test
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $OURS}}
  rules: [{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}]
  clientConfig: {url: 'https://127.0.0.1:$port/', caBundle: $(base64 -w 0 "$pki/ca.crt")}
YAML
}

new_pod() {
  kubectl --namespace "$OURS" create --dry-run=server --output json --filename - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: nginx:1.29}]}
YAML
}

has_the_annotation() {
  new_pod | jq --exit-status '.metadata.annotations["patterns.remora.dev/sidecar"] == "log-saver"'
}

has_no_companion() {
  local before
  before=$(calls named)
  new_pod | jq --exit-status '.spec.initContainers == null' || return
  equal 0 "$(($(calls named) - before))"
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace "$OURS"
kubectl --namespace "$OURS" apply --filename - >/dev/null <<'YAML'
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver}
spec: {container: {image: 'saver:1'}}
YAML
start_later
check "the later webhook adds the annotation" eventually has_the_annotation
check "nobody is asked for it, and nothing is added" has_no_companion
finish
