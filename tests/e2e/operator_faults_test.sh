#!/usr/bin/env bash
# The operator when the control plane fails, on a real API server: that restarts, is away for a while,
# stands still for a minute, or says "too many requests"; an etcd that stands still or restarts; a connection that is cut;
# a leader that is killed while it writes. After each, every status is what it would have been without,
# and the operator has no more threads and open files than before.
#
# It has a control plane of its own without controllers. There, a Pod is what the test makes it.
#
# usage: tests/e2e/operator_faults_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly SYSTEM=e2e-operator-faults
readonly SIDECARS=150
readonly LONG_LEASE=180  # longer than any of the faults
readonly SHORT_LEASE=6
readonly STANDSTILL_SECONDS=60
readonly AWAY_SECONDS=20  # a minute would show nothing else: the back-off ends at ten
readonly CROWD_SECONDS=30
readonly MOST_KEPT_CONNECTIONS=4  # idle ones, more than before
readonly MOST_FAULT_KIB=4096     # of growth, over all faults but the first
readonly TRIM_SECONDS=11         # it gives memory back every ten
readonly MOST_STANDSTILL_MS=500  # of CPU time, in that minute

pods=0  # so many should have every pattern and came without

# --- what stands in the cluster -------------------------------------------------------------------

# pattern KIND NAME
pattern() {
  cat <<PATTERN
---
apiVersion: patterns.remora.dev/v1alpha1
kind: $1
metadata: {name: $2, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  container: {image: "image:1"}
PATTERN
}

sidecar_names() { seq --format='s-%03g' 1 "$SIDECARS"; }

create_patterns() {
  local name
  {
    for name in $(sidecar_names); do pattern Sidecar "$name"; done
    pattern Ambassador cache
    pattern Adapter meter
  } | kubectl create --filename - >/dev/null
}

# A change of every status.
add_pod() {
  pods=$((pods + 1))
  kubectl create --filename - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata:
  name: web-$pods
  namespace: default
  labels: {app: web}
spec: {containers: [{name: web, image: web}]}
POD
}

# Every status, without its times: they differ from run to run.
statuses() {
  kubectl --namespace default get rsc,ramb,radp --output json | jq --sort-keys '[.items[] |
    {kind, name: .metadata.name, generation: .metadata.generation, status} |
    del(.status.conditions[]?.lastTransitionTime)]'
}

# Of every pattern: the counts are right, and the generation is the last one.
statuses_are_right() {
  local wrong
  wrong=$(statuses | jq --argjson pods "$pods" '[.[] | select(
    .status.observedGeneration != .generation or .status.pods.matched != $pods or
    .status.pods.missing != $pods)] | length')
  equal 0 "$wrong"
}

settled() { within 60 statuses_are_right; }

# --- the operator, and what it uses ---------------------------------------------------------------

# user NAME: a kubeconfig of its own, that may do what the operator has to
user() {
  local pki=$REMORA_CLUSTER_DIR/pki
  issue_certificate "$pki" "$1" "/CN=$1" clientAuth
  write_kubeconfig "$pki" "$1" "https://127.0.0.1:$PROXY_PORT" "$WORK/$1.kubeconfig"
  kubectl create clusterrolebinding "$1" --clusterrole=remora-operator --user="$1" >/dev/null
}

create_role() {
  kubectl create --filename - >/dev/null <<'ROLE'
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: remora-operator}
rules:
  - {apiGroups: [""], resources: [pods, namespaces], verbs: [get, list, watch]}
  - {apiGroups: [""], resources: [pods], verbs: [create]}
  - {apiGroups: [apps], resources: [controllerrevisions], verbs: [list, watch, create, patch]}
  - {apiGroups: [events.k8s.io], resources: [events], verbs: [create, patch]}
  - {apiGroups: [patterns.remora.dev], resources: ["*"], verbs: [get, list, watch]}
  - {apiGroups: [patterns.remora.dev], resources: ["*/status"], verbs: [patch]}
  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
ROLE
}

start_proxy() {
  local api_port
  api_port=$(kubectl config view --raw --output 'jsonpath={.clusters[0].cluster.server}')
  PROXY_PORT=$(/usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1)
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/tcp_proxy.py" "$PROXY_PORT" "${api_port##*:}" &
  PROXY=$!
  at_exit kill "$PROXY"
}

# start_as NAME LEASE_SECONDS
start_as() {
  KUBECONFIG=$WORK/$1.kubeconfig start_operator "$WORK/$1" --namespace="$SYSTEM" \
    --certificates=none --identity="$1" --lease-seconds="$2"
}

# in_proc WHAT: of the operator
in_proc() {
  local pid
  pid=$(operator_pid "$WORK/a")
  case $1 in
    threads) find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l ;;
    files) find "/proc/$pid/fd" -mindepth 1 | wc -l ;;
    kib) awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" ;;
    cpu_ms) awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$pid/stat" ;;
  esac
}

at_most() { (($2 <= $1)) || { echo "expected at most $1, got $2" && return 1; }; }

leaves_nothing() {
  at_most "$THREADS" "$(in_proc threads)"
  at_most $((FILES + MOST_KEPT_CONNECTIONS)) "$(in_proc files)"
}

is_same_process() { equal "$OPERATOR" "$(operator_pid "$WORK/a")"; }

has_no_more_memory() { at_most $((KIB + MOST_FAULT_KIB)) "$(in_proc kib)"; }

# after FAULT: all that has to hold
after() {
  add_pod
  check "after $1, every status is right" settled
  check "of the same process" is_same_process
  check "which has no more threads and open files" eventually leaves_nothing
}

# --- the control plane ----------------------------------------------------------------------------

component_pid() {
  STATE=$REMORA_CLUSTER_DIR
  is_running "$1" && echo "$RECORD_PID"
}

# restart NAME SECONDS: the same command again, after this time
restart() {
  local command
  mapfile -d '' -t command <"/proc/$(component_pid "$1")/cmdline"
  STATE=$REMORA_CLUSTER_DIR
  read_record "$1"
  stop_program "$1"
  sleep "$2"
  start_program "$1" "$RECORD_ADDRESS" "${command[@]}"
  within 60 kubectl get --raw /readyz || fail "the API server is not ready again"
}

# halt NAME SECONDS: it neither answers nor closes a connection
halt() {
  local pid
  pid=$(component_pid "$1")
  kill -STOP "$pid"
  sleep "$2"
  kill -CONT "$pid"
}

# --- the faults -----------------------------------------------------------------------------------

standstill() {
  add_pod  # so that it happens while statuses are written
  local cpu
  cpu=$(in_proc cpu_ms)
  halt kube-apiserver "$STANDSTILL_SECONDS"
  cpu=$(($(in_proc cpu_ms) - cpu))
  step "CPU time of the operator in these $STANDSTILL_SECONDS s: $cpu ms"
  check "an operator without API server does not spin" at_most "$MOST_STANDSTILL_MS" "$cpu"
}

cut_connection() {
  kill -USR1 "$PROXY"
  add_pod
  sleep 3
  check "an operator that is cut off answers the kubelet" operator_get "$WORK/a" /healthz
  kill -USR2 "$PROXY"
}

# No seat for who calls as the operator does, and no queue. An API server lets one pass all the same when
# no other is under way, so there have to be others.
refuse_by_fairness() {
  kubectl create --filename - >/dev/null <<'FLOW'
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: e2e-none}
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 0
    lendablePercent: 0
    borrowingLimitPercent: 0
    limitResponse: {type: Reject}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: e2e-none}
spec:
  priorityLevelConfiguration: {name: e2e-none}
  matchingPrecedence: 2
  rules:
    - subjects: [{kind: User, user: {name: a}}]
      resourceRules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"], namespaces: ["*"], clusterScope: true}]
FLOW
  local pki=$REMORA_CLUSTER_DIR/pki i
  for i in 1 2 3 4; do
    curl --silent --noproxy '*' --cacert "$pki/ca.crt" --cert "$pki/a.crt" --key "$pki/a.key" \
      --output /dev/null --max-time "$CROWD_SECONDS" \
      "https://127.0.0.1:$PROXY_PORT/apis/patterns.remora.dev/v1alpha1/sidecars?crowd=[1-100000]" &
    crowd[i]=$!
  done
}

# refused COUNT: so many writes of the operator, or more
refused() {
  local count
  count=$(grep --count '"user":{"username":"a".*"code":429' "$WORK/audit.log" || true)
  echo "$count writes were refused"
  ((count >= $1))
}

too_many_requests() {
  local crowd=()
  refuse_by_fairness
  add_pod
  kill -USR1 "$PROXY" && sleep 0.2 && kill -USR2 "$PROXY"  # the watches are opened anew, too
  check "429 by priority and fairness, again and again" eventually refused 20
  add_pod
  kubectl delete flowschema,prioritylevelconfiguration e2e-none >/dev/null
  kill "${crowd[@]}" 2>/dev/null || true
  wait "${crowd[@]}" 2>/dev/null || true
}

# --- two operators --------------------------------------------------------------------------------

kill_while_it_writes() {
  local written
  # From here on, a line for each status that is written.
  kubectl --namespace default get rsc --watch-only --output 'jsonpath={.status.pods.missing}{"\n"}' \
    >"$WORK/writes" 2>/dev/null &
  local watch=$!
  within 10 watch_has_begun || fail "the watch of the test sees nothing"
  add_pod
  until (($(grep --count --line-regexp "$pods" "$WORK/writes") >= 5)); do sleep 0.01; done
  kill -KILL "$(operator_pid "$WORK/a")"
  sleep 0.2
  written=$(grep --count --line-regexp "$pods" "$WORK/writes")
  kill "$watch"
  wait "$watch" 2>/dev/null || true
  step "the leader was killed after $written of $SIDECARS statuses"
  check "it was killed in the middle" at_most $((SIDECARS - 1)) "$written"
}

watch_has_begun() {
  kubectl --namespace default annotate rsc s-001 "poke=$RANDOM" --overwrite
  [[ -s $WORK/writes ]]
}

# What the API server's log of writes says: by b not before the last renewal by a is a whole lease old.
successor_waited() {
  jq --slurp --exit-status --argjson lease "$SHORT_LEASE" '
    def seconds: (sub("\\.[0-9]*Z$"; "Z") | fromdate) + (capture("(?<f>\\.[0-9]*)Z$").f | tonumber);
    map(select(.stage == "ResponseComplete")) |
    (map(select(.user.username == "a" and .objectRef.resource == "leases" and .verb != "get" and
      .responseStatus.code < 300).requestReceivedTimestamp | seconds) | max) as $renewed |
    (map(select(.user.username == "b" and .objectRef.subresource == "status")
      .requestReceivedTimestamp | seconds)) as $written |
    "renewed by a: \($renewed), written by b: \($written | length), the first at \($written | min)",
    ($written | length > 0 and min >= $renewed + $lease)' "$WORK/audit.log"
}

# --- the test -------------------------------------------------------------------------------------

audit_policy() {
  cat >"$WORK/audit.yaml" <<'POLICY'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: [a, b]
    verbs: [create, update, patch]
POLICY
  export REMORA_APISERVER_ARGS="--audit-policy-file=$WORK/audit.yaml --audit-log-path=$WORK/audit.log"
}

prepare() {
  need_commands jq curl
  audit_policy
  use_own_cluster 1
  at_exit end
  start_proxy
  apply_crds
  kubectl create namespace "$SYSTEM" >/dev/null
  kubectl apply --filename "$E2E_ROOT/hack/sealed-namespace.yaml" >/dev/null
  create_role
  user a
  user b
  kubectl label namespace default patterns.remora.dev/injection=enabled >/dev/null
  create_patterns
  add_pod
}

end() {
  stop_operator "$WORK/a"
  stop_operator "$WORK/b"
}

one_operator() {
  start_as a "$LONG_LEASE"
  settled || fail "no operator writes the statuses, even without a fault"
  OPERATOR=$(operator_pid "$WORK/a")
  restart kube-apiserver 0  # not the first of all, so that what is kept is kept already
  add_pod
  check "and again when the API server has restarted" settled
  THREADS=$(in_proc threads) FILES=$(in_proc files)
  step "the operator has $THREADS threads, $FILES open files"
  restart kube-apiserver 2
  after "a restart of the API server"
  add_pod  # so that it happens while statuses are written
  restart kube-apiserver "$AWAY_SECONDS"
  after "an API server to which no connection could be made for $AWAY_SECONDS s"
  sleep "$TRIM_SECONDS"
  KIB=$(in_proc kib)
  step "the operator has $KIB KiB"
  cut_connection
  after "a cut connection"
  halt etcd 8
  after "an etcd that stood still"
  restart etcd 3
  after "a restart of etcd"
  too_many_requests
  after "429"
  standstill
  after "an API server that stood still for $STANDSTILL_SECONDS s"
  restart kube-apiserver "$AWAY_SECONDS"
  after "an API server that was away once more"
  step "the operator has $(in_proc threads) threads, $(in_proc files) open files, $(in_proc kib) KiB"
  check "memory is given back" eventually has_no_more_memory
  stop_operator "$WORK/a"
}

two_operators() {
  : >"$WORK/audit.log"
  start_as a "$SHORT_LEASE"
  add_pod
  settled
  start_as b "$SHORT_LEASE"
  kill_while_it_writes
  check "the other completes the statuses" settled
  check "not before the Lease was over" successor_waited
  halt kube-apiserver "$SHORT_LEASE"
  check "who cannot renew its Lease ends" eventually not operator_pid "$WORK/b"
  check "and says why" grep --quiet '"the lease is lost"' "$WORK/b/logs/remora-operator.log"
  add_pod
  start_as b "$SHORT_LEASE"
  check "started again, as the kubelet does, it goes on" settled
}

# Last of all: what an operator writes that has seen no fault.
undisturbed() {
  local got want name
  got=$(statuses)
  stop_operator "$WORK/b"
  for name in rsc ramb radp; do
    kubectl --namespace default get "$name" --output name
  done | xargs --max-procs=4 --max-args=40 kubectl --namespace default patch --subresource=status \
    --type=merge --patch '{"status":null}' >/dev/null
  start_as a "$SHORT_LEASE"
  check "an operator that has met no fault writes every status" settled
  want=$(statuses)
  check "the same ones" equal "$want" "$got"
}

main() {
  prepare
  one_operator
  two_operators
  undisturbed
  finish
}

main "$@"
