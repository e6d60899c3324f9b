#!/usr/bin/env bash
# The webhook's caches against a real API server: one LIST and one WATCH a kind, resumed after a cut,
# and how soon an edit of a pattern reaches the next Pod.
#
# It has a control plane of its own without controllers, since these list and watch patterns too.
#
# usage: tests/e2e/reflector_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly RESOURCES=(ambassadors sidecars adapters namespaces)
readonly EDITS=20
readonly MOST_MILLISECONDS=100

# lists RESOURCE: how many LISTs the API server has answered
lists() {
  kubectl get --raw /metrics | awk -v resource="resource=\"$1\"" '
    /^apiserver_request_total\{/ && index($0, resource) && /verb="LIST"/ { sum += $NF }
    END { print sum + 0 }'
}

# watches RESOURCE: how many WATCHes are open
watches() {
  kubectl get --raw /metrics | awk -v resource="resource=\"$1\"" '
    /^apiserver_longrunning_requests\{/ && index($0, resource) && /verb="WATCH"/ { sum += $NF }
    END { print sum + 0 }'
}

start_proxy() {
  local api_port
  api_port=$(kubectl config view --raw --output 'jsonpath={.clusters[0].cluster.server}')
  api_port=${api_port##*:}
  PROXY_PORT=$(/usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1)
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/tcp_proxy.py" "$PROXY_PORT" "$api_port" &
  PROXY=$!
  at_exit kill "$PROXY"
  sed "s|https://127.0.0.1:$api_port|https://127.0.0.1:$PROXY_PORT|" "$KUBECONFIG" \
    >"$WORK/kubeconfig-of-webhook"
}

# count_calls NAME: keeps the lists and watches of all resources in NAME_lists, NAME_watches
count_calls() {
  local resource
  for resource in "${RESOURCES[@]}"; do
    eval "$1_lists_$resource=$(lists "$resource") $1_watches_$resource=$(watches "$resource")"
  done
}

# more WHAT RESOURCE COUNT: since count_calls before
more() {
  local variable=before_$1_$2
  equal "$3" $(($("$1" "$2") - ${!variable}))
}

image_of_new_pod() {
  kubectl --namespace default create --dry-run=server --filename - \
    --output 'jsonpath={.spec.initContainers[0].image}' <<'POD'
apiVersion: v1
kind: Pod
metadata: {generateName: p-, annotations: {patterns.remora.dev/sidecar: saver}}
spec: {containers: [{name: web, image: web}]}
POD
}

new_pod_has() { equal "$1" "$(image_of_new_pod)"; }

set_image() {
  kubectl --namespace default patch rsc saver --type merge \
    --patch "{\"spec\":{\"container\":{\"image\":\"$1\"}}}"
}

edits_are_seen_at_once() {
  local pki=$REMORA_CLUSTER_DIR/pki server slowest
  server=$(kubectl config view --raw --output 'jsonpath={.clusters[0].cluster.server}')
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/pattern_latency.py" "$server" "$pki/ca.crt" \
    "$pki/admin.crt" "$pki/admin.key" "$EDITS" >"$WORK/latency"
  slowest=$(sort --numeric-sort "$WORK/latency" | tail -n 1)
  echo "slowest of $EDITS edits: $slowest ms"
  awk -v slowest="$slowest" -v most="$MOST_MILLISECONDS" 'BEGIN { exit slowest > most }'
}

use_own_cluster 1
start_proxy
apply_crds
kubectl apply --filename - >/dev/null <<'PATTERN'
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver, namespace: default}
spec: {container: {image: "saver:1"}}
PATTERN

count_calls before
KUBECONFIG=$WORK/kubeconfig-of-webhook start_webhook "$WORK/webhook"
for resource in "${RESOURCES[@]}"; do
  check "one LIST of $resource" more lists "$resource" 1
  check "one WATCH of $resource" eventually more watches "$resource" 1
done

register_webhook "$WORK/webhook"
check "a Pod gets the pattern" new_pod_has saver:1

kill -USR1 "$PROXY"
check "the watches are gone when the connection is cut" eventually more watches sidecars 0
check "what was read is served meanwhile" new_pod_has saver:1
set_image saver:2 >/dev/null
kill -USR2 "$PROXY"
check "an edit from the time of the cut is seen" eventually new_pod_has saver:2
for resource in "${RESOURCES[@]}"; do
  check "the WATCH of $resource is open again" eventually more watches "$resource" 1
  check "no second LIST of $resource" more lists "$resource" 1
done

check "each of $EDITS edits is in a Pod sent within $MOST_MILLISECONDS ms" edits_are_seen_at_once
step "milliseconds: $(tr '\n' ' ' <"$WORK/latency")"
finish
