#!/usr/bin/env bash
# A throw-away Kubernetes: no container engine or registry needed, and no root but for tier 3.
#
# usage: hack/cluster.sh up [--tier 1|2|3]   start it (the first time, build its programs)
#        hack/cluster.sh down                end it and remove its state
#        hack/cluster.sh env                 settings for kubectl: eval "$(hack/cluster.sh env)"
#        hack/cluster.sh run COMMAND...      run COMMAND with these, in the cluster's network
#        hack/cluster.sh image import ARCHIVE...   give its node images
#        hack/cluster.sh status              say what runs; exit code 0 when it is up, 1 when not
#
#   --tier 1   etcd and kube-apiserver. Nobody acts on what is created: no Deployment makes Pods,
#              and a new namespace gets no ServiceAccount, without which it refuses Pods. The
#              namespace `default` has one; another gets it by
#              kubectl -n NAMESPACE create serviceaccount default
#   --tier 2   the default: also kube-controller-manager and kube-scheduler. There are no nodes:
#              Pods stay Pending. While tier 1 is up, `up --tier 2` adds what is missing.
#   --tier 3   also a node, with containerd, kubelet, kube-proxy and DNS: containers run, Services
#              answer, and nothing leads out. Needs root. All of it is in a network of its own,
#              which the kubectl of `env` enters by itself and everything else by `run`. There is
#              no registry either: Pods run the images of --image and of `image import`, and
#              hack/cluster/images.sh makes some.
#   --image ARCHIVE   for tier 3: as `image import`; may be given several times
#
# environment:
#   REMORA_CLUSTER_DIR             the state folder, one for each cluster
#                                  (default ~/.cache/remora/cluster/state)
#   REMORA_APISERVER_ARGS          more flags for kube-apiserver, separated by spaces
#   KUBEBUILDER_ASSETS             a folder with etcd, kube-apiserver, kubectl and, for tier 2,
#                                  kube-controller-manager and kube-scheduler, for tier 3 kubelet
#                                  and kube-proxy: used, none is built
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
# shellcheck source-path=SCRIPTDIR source=cluster/control_plane.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/control_plane.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/node.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/node.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/containerd.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/containerd.sh"

readonly SEE_HELP="see hack/cluster.sh --help"
readonly MARKER=$STATE/.remora-cluster  # without it, a folder is somebody else's and stays as it is

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
  rm -rf "${STATE:?}"/{bin,etcd,kubeconfig,node,pki,ports,processes}
  [[ ${1:-} != --keep-logs ]] || return 0
  rm -rf "$STATE/logs" "$MARKER"
  rmdir --ignore-fail-on-non-empty "$STATE"
}

prepare_state() {
  mkdir -p "$STATE"/{logs,processes}
  [[ $TIER == 3 ]] || ln -sfn "$PROGRAMS_FOLDER" "$STATE/bin"
  [[ -f $STATE/ports ]] || /usr/bin/python3 "$CLUSTER_SOURCE/free_ports.py" 5 >"$STATE/ports"
  read_addresses
  [[ -f $STATE/kubeconfig ]] || create_credentials
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
  if uses_existing_cluster; then
    require_existing_cluster
    step "using the cluster of the current kubeconfig; nothing was started"
    return
  fi
  need_commands curl openssl flock setsid base64
  choose_programs
  already_up && return
  find_programs "${BINARIES[@]}" kubectl
  if [[ $TIER == 3 ]]; then IMAGES=("$("$CLUSTER_SOURCE/images.sh" pause)" "${IMAGES[@]}"); fi
  UP_BEGAN_US=$(now_us)
  claim_state
  already_up && return  # by a run that held the lock
  at_exit undo_unfinished_up
  prepare_state
  if [[ $TIER == 3 ]]; then start_tier_3; else start_tier_1; fi
  [[ $TIER != 2 ]] || start_tier_2
  UP_IS_FINISHED=yes
  step "the cluster is up with all of tier $TIER, $(seconds_since "$UP_BEGAN_US") s after the start"
  # shellcheck disable=SC2016  # for the reader's shell
  step 'to use it: eval "$(hack/cluster.sh env)"'
}

# Sets PROGRAMS to the records of what is to run, and BINARIES to what is needed for it.
choose_programs() {
  if has_node; then TIER=3; fi  # it is part of what is up
  case $TIER in
    1) PROGRAMS=("${TIER_1[@]}") BINARIES=("${TIER_1[@]}") ;;
    2) PROGRAMS=("${TIER_2[@]}") BINARIES=("${TIER_2[@]}") ;;
    3)
      require_node_tools
      require_archives "${IMAGES[@]}"
      has_node || ! any_running "${TIER_2[@]}" ||
        die "the cluster in $STATE is up without a node, which cannot be added: down comes first"
      PROGRAMS=("$INIT" "${TIER_2[@]}" "${NODE_PROGRAMS[@]}")
      BINARIES=("${TIER_2[@]}" kubelet kube-proxy)
      ;;
  esac
}

already_up() {
  all_running "${PROGRAMS[@]}" || return
  if [[ $TIER == 3 ]]; then
    enter_node
    import_images "${IMAGES[@]}"
  fi
  step "the cluster in $STATE is already up"
}

# The images are imported while the control plane starts.
start_tier_3() {
  local importer
  is_running "$INIT" || start_namespaces
  enter_node
  write_node_commands
  create_node_credentials
  create_cgroups
  place_apiserver_on_node
  is_running containerd || start_containerd
  import_images "${IMAGES[@]}" &
  importer=$!
  start_tier_1
  start_tier_2
  wait "$importer" || exit
  start_node
}

UP_IS_FINISHED=

# Ends what this run has started, but not what had been running before it.
undo_unfinished_up() {
  [[ -z $UP_IS_FINISHED ]] || return 0
  local pid
  # The shell's own list of children, and not the records: a signal may have come between a start
  # and its record.
  for pid in $(jobs -p); do
    kill -KILL "$(killable "$pid")" 2>/dev/null
  done
  wait
  if any_running "$INIT" "${TIER_2[@]}"; then return; fi
  if has_node; then stop_node; fi
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
  if has_node; then stop_node; fi
  stop_programs "${TIER_2[@]}"
  remove_state
  step "the cluster in $STATE is down, and its state removed"
}

require_cluster() {
  if ! state_exists || ! all_running "${TIER_1[@]}"; then
    fail "no cluster is up in $STATE; hack/cluster.sh up starts one"
  fi
}

print_env() {
  if uses_existing_cluster; then
    find_existing_kubeconfig
    printf 'export KUBECONFIG=%q\n' "$EXISTING_KUBECONFIG"
    return
  fi
  require_cluster
  printf 'export KUBECONFIG=%q\n' "$STATE/kubeconfig"
  # shellcheck disable=SC2016  # for the caller's shell
  printf 'export PATH=%q:"$PATH"\n' "$STATE/bin"
  printf 'export REMORA_CLUSTER_DIR=%q\n' "$STATE"
}

run_command() {
  local settings
  settings=$(print_env) || exit
  eval "$settings"
  if ! uses_existing_cluster && has_node; then enter_node; fi
  trap - EXIT  # nothing of this script stays behind
  exec "${ON_NODE[@]}" "${RUN[@]}"
}

import_more_images() {
  require_archives "${IMAGES[@]}"
  ! uses_existing_cluster || die "the current kubeconfig's cluster is not ours to give images to"
  require_cluster
  if ! has_node || ! all_running "$INIT" containerd; then
    die "the cluster in $STATE has no node that runs; hack/cluster.sh up --tier 3 starts one"
  fi
  enter_node
  import_images "${IMAGES[@]}"
}

status() {
  if uses_existing_cluster; then
    require_existing_cluster
    echo "the cluster of the current kubeconfig is ready"
    return
  fi
  local name up=yes programs=("${TIER_2[@]}")
  if has_node; then programs=("$INIT" "${TIER_2[@]}" "${NODE_PROGRAMS[@]}"); fi
  for name in "${programs[@]}"; do
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
  if has_node; then enter_node; fi
  answers "$APISERVER/readyz" || fail "the API server at $APISERVER is not ready"
  echo "the cluster in $STATE is up"
}

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

TIER=2
IMAGES=()
RUN=()

read_arguments() {
  COMMAND=${1:-}
  case $COMMAND in
    up | down | env | status) shift ;;
    run)
      [[ -n ${2:-} ]] || die "run takes a command; $SEE_HELP"
      RUN=("${@:2}")
      return
      ;;
    image)
      [[ ${2:-} == import && -n ${3:-} ]] || die "it is: image import ARCHIVE...; $SEE_HELP"
      IMAGES=("${@:3}")
      return
      ;;
    -h | --help) return ;;
    '') die "say what to do: up, down, env, run, image or status; $SEE_HELP" ;;
    *) die "unknown command $COMMAND; $SEE_HELP" ;;
  esac
  while (($# > 0)); do
    case $COMMAND:$1 in
      *:-h | *:--help) COMMAND=--help && return ;;
      up:--tier) TIER=${2:-} && shift $(($# > 1 ? 2 : 1)) ;;
      up:--tier=*) TIER=${1#*=} && shift ;;
      up:--image) IMAGES+=("${2:-}") && shift $(($# > 1 ? 2 : 1)) ;;
      up:--image=*) IMAGES+=("${1#*=}") && shift ;;
      *) die "$COMMAND does not take $1; $SEE_HELP" ;;
    esac
  done
  [[ $TIER == 3 || ${#IMAGES[@]} == 0 ]] || die "--image is for --tier 3, whose node runs them"
  [[ $TIER == [123] ]] || die "--tier takes 1, 2 or 3, not '$TIER'"
}

main() {
  read_arguments "$@"
  case $COMMAND in
    up) up ;;
    down) down ;;
    env) print_env ;;
    run) run_command ;;
    image) import_more_images ;;
    status) status ;;
    *) usage ;;
  esac
}

main "$@"
