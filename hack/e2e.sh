#!/usr/bin/env bash
# Runs the tests on a real node: Remora's own image, installed by its chart, and containers that run.
#
# Builds what is missing (the image, those of the catalog and of the test applications, helm), starts a
# tier 3 cluster of its own, runs each test on it, and ends it.
#
# usage: hack/e2e.sh [--keep] [TEST...]
#
#   --keep   leave the cluster up when the tests have ended, and say how to use it
#   TEST     a script of tests/node, without _test.sh (default: all)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
# What installs comes first, and what uninstalls last.
readonly ORDER=(cluster install classic workloads catalog docs operations)

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

read_arguments() {
  KEEP=
  TESTS=()
  while (($# > 0)); do
    case $1 in
      -h | --help) usage && exit ;;
      --keep) KEEP=yes ;;
      -*) die "unknown argument $1; see hack/e2e.sh --help" ;;
      *)
        [[ -x $ROOT/tests/node/$1_test.sh ]] || die "there is no tests/node/$1_test.sh"
        TESTS+=("$1")
        ;;
    esac
    shift
  done
  ((${#TESTS[@]} > 0)) || find_tests
}

# In the order above; what stands in the folder and not there comes before the last.
find_tests() {
  local name path
  for name in "${ORDER[@]::${#ORDER[@]}-1}"; do
    [[ ! -x $ROOT/tests/node/${name}_test.sh ]] || TESTS+=("$name")
  done
  for path in "$ROOT"/tests/node/*_test.sh; do
    name=$(basename "$path" _test.sh)
    [[ " ${ORDER[*]} " == *" $name "* ]] || TESTS+=("$name")
  done
  TESTS+=("${ORDER[-1]}")
}

# make_images: sets IMAGES to the archives of all images
make_images() {
  local list
  "$ROOT/hack/image.sh"
  list=$("$ROOT/hack/cluster/images.sh" && "$ROOT/hack/catalog-images.sh") ||
    fail "the images of the test applications and of the catalog could not be made"
  mapfile -t IMAGES < <(echo "$ROOT/build/image/remora.tar" && echo "$list")
}

start_cluster() {
  CLUSTER_PARENT=$(mktemp --directory "${TMPDIR:-/tmp}/remora-node.XXXXXX")
  at_exit end_cluster
  export REMORA_CLUSTER_DIR=$CLUSTER_PARENT/cluster
  unset KUBECONFIG REMORA_USE_EXISTING_CLUSTER
  "$ROOT/hack/cluster.sh" up --tier 3 "${IMAGES[@]/#/--image=}"
}

end_cluster() {
  if [[ -n $KEEP ]]; then
    step "the cluster is still up; REMORA_CLUSTER_DIR=$REMORA_CLUSTER_DIR hack/cluster.sh down ends it"
    return
  fi
  "$ROOT/hack/cluster.sh" down >/dev/null
  rm -rf "$CLUSTER_PARENT"
}

main() {
  local name failed=()
  read_arguments "$@"
  cd "$ROOT"
  "$ROOT/hack/setup.sh"
  "$ROOT/hack/helm.sh" >/dev/null
  make_images
  start_cluster
  for name in "${TESTS[@]}"; do
    step "tests/node/${name}_test.sh"
    "$ROOT/tests/node/${name}_test.sh" || failed+=("$name")
  done
  ((${#failed[@]} == 0)) || fail "these tests have failed: ${failed[*]}"
  step "all tests on the node passed"
}

main "$@"
