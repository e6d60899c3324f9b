# shellcheck shell=bash
# What the tests on a real node share, beside what tests/e2e/lib.sh has, which this sources. Source
# it right after `set -euo pipefail`:
#
#   use_node [IMAGE...]            the tier 3 cluster that hack/cluster.sh env speaks of, else one
#                                  of the test's own; with these images of hack/cluster/images.sh
#   use_own_node [IMAGE...]        one of the test's own in any case
#   on_node COMMAND...             runs it in the network of the cluster
#   in_pod NAMESPACE POD COMMAND...   in its first container
#   apply NAMESPACE                the manifest on stdin
#   ready NAMESPACE KIND/NAME      succeeds when all Pods of a workload are ready in time

NODE_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../e2e/lib.sh
source "$NODE_TESTS/../e2e/lib.sh"

readonly READY_SECONDS=60
readonly CLUSTER=$E2E_ROOT/hack/cluster.sh

use_node() {
  local archives
  find_archives "$@"
  if eval_settings && "$CLUSTER" image import "${archives[@]}" 2>/dev/null; then
    at_exit clean_up_namespaces
  else
    use_own_node "$@"
  fi
}

use_own_node() {
  local archives
  find_archives "$@"
  unset KUBECONFIG REMORA_USE_EXISTING_CLUSTER
  export REMORA_CLUSTER_DIR=$WORK/cluster
  at_exit clean_up
  "$CLUSTER" up --tier 3 "${archives[@]/#/--image=}"
  eval_settings
}

# Sets the caller's archives.
find_archives() {
  local paths
  paths=$("$E2E_ROOT/hack/cluster/images.sh" "$@") || exit
  mapfile -t archives <<<"$paths"
}

eval_settings() {
  local settings
  settings=$("$CLUSTER" env 2>/dev/null) || return
  eval "$settings"
}

# Of a cluster that others use, too.
clean_up_namespaces() {
  ((${#namespaces[@]} == 0)) ||
    kubectl delete namespace "${namespaces[@]}" --ignore-not-found --wait=false >/dev/null
  rm -rf "$WORK"
}

on_node() { "$CLUSTER" run "$@"; }

in_pod() { kubectl --namespace "$1" exec "$2" -- "${@:3}"; }

apply() { kubectl --namespace "$1" apply --filename - >/dev/null; }

ready() { kubectl --namespace "$1" rollout status "$2" --timeout "${READY_SECONDS}s"; }
