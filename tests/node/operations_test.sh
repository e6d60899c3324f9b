#!/usr/bin/env bash
# What operators do to Remora while Pods are being created: upgrade, exchange certificates, lose a replica, lose all of them,
# uninstall. The last test on a cluster: Remora is gone afterwards.
#
# usage: tests/node/operations_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=remora.sh
source "$(dirname "${BASH_SOURCE[0]}")/remora.sh"

readonly SHOP=e2e-operations
readonly RATE=10        # Pods a second, each a dry run
readonly CREATED_PODS=20  # a control creates at least so many while something happens

# --- Pods that are created all the time ------------------------------------------------------------

start_creating() {
  "$CLUSTER" run /usr/bin/python3 "$E2E_ROOT/tests/e2e/certificates.py" admit \
    "$WORK/admin.json" "$RATE" >"$WORK/created.json" &
  CREATOR=$!
}

# Sets CREATED and LOST.
stop_creating() {
  pkill -TERM --parent "$CREATOR" 2>/dev/null || kill -TERM "$CREATOR"
  wait "$CREATOR" || true
  CREATED=$(jq .pods "$WORK/created.json")
  LOST=$(jq .failed "$WORK/created.json")
  step "$CREATED Pods were created meanwhile; failed: $LOST $(jq --raw-output '.first // ""' "$WORK/created.json")"
}

# meanwhile WHAT COMMAND...: Pods are created while COMMAND runs, and a little longer
meanwhile() {
  local what=$1
  shift
  start_creating
  check "$what" "$@"
  sleep 3  # connections that were kept are used again
  stop_creating
  check "meanwhile Pods were created" test "$CREATED" -ge "$CREATED_PODS"
  check "and none of them failed, or came without its companion" equal 0 "$LOST"
}

saver() {
  kubectl --namespace default apply --filename - <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  allowedNamespaces: {from: All}
  ${1:-}
  container: {image: $APPS, command: [sleep, infinity]}
PATTERN
}

# --- certificates ---------------------------------------------------------------------------------

# The certificate that a replica of the webhook serves.
served() {
  "$CLUSTER" run timeout 5 openssl s_client -connect "$1:10250" -servername "remora-webhook.$SYSTEM.svc" \
    </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256
}

# Of those that are not ending.
addresses() {
  kubectl --namespace "$SYSTEM" get pods --selector app.kubernetes.io/name=remora-webhook --output json |
    jq --raw-output '[.items[] | select(.metadata.deletionTimestamp == null) | .status.podIP // empty] | join(" ")'
}

all_serve() {
  local address
  for address in $(addresses); do
    [[ $(served "$address") == "$1" ]] || return
  done
}

none_serves() {
  local address print
  for address in $(addresses); do
    print=$(served "$address")
    [[ $print == *Fingerprint* && $print != "$1" ]] || return
  done
}

exchange_certificate() {
  local first
  first=$(served "$(addresses | cut -d ' ' -f 1)")
  [[ $first == *Fingerprint* ]] || return
  kubectl --namespace "$SYSTEM" delete secret remora-webhook-ca
  # It notices within five minutes, or when it starts. The kubelet looks for new Secrets about once a minute.
  kubectl --namespace "$SYSTEM" rollout restart deployment/remora-operator
  within 200 none_serves "$first"
}

# --- replicas -------------------------------------------------------------------------------------

first_replica() { pod_names "$SYSTEM" app.kubernetes.io/name=remora-webhook | head -n 1; }

end_a_replica() {
  kubectl --namespace "$SYSTEM" delete pod "$(first_replica)" --wait
  wait_for_remora
}

# evict POD: as `kubectl drain` does
evict() {
  kubectl create --raw "/api/v1/namespaces/$SYSTEM/pods/$1/eviction" --filename - <<EVICTION
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "$1", "namespace": "$SYSTEM"}}
EVICTION
}

# The first may go; the second must wait for the one that takes its place.
evict_both() {
  local first second
  first=$(first_replica)
  second=$(pod_names "$SYSTEM" app.kubernetes.io/name=remora-webhook | sed -n 2p)
  evict "$first" && refuses "disruption budget" evict "$second" && within 60 evict "$second" &&
    within 60 wait_for_remora
}

# As the kernel does when memory runs out: no goodbye.
kill_a_replica() {
  local id
  id=$(kubectl --namespace "$SYSTEM" get pod "$(first_replica)" \
    --output 'jsonpath={.status.containerStatuses[0].containerID}')
  find /sys/fs/cgroup -path "*${id#containerd://}*" -name cgroup.procs -exec cat {} + | sort -u |
    xargs kill -KILL
}

has_all_pods() { equal "$1" "$(pod_names "$SHOP" "app=$2,patterns.remora.dev/injected=true" | wc -l)"; }

# --- no webhook at all ----------------------------------------------------------------------------

spec() {
  echo "containers: [{name: web, image: $APPS, command: [sleep, infinity]}]"
}

scale_webhook() {
  kubectl --namespace "$SYSTEM" scale deployment/remora-webhook --replicas="$1"
  if (($1 == 0)); then
    eventually has_pods 0 "$SYSTEM" app.kubernetes.io/name=remora-webhook
  else
    ready "$SYSTEM" deployment/remora-webhook
  fi
}

missing() {
  equal "$1" "$(kubectl --namespace default get sidecar saver --output 'jsonpath={.status.pods.missing}')"
}

outage() {
  check "a pattern may replace missed Pods" saver 'update: {replaceMissing: true}'
  check "with failurePolicy Ignore and the right to evict" \
    upgrade_remora --set webhook.failurePolicy.named=Ignore,replaceMissing.enabled=true
  check "the webhook goes" scale_webhook 0
  deploy "$SHOP" missed 1 "$(spec)" sidecar=default/saver
  check "case 51: a Pod is created and runs without its companion" ready "$SHOP" deployment/missed
  check "the status tells" eventually missing 1
  sleep 5
  check "nobody is evicted while no webhook is ready" \
    equal 0 "$(pod_names "$SHOP" app=missed,patterns.remora.dev/injected=true | wc -l)"
  check "the webhook comes back" scale_webhook 2
  check "the Pod is replaced by one with the companion" within 60 has_all_pods 1 missed
  check "the status tells" within 30 missing 0
}

# --- the end --------------------------------------------------------------------------------------

restarts() {
  kubectl --namespace "$SHOP" get pods --output \
    'jsonpath={.items[*].status.containerStatuses[*].restartCount}{.items[*].status.initContainerStatuses[*].restartCount}'
}

# None is on its way out or in.
is_settled() {
  equal 0 "$(kubectl --namespace "$SHOP" get pods --output json | jq '[.items[] |
    select(.metadata.deletionTimestamp or .status.phase != "Running")] | length')"
}

uninstallation() {
  local before names
  check "every Pod is settled" within 60 is_settled
  names=$(pod_names "$SHOP" app | sort)
  before=$(restarts)
  start_creating
  check "case 61: it is uninstalled" helm uninstall remora --namespace "$SYSTEM" --wait --timeout 2m
  stop_creating
  # From the moment that the webhooks are gone, Pods come without; nobody is refused for want of a webhook.
  check "no Pod was refused meanwhile" not grep --quiet "failed calling webhook" "$WORK/created.json"
  check "the patterns stay" says saver kubectl --namespace default get sidecars
  check "the workloads go on" equal "$names" "$(pod_names "$SHOP" app | sort)"
  check "without a restart" equal "$before" "$(restarts)"
  check "the webhooks are gone" equal "" "$(kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations \
    --output name | grep remora)"
}

# leads_to PORT: the webhook's Service, of which each port has an EndpointSlice of its own
leads_to() {
  equal "$1" "$(kubectl --namespace "$SYSTEM" get endpointslices --selector kubernetes.io/service-name=remora-webhook \
    --output json | jq --raw-output '[.items[] | select(.endpoints | length > 0) | .ports[0].port] | unique | join(" ")')"
}

# --- the test -------------------------------------------------------------------------------------

main() {
  use_remora_on_node apps
  new_namespace "$SHOP"
  kubectl config view --raw --minify --flatten --output json >"$WORK/admin.json"
  check "a pattern is there" saver
  deploy "$SHOP" steady 2 "$(spec)" sidecar=default/saver
  check "and a workload that has it" ready "$SHOP" deployment/steady

  meanwhile "case 60: the chart is upgraded, and its Pods replaced" \
    upgrade_remora --set webhook.threads=1,log.level=debug
  meanwhile "case 63: the webhook's port is another" upgrade_remora --set webhook.port=9443
  meanwhile "and is 10250 again" upgrade_remora
  check "which the Service leads to" eventually leads_to 10250
  meanwhile "case 60: a replica is ended" end_a_replica
  meanwhile "case 60: both are evicted, one after the other" evict_both
  meanwhile "case 59: the authority and the certificate are exchanged" exchange_certificate

  kill_a_replica
  deploy "$SHOP" killed 4 "$(spec)" sidecar=default/saver
  check "case 60: where a replica was killed, every Pod of a workload comes with its companion" \
    within 60 has_all_pods 4 killed
  outage
  uninstallation
  finish
}

main "$@"
