#!/usr/bin/env bash
# Tests when a real API server asks the webhook, by its own count of calls, and what comes of it.
#
# usage: tests/e2e/calls_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly REPLICAS=100
readonly OURS=calls-test

# deployment NAME REPLICAS [ANNOTATION...]: a Deployment, each annotation as `key: value`
deployment() {
  local name=$1 replicas=$2
  shift 2
  cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, namespace: $OURS}
spec:
  replicas: $replicas
  selector: {matchLabels: {app: $name}}
  template:
    metadata:
      labels: {app: $name}
      annotations:
        example.test/team: a
$(printf '        %s\n' "$@")
    spec:
      containers: [{name: web, image: nginx:1.29, ports: [{name: http, containerPort: 80}]}]
YAML
}

# pod NAME [ANNOTATION...]: one Pod
pod() {
  local name=$1
  shift
  cat <<YAML
apiVersion: v1
kind: Pod
metadata:
  $name
  namespace: $OURS
  labels: {app: single}
  annotations:
    example.test/team: a
$(printf '    %s\n' "$@")
spec:
  containers: [{name: web, image: nginx:1.29, ports: [{name: http, containerPort: 80}]}]
YAML
}

readonly ALL_THREE=(
  'patterns.remora.dev/sidecar: log-saver'
  'patterns.remora.dev/ambassador: redis'
  'patterns.remora.dev/adapter: nginx-exporter'
  'params.patterns.remora.dev/redis.upstream: redis-7.cache.svc:6379'
)
readonly ONE='patterns.remora.dev/adapter: nginx-exporter'

# calls_of COUNT COMMAND...: COMMAND, fed with stdin, succeeds and makes the API server ask that
# often
calls_of() {
  local want=$1 before
  before=$(calls named)
  shift
  "$@" || return
  equal "$want" "$(($(calls named) - before))"
}

create() { kubectl create --filename - "$@"; }

# makes_pods NAME [ANNOTATION...]: a Deployment gets all its Pods
makes_pods() {
  deployment "$1" "$REPLICAS" "${@:2}" | create && eventually has_pods "$REPLICAS" "$OURS" "app=$1"
}

# containers_of: the names of the containers of the Pods in the JSON on stdin, one Pod a line
containers_of() {
  jq -r '(.items // [.])[] |
    [(.spec.initContainers // [])[].name, "|", .spec.containers[].name] | join(" ")'
}

all_have() {
  local want=$1 lines
  shift
  lines=$(kubectl --namespace "$OURS" get pods --output json "$@" | containers_of | sort | uniq -c |
    sed 's/^ *//')
  equal "$REPLICAS $want" "$lines"
}

one_has() { equal "$1" "$(containers_of)"; }

# created WANT [ANNOTATION...]: a Pod of generated name, as the API server would create it, has
# these containers
created() { pod 'generateName: single-' "${@:2}" | create --dry-run=server --output json | one_has "$1"; }

# What a dry run could leave behind: Pods, and patterns with another version. (The scheduler goes on
# changing the Pods that are there.)
state() {
  kubectl get pods,rsc,ramb,radp --namespace "$OURS" --output json | jq -S '[.items[] |
    {kind, name: .metadata.name,
     version: (if .kind == "Pod" then null else .metadata.resourceVersion end)}]'
}

dry_run_changes_nothing() {
  local before
  before=$(state)
  pod 'name: dry' "${ALL_THREE[@]}" | create --dry-run=server --output json >"$WORK/dry.json"
  equal "$before" "$(state)"
}

dry_run_says_what_create_does() {
  pod 'name: dry' "${ALL_THREE[@]}" | create --output json >"$WORK/wet.json"
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/pods.py" compare "$WORK/dry.json" "$WORK/wet.json"
}

copy_of_injected() {
  kubectl --namespace "$OURS" get pod dry --output json |
    jq '.metadata = {generateName: "copy-", namespace: .metadata.namespace,
      labels: .metadata.labels, annotations: .metadata.annotations}' |
    create --dry-run=server --output json >"$WORK/copy.json"
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/pods.py" compare "$WORK/wet.json" "$WORK/copy.json"
}

forged_record() {
  pod 'name: forged' "$ONE" "patterns.remora.dev/status: '$1'" |
    create --dry-run=server --output json | one_has '| web nginx-exporter'
}

# mirror: as a kubelet creates it
mirror() {
  pod 'name: mirror' "$ONE" 'kubernetes.io/config.mirror: abc' |
    sed 's/^spec:/spec:\n  nodeName: node/' | create --dry-run=server --output json | one_has '| web'
}

update_pod() {
  kubectl --namespace "$OURS" annotate pod dry patterns.remora.dev/on-error=Deny
  kubectl --namespace "$OURS" label pod dry changed=yes
  kubectl --namespace "$OURS" patch pod dry --subresource=status --type=merge \
    --patch '{"status":{"message":"changed"}}'
  kubectl --namespace "$OURS" patch pod dry --subresource=ephemeralcontainers --patch \
    '{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox"}]}}'
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace remora-catalog
new_namespace "$OURS"
kubectl apply --filename "$E2E_ROOT/hack/demo/patterns/log-saver.yaml" \
  --filename "$E2E_ROOT/hack/demo/patterns/nginx-exporter.yaml" >/dev/null
sed "s/namespace: shop/namespace: $OURS/" "$E2E_ROOT/hack/demo/patterns/redis.yaml" |
  kubectl apply --filename - >/dev/null

check "case 1: $REPLICAS Pods without our annotations, no call" calls_of 0 makes_pods plain
check "and they are as they were" all_have '| web' --selector app=plain
check "case 65: $REPLICAS Pods with three patterns, $REPLICAS calls" \
  calls_of "$REPLICAS" makes_pods all-three "${ALL_THREE[@]}"
check "and each has its companions, in order (case 14)" \
  all_have 'redis redis--wait log-saver | web nginx-exporter' --selector app=all-three

check "case 6: a Pod with generateName" calls_of 1 created '| web nginx-exporter' "$ONE"
check "case 9: a dry run changes nothing" calls_of 1 dry_run_changes_nothing
check "case 9: and says what a creation does" calls_of 1 dry_run_says_what_create_does
check "case 5: a copy of an injected Pod stays as it is" calls_of 1 copy_of_injected
check "case 5: a forged record leaves nothing out" calls_of 1 forged_record \
  '{"version":1,"patterns":[{"kind":"Adapter","namespace":"remora-catalog","name":"nginx-exporter","revision":"bbbbbbbbbb","reason":"Injected"}],"added":[],"changed":[]}'
check "case 5: nor does one that is no record" calls_of 1 forged_record 'no record'
check "case 8: a mirror Pod, no call" calls_of 0 mirror
check "case 8: updates and subresources of a Pod, no call" calls_of 0 update_pod
check 'inject: "false", no call' \
  calls_of 0 created '| web' "$ONE" 'patterns.remora.dev/inject: "false"'
check "a record alone, no call" calls_of 0 created '| web' 'patterns.remora.dev/status: "{}"'
check "case 7: kube-system, no call" calls_of 0 eval \
  "pod 'generateName: x-' '$ONE' | sed 's/namespace: $OURS/namespace: kube-system/' |
   create --dry-run=server --output json | one_has '| web'"
kubectl label namespace "$OURS" patterns.remora.dev/injection=disabled >/dev/null
check "a namespace labelled disabled, no call" \
  eventually calls_of 0 created '| web' "$ONE"
finish
