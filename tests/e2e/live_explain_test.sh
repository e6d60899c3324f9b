#!/usr/bin/env bash
# Tests what `remora explain KIND/NAME` says of objects on a real API server, and what
# `remora lint --server` asks it.
#
# usage: tests/e2e/live_explain_test.sh

# shellcheck disable=SC2016  # the references are Remora's, not the shell's

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OURS=live-explain-test UNASKED=live-explain-unasked STRICT=live-lint-strict
readonly COMPANION='pod.patterns[0].companion | "\(.container) \(.list) \(.ready) \(.state) \(.reason) \(.restarts)"'
readonly REMORA=${REMORA_BINARIES:-$E2E_ROOT/build/release}/operator/cli/remora

apply() { kubectl --namespace "$OURS" apply --filename -; }
explain() { "$REMORA" explain "$@" --namespace "$OURS"; }
explain_json() { explain "$@" --output json || (($? == 1)); }
# of_pod FILTER NAME: of what explain says of a Pod to tools
of_pod() { explain_json "pod/$2" | jq --raw-output ".[0].$1"; }

# pod NAME ANNOTATIONS
pod() {
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}, annotations: $2}
spec: {containers: [{name: app, image: app, ports: [{name: http, containerPort: 8080}]}]}
YAML
}

# workload API KIND NAME MORE: with a template that asks for log-saver
workload() {
  cat <<YAML
apiVersion: $1
kind: $2
metadata: {name: $3}
spec:
  selector: {matchLabels: {app: $3}}
  template:
    metadata: {labels: {app: $3}, annotations: {patterns.remora.dev/sidecar: log-saver}}
    spec: {containers: [{name: app, image: app}]}
$4
YAML
}

patterns() {
  cat <<YAML
apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: login}
spec:
  direction: Inbound
  endpoints: [{name: login, protocol: HTTP}]
  takeOver: {portName: http, endpoint: login}
  container: {image: "login:$1"}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver}
spec:
  share: [{name: logs, path: /logs, targetPath: /data}]
  container: {image: "saver:1"}
YAML
}

# kubelet_says STATUS: of the Pod cart, as no kubelet is there
kubelet_says() {
  kubectl --namespace "$OURS" patch pod cart --subresource=status --type=merge \
    --patch "{\"status\": $1}" >/dev/null
}

has_record() {
  kubectl --namespace "$OURS" get pod "$1" --output json |
    jq --exit-status '.metadata.annotations["patterns.remora.dev/status"]' >/dev/null
}
# The API server forgets the entry a moment after its end.
created_unseen() {
  kubectl --namespace "$OURS" delete pod missed --ignore-not-found --grace-period=0 --force
  pod missed '{patterns.remora.dev/sidecar: log-saver}' | apply && ! has_record missed
}

# kubeconfig_as TOKEN: prints the path of one for a user who has that token
kubeconfig_as() {
  local file=$WORK/kubeconfig-$RANDOM
  kubectl config view --raw --minify >"$file"
  kubectl --kubeconfig "$file" config set-credentials guest --token="$1" >/dev/null
  kubectl --kubeconfig "$file" config set-context --current --user=guest >/dev/null
  echo "$file"
}

lint() { "$REMORA" lint --server --filename -; }
# pattern SPEC [NAMESPACE]
pattern() {
  cat <<YAML
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: linted, namespace: ${2:-$OURS}}
spec: $1
YAML
}
lint_pattern() { pattern "$@" | lint; }

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace "$OURS"

# --- Pods -----------------------------------------------------------------------------------------

patterns 1 | apply >/dev/null
pod cart '{patterns.remora.dev/ambassador: login}' | apply >/dev/null
has_record cart || fail "the webhook has not seen the Pod"
check "a Pod's record is shown, with its ports" says "Ambassador $OURS/login: Injected (revision " \
  explain pod/cart
check "and that a new Pod would get the same" says "a new Pod like it would get the same" explain po/cart
check "the same for tools" equal "Injected true" \
  "$(of_pod 'pod | "\(.record.patterns[0].reason) \(.current)"' cart)"
check "of a companion that no kubelet has seen there is no status" \
  says "companion  login (initContainers): no status yet" explain pod/cart
kubelet_says '{"initContainerStatuses": [{"name": "login", "ready": false, "restartCount": 0,
  "image": "login:1", "imageID": "", "state": {"waiting": {"reason": "ImagePullBackOff",
  "message": "Back-off pulling image"}}}]}'
check "case 57: a Native companion whose image cannot be pulled, with the reason" \
  says "companion  login (initContainers): waiting: ImagePullBackOff (Back-off pulling image)" \
  explain pod/cart
check "and with what follows for its Services" says "which takes the Pod out of its Services" \
  explain pod/cart
check "the same for tools" equal "login initContainers false waiting ImagePullBackOff 0" \
  "$(of_pod "$COMPANION" cart)"
kubelet_says '{"initContainerStatuses": [{"name": "login", "ready": true, "restartCount": 4,
  "image": "login:1", "imageID": "", "state": {"running": {}},
  "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}}]}'
check "and once it runs" says "running, ready; 4 restarts, last ended: Error, exit code 1" \
  explain pod/cart
patterns 2 | apply >/dev/null
check "after an edit it says what a new one would get" says "a new Pod like it would get now:" \
  explain pod/cart
check "with the new revision, while the record keeps the old one" not equal \
  "$(of_pod 'pod.record.patterns[0].revision' cart)" \
  "$(of_pod 'explanation.patterns[0].revision' cart)"
pod plain '{}' | apply >/dev/null
check "a Pod that asks for nothing" says "unchanged: no annotation asks for a pattern" explain pod/plain
pod refused '{patterns.remora.dev/sidecar: log-savr}' | apply >/dev/null 2>&1
check "a Pod that was admitted without its pattern: exit code 1" refuses "PatternNotFound" \
  explain pod/refused

unregister_webhook
eventually created_unseen || fail "the webhook still sees Pods"
check "a Pod that the webhook did not see is missed" \
  refuses "missed: it asks for patterns and has no record, so the webhook did not see it" \
  explain pod/missed
check "and what it would get is said" refuses "Sidecar $OURS/log-saver: Injected" explain pod/missed
check "the same for tools" equal "true null" \
  "$(of_pod 'pod | "\(.missed) \(.record)"' missed)"
kubectl --namespace "$OURS" annotate pod missed \
  'patterns.remora.dev/status={"version":1,"patterns":[{"kind":"Sidecar","name":"x","reason":"Injected"}],"added":[[0,"/spec/containers/app"]]}' \
  >/dev/null
check "a forged record is not believed" refuses "cannot be relied on" explain pod/missed
check "nor used for what a new Pod would get" equal "log-saver Injected" \
  "$(of_pod 'explanation.patterns[] | "\(.name) \(.reason)"' missed)"

new_namespace "$UNASKED" patterns.remora.dev/injection=enabled
pod old '{}' | kubectl --namespace "$UNASKED" apply --filename - >/dev/null
register_webhook "$WORK/webhook"
pattern '{selector: {}, container: {image: "linted:1"}}' "$UNASKED" | kubectl apply --filename - >/dev/null
check "a Pod older than its automatic pattern is not missed" \
  says "it has no record: it is older than the pattern" \
  "$REMORA" explain pod/old --namespace "$UNASKED"

pod far "{patterns.remora.dev/sidecar: $UNASKED/far}" | apply >/dev/null
pattern '{allowedNamespaces: {from: All}, container: {image: "far:1"}}' "$UNASKED" |
  sed 's|linted|far|' | kubectl apply --filename - >/dev/null
check "a pattern of another namespace is read, too" refuses "Sidecar $UNASKED/far: Injected" \
  explain pod/far

# --- workloads ------------------------------------------------------------------------------------

workload apps/v1 Deployment web "" | apply >/dev/null
workload apps/v1 StatefulSet db "  serviceName: db" | apply >/dev/null
workload apps/v1 DaemonSet agent "" | apply >/dev/null
workload batch/v1 Job once "" | sed '/selector/d; s|{containers|{restartPolicy: Never, containers|' |
  apply >/dev/null
kubectl --namespace "$OURS" apply --filename - >/dev/null <<'YAML'
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {patterns.remora.dev/sidecar: log-saver}}
        spec: {restartPolicy: Never, containers: [{name: app, image: app}]}
YAML
for object in deployment/web deploy/web sts/db ds/agent daemonset.apps/agent job/once cj/nightly; do
  check "$object" says "Sidecar $OURS/log-saver: Injected" explain "$object"
done
check "several at once" says "DaemonSet/agent, namespace $OURS" explain deploy/web ds/agent

# --- what does not follow -------------------------------------------------------------------------

kubectl --namespace "$OURS" create service clusterip cart --tcp=80:8080 >/dev/null
check "a Service that says the port's number is named, with the change" \
  says "Service $OURS/cart: spec.ports[0].targetPort is 8080; write targetPort: http" \
  explain pod/cart
explain_json pod/cart | jq '.[0].ports.networkPolicy' >"$WORK/policy.json"
check "the API server takes the NetworkPolicy that closes the old port" apply <"$WORK/policy.json"
check "and then it is closed" says "closed by NetworkPolicy $OURS/cart-close-8080" explain pod/cart

# --- sentences ------------------------------------------------------------------------------------

check "not found: the nearest name" refuses \
  "there is no pod crt in namespace $OURS; did you mean cart?" explain pod/crt
check "no such namespace" refuses "there is no namespace live-explain-tst" \
  "$REMORA" explain pod/cart --namespace live-explain-tst
kubectl --namespace "$OURS" create serviceaccount guest >/dev/null
GUEST=$(kubeconfig_as "$(kubectl --namespace "$OURS" create token guest)")
check "no right: which one is missing" refuses 'cannot get resource "pods" in API group ""' \
  explain pod/cart --kubeconfig "$GUEST"
kubectl --namespace "$OURS" create role guest --verb=get,list \
  --resource=pods,namespaces,limitranges,resourcequotas,services,networkpolicies.networking.k8s.io \
  >/dev/null
kubectl --namespace "$OURS" create role guest-patterns --verb=get,list \
  --resource=sidecars.patterns.remora.dev,ambassadors.patterns.remora.dev,adapters.patterns.remora.dev \
  >/dev/null
for role in guest guest-patterns; do
  kubectl --namespace "$OURS" create rolebinding "$role" --role="$role" \
    --serviceaccount="$OURS:guest" >/dev/null
done
check "with the rights of one namespace it works" eventually \
  says "a new Pod like it would get now:" explain pod/cart --kubeconfig "$GUEST"
check "and it says that the catalog may not be read" says \
  "warning: no right to list sidecars.patterns.remora.dev in namespace remora-catalog" \
  explain pod/cart --kubeconfig "$GUEST"
kubectl config view --raw --minify >"$WORK/nobody"
kubectl --kubeconfig "$WORK/nobody" config set "clusters.$(kubectl --kubeconfig "$WORK/nobody" \
  config view --output jsonpath='{.clusters[0].name}').server" https://127.0.0.1:1 >/dev/null
check "unreachable: where it should be" refuses "the API server https://127.0.0.1:1 (kubeconfig " \
  explain pod/cart --kubeconfig "$WORK/nobody"
check "no such context" refuses 'contexts has no entry named "nowhere"' \
  explain pod/cart --context nowhere

# --- lint --server --------------------------------------------------------------------------------

check "lint: a good pattern" lint_pattern '{container: {image: "linted:1"}}'
check "lint: an unknown field deep in the container, with line and field" refuses \
  "standard input:4: Sidecar $OURS/linted: spec.container.lifecycle.preStop.exec.comand: " \
  lint_pattern '{container: {image: "linted:1", lifecycle: {preStop: {exec: {comand: [a]}}}}}'
check "lint: a value that only the API server judges" refuses \
  'spec.container.env[0].name: the API server refuses the Pod that comes of it: Invalid value: "1=2"' \
  lint_pattern '{container: {image: "linted:1", env: [{name: 1=2, value: x}]}}'
check "lint: a field of the object itself" refuses \
  "standard input:3: Sidecar $OURS/linted: metadata.labls: the API server: field not declared" \
  lint < <(pattern '{container: {image: "linted:1"}}' | sed 's|metadata: {|metadata: {labls: {a: b}, |')
check "lint: nothing is stored" not kubectl --namespace "$OURS" get rsc linted
check "lint: a namespace that is not there" refuses "there is no namespace nowhere" \
  lint_pattern '{container: {image: "linted:1"}}' nowhere
new_namespace "$STRICT" pod-security.kubernetes.io/enforce=restricted
check "lint: in a restricted namespace, a companion that fits" \
  lint_pattern '{container: {image: "linted:1", securityContext: {runAsUser: 1000}}}' "$STRICT"
check "lint: and one that does not" refuses "in namespace $STRICT: PodSecurity" \
  lint_pattern '{container: {image: "linted:1", securityContext: {privileged: true}}}' "$STRICT"
kubectl --namespace "$STRICT" create quota none --hard=pods=0 >/dev/null
check "lint: a quota that is used up says nothing about a pattern" \
  lint_pattern '{container: {image: "linted:1", securityContext: {runAsUser: 1000}}}' "$STRICT"
pattern '{container: {image: "linted:1"}}' >"$WORK/pattern.yaml"
check "lint: no right: which one is missing" refuses 'cannot patch resource "sidecars"' \
  env KUBECONFIG="$GUEST" "$REMORA" lint --server --filename "$WORK/pattern.yaml"
finish
