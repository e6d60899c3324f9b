#!/usr/bin/env bash
# A throw-away Kubernetes control plane on 127.0.0.1: no container engine, registry or root needed.
#
# usage: hack/cluster.sh up [--tier 1|2]   start it (the first time, build its programs)
#        hack/cluster.sh down              end it and remove its state
#        hack/cluster.sh env               settings for kubectl: eval "$(hack/cluster.sh env)"
#        hack/cluster.sh status            say what runs; exit code 0 when it is up, 1 when not
#
#   --tier 1   etcd and kube-apiserver. Nobody acts on what is created: no Deployment makes Pods,
#              and a new namespace gets no ServiceAccount, without which it refuses Pods. The
#              namespace `default` has one; another gets it by
#              kubectl -n NAMESPACE create serviceaccount default
#   --tier 2   the default: also kube-controller-manager and kube-scheduler. There are no nodes:
#              Pods stay Pending. While tier 1 is up, `up --tier 2` adds what is missing.
#
# environment:
#   REMORA_CLUSTER_DIR             the state folder, one for each cluster
#                                  (default ~/.cache/remora/cluster/state)
#   REMORA_APISERVER_ARGS          more flags for kube-apiserver, separated by spaces
#   KUBEBUILDER_ASSETS             a folder with etcd, kube-apiserver, kubectl and, for tier 2,
#                                  kube-controller-manager and kube-scheduler: used, none is built
#   REMORA_USE_EXISTING_CLUSTER=1  use the current kubeconfig: up and down start and end nothing

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/binary.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/binary.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/certificates.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/certificates.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/processes.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/processes.sh"

STATE=$(realpath -m "${REMORA_CLUSTER_DIR:-$CLUSTER_CACHE/state}")
readonly STATE
readonly PKI=$STATE/pki
readonly MARKER=$STATE/.remora-cluster  # without it, a folder is somebody else's and stays as it is

readonly TIER_1=(etcd kube-apiserver)
readonly TIER_2=("${TIER_1[@]}" kube-controller-manager kube-scheduler)

readonly SERVICE_CIDR=10.96.0.0/16
readonly FIRST_SERVICE_IP=10.96.0.1  # the Service `kubernetes` gets the first address of the range
# More than they could ever send: with the default of 20 requests a second the controllers begin
# five seconds late.
readonly CLIENT_LIMITS=(--kube-api-qps=1000 --kube-api-burst=2000)

# --- the state folder -----------------------------------------------------------------------------

state_exists() { [[ -f $MARKER ]]; }

# Makes the folder ours, and the only run of this script that changes it.
claim_state() {
  until
    mkdir -p "$STATE"
    lock_state
  do :; done
  state_exists && return
  [[ -z $(ls -A "$STATE") ]] ||
    die "$STATE has files in it and is no cluster's state folder: set REMORA_CLUSTER_DIR"
  chmod 700 "$STATE"  # it will have keys
  touch "$MARKER"
}

# The lock is the folder itself, so that it leaves no file. Fails when a `down` removed the folder
# in the meantime.
lock_state() {
  local lock
  exec {lock}<"$STATE"
  if ! flock --nonblock "$lock"; then
    step "waiting for another cluster.sh to be done with $STATE"
    flock "$lock"
  fi
  [[ /proc/self/fd/$lock -ef $STATE ]]
}

# remove_state [--keep-logs]. By name, and not all of the folder: REMORA_CLUSTER_DIR could be
# anything.
remove_state() {
  rm -rf "${STATE:?}"/{bin,etcd,kubeconfig,pki,ports,processes}
  [[ ${1:-} != --keep-logs ]] || return 0
  rm -rf "$STATE/logs" "$MARKER"
  rmdir --ignore-fail-on-non-empty "$STATE"
}

prepare_state() {
  mkdir -p "$STATE"/{logs,processes}
  ln -sfn "$PROGRAMS_FOLDER" "$STATE/bin"
  [[ -f $STATE/ports ]] || /usr/bin/python3 "$CLUSTER_SOURCE/free_ports.py" 5 >"$STATE/ports"
  read_addresses
  [[ -f $STATE/kubeconfig ]] || create_credentials
}

read_addresses() {
  local etcd etcd_peer apiserver controller_manager scheduler
  read -r etcd etcd_peer apiserver controller_manager scheduler <"$STATE/ports"
  ETCD=http://127.0.0.1:$etcd
  ETCD_PEER=http://127.0.0.1:$etcd_peer
  APISERVER=https://127.0.0.1:$apiserver
  CONTROLLER_MANAGER=https://127.0.0.1:$controller_manager
  SCHEDULER=https://127.0.0.1:$scheduler
}

create_credentials() {
  local names=DNS:localhost,IP:127.0.0.1,IP:$FIRST_SERVICE_IP name
  for name in kubernetes{,.default,.default.svc,.default.svc.cluster.local}; do
    names+=,DNS:$name
  done
  mkdir -p "$PKI"
  create_certificate_authority "$PKI"
  create_service_account_key "$PKI"
  issue_certificate "$PKI" server /CN=kube-apiserver serverAuth "$names"
  issue_certificate "$PKI" admin /O=system:masters/CN=admin clientAuth
  for name in kube-controller-manager kube-scheduler; do
    issue_certificate "$PKI" "$name" "/CN=system:$name" clientAuth
    write_kubeconfig "$PKI" "$name" "$APISERVER" "$PKI/$name.kubeconfig"
  done
  write_kubeconfig "$PKI" admin "$APISERVER" "$STATE/kubeconfig"
}

# --- the programs ---------------------------------------------------------------------------------

# request URL CURL-OPTION...: as the administrator
request() {
  curl --silent --noproxy '*' --max-time 5 \
    --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" "$@"
}

answers() { request --fail --output /dev/null "$1"; }

start_etcd() {
  # A disk that is slow to sync would only make the tests slow: nobody needs this data after a power
  # cut.
  start_program etcd "$ETCD" "$PROGRAMS_FOLDER/etcd" \
    --name=remora --data-dir="$STATE/etcd" --unsafe-no-fsync \
    --listen-client-urls="$ETCD" --advertise-client-urls="$ETCD" \
    --listen-peer-urls="$ETCD_PEER" --initial-advertise-peer-urls="$ETCD_PEER" \
    --initial-cluster="remora=$ETCD_PEER"
  wait_until 30 etcd answers "$ETCD/health"
  step "etcd answers at $ETCD"
}

start_apiserver() {
  local more
  read -ra more <<<"${REMORA_APISERVER_ARGS:-}"
  start_program kube-apiserver "$APISERVER" "$PROGRAMS_FOLDER/kube-apiserver" \
    --etcd-servers="$ETCD" --allow-privileged=true \
    --bind-address=127.0.0.1 --secure-port="${APISERVER##*:}" \
    --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
    --tls-cert-file="$PKI/server.crt" --tls-private-key-file="$PKI/server.key" \
    --client-ca-file="$PKI/ca.crt" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --service-cluster-ip-range="$SERVICE_CIDR" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" \
    "${more[@]}"
  wait_until 60 kube-apiserver answers "$APISERVER/readyz"
  step "kube-apiserver is ready at $APISERVER, $(seconds_since "$UP_BEGAN_US") s after the start"
}

# Without it `default` refuses Pods. In tier 1 nobody else makes it, and the controller manager
# would take seconds.
create_default_service_account() {
  local code
  code=$(request --output /dev/null --write-out '%{http_code}' \
    --header 'Content-Type: application/json' --data '{"metadata":{"name":"default"}}' \
    "$APISERVER/api/v1/namespaces/default/serviceaccounts") || true
  [[ $code == 201 || $code == 409 ]]  # created, or was there
}

start_controller_manager() {
  start_program kube-controller-manager "$CONTROLLER_MANAGER" \
    "$PROGRAMS_FOLDER/kube-controller-manager" --controllers='*' --leader-elect=false \
    --allocate-node-cidrs=false --use-service-account-credentials \
    --service-account-private-key-file="$PKI/sa.key" --root-ca-file="$PKI/ca.crt" \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
    --secure-port="${CONTROLLER_MANAGER##*:}" "${CLIENT_LIMITS[@]}" "${@}"
}

start_scheduler() {
  start_program kube-scheduler "$SCHEDULER" "$PROGRAMS_FOLDER/kube-scheduler" \
    --leader-elect=false --secure-port="${SCHEDULER##*:}" "${CLIENT_LIMITS[@]}" "${@}"
}

# serving_flags NAME: what the API server's two clients have in common
serving_flags() {
  local kubeconfig=$PKI/$1.kubeconfig
  SERVING_FLAGS=(
    --kubeconfig="$kubeconfig"
    --authentication-kubeconfig="$kubeconfig" --authorization-kubeconfig="$kubeconfig"
    --bind-address=127.0.0.1
    --tls-cert-file="$PKI/server.crt" --tls-private-key-file="$PKI/server.key"
  )
}

start_tier_1() {
  is_running etcd || start_etcd
  is_running kube-apiserver || start_apiserver
  wait_until 10 kube-apiserver create_default_service_account
}

# Both at once: each takes a second or two.
start_tier_2() {
  serving_flags kube-controller-manager
  is_running kube-controller-manager || start_controller_manager "${SERVING_FLAGS[@]}"
  serving_flags kube-scheduler
  is_running kube-scheduler || start_scheduler "${SERVING_FLAGS[@]}"
  wait_until 60 kube-controller-manager answers "$CONTROLLER_MANAGER/healthz"
  wait_until 60 kube-scheduler answers "$SCHEDULER/healthz"
  step "kube-controller-manager and kube-scheduler are ready"
}

# --- what can be asked for ------------------------------------------------------------------------

uses_existing_cluster() { [[ ${REMORA_USE_EXISTING_CLUSTER:-} == 1 ]]; }

# Sets EXISTING_KUBECONFIG, which like KUBECONFIG may be a list.
find_existing_kubeconfig() {
  EXISTING_KUBECONFIG=${KUBECONFIG:-$HOME/.kube/config}
  local files file
  IFS=: read -ra files <<<"$EXISTING_KUBECONFIG"
  for file in "${files[@]}"; do
    [[ ! -r $file ]] || return 0
  done
  die "REMORA_USE_EXISTING_CLUSTER is set, and there is no kubeconfig at $EXISTING_KUBECONFIG"
}

require_existing_cluster() {
  need_commands kubectl
  find_existing_kubeconfig
  local answer
  answer=$(kubectl get --raw=/readyz --request-timeout=10s 2>&1) ||
    fail "the cluster of the kubeconfig $EXISTING_KUBECONFIG is not ready: ${answer##*$'\n'}"
}

up() {
  local programs=("${TIER_1[@]}")
  [[ $TIER == 1 ]] || programs=("${TIER_2[@]}")
  if uses_existing_cluster; then
    require_existing_cluster
    step "using the cluster of the current kubeconfig; nothing was started"
    return
  fi
  need_commands curl openssl flock setsid base64
  already_up "${programs[@]}" && return
  find_programs "${programs[@]}" kubectl
  UP_BEGAN_US=$(now_us)
  claim_state
  already_up "${programs[@]}" && return  # by a run that held the lock
  at_exit undo_unfinished_up
  prepare_state
  start_tier_1
  [[ $TIER == 1 ]] || start_tier_2
  UP_IS_FINISHED=yes
  step "the cluster is up with all of tier $TIER, $(seconds_since "$UP_BEGAN_US") s after the start"
  # shellcheck disable=SC2016  # for the reader's shell
  step 'to use it: eval "$(hack/cluster.sh env)"'
}

already_up() {
  all_running "$@" && step "the cluster in $STATE is already up"
}

UP_IS_FINISHED=

# Ends what this run has started, but not what had been running before it.
undo_unfinished_up() {
  [[ -z $UP_IS_FINISHED ]] || return 0
  local pid name
  # The shell's own list of children, and not the records: a signal may have come between a start
  # and its record.
  for pid in $(jobs -p); do
    kill -KILL "$pid" 2>/dev/null
  done
  wait
  for name in "${TIER_2[@]}"; do
    is_running "$name" && return
  done
  # After a failure the logs are worth something, after Ctrl-C they are not.
  if ((EXIT_STATUS < 128)); then remove_state --keep-logs; else remove_state; fi
}

down() {
  if uses_existing_cluster; then
    step "the current kubeconfig's cluster is not ours; nothing was ended"
    return
  fi
  if ! state_exists; then
    step "no cluster is up in $STATE"
    return
  fi
  claim_state
  local i
  for ((i = ${#TIER_2[@]} - 1; i >= 0; i--)); do
    stop_program "${TIER_2[i]}"
  done
  remove_state
  step "the cluster in $STATE is down, and its state removed"
}

print_env() {
  if uses_existing_cluster; then
    find_existing_kubeconfig
    printf 'export KUBECONFIG=%q\n' "$EXISTING_KUBECONFIG"
    return
  fi
  if ! state_exists || ! all_running "${TIER_1[@]}"; then
    fail "no cluster is up in $STATE; hack/cluster.sh up starts one"
  fi
  printf 'export KUBECONFIG=%q\n' "$STATE/kubeconfig"
  # shellcheck disable=SC2016  # for the caller's shell
  printf 'export PATH=%q:"$PATH"\n' "$STATE/bin"
  printf 'export REMORA_CLUSTER_DIR=%q\n' "$STATE"
}

status() {
  if uses_existing_cluster; then
    require_existing_cluster
    echo "the cluster of the current kubeconfig is ready"
    return
  fi
  local name up=yes
  for name in "${TIER_2[@]}"; do
    if is_running "$name"; then
      printf '%-24s pid %-8s %s\n' "$name" "$RECORD_PID" "$RECORD_ADDRESS"
    elif read_record "$name"; then
      printf '%-24s has ended; log: %s\n' "$name" "$STATE/logs/$name.log"
      up=
    fi
  done
  if [[ -z $up ]] || ! all_running "${TIER_1[@]}"; then
    echo "the cluster in $STATE is not up"
    return 1
  fi
  read_addresses
  answers "$APISERVER/readyz" || fail "the API server at $APISERVER is not ready"
  echo "the cluster in $STATE is up"
}

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

TIER=2

read_arguments() {
  COMMAND=${1:-}
  case $COMMAND in
    up | down | env | status) shift ;;
    -h | --help) return ;;
    '') die "say what to do: up, down, env or status; see hack/cluster.sh --help" ;;
    *) die "unknown command $COMMAND; see hack/cluster.sh --help" ;;
  esac
  while (($# > 0)); do
    case $COMMAND:$1 in
      *:-h | *:--help) COMMAND=--help && return ;;
      up:--tier) TIER=${2:-} && shift $(($# > 1 ? 2 : 1)) ;;
      up:--tier=*) TIER=${1#*=} && shift ;;
      *) die "$COMMAND does not take $1; see hack/cluster.sh --help" ;;
    esac
  done
  [[ $TIER == [12] ]] || die "--tier takes 1 or 2, not '$TIER'"
}

main() {
  read_arguments "$@"
  case $COMMAND in
    up) up ;;
    down) down ;;
    env) print_env ;;
    status) status ;;
    *) usage ;;
  esac
}

main "$@"
