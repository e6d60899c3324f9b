#!/usr/bin/env bash
# What `remora uninject` makes of objects as a real API server keeps them: with all their defaults, they must be what the server
# makes of the original, and a Deployment that was injected before it was applied must not be injected again.
#
# usage: tests/e2e/uninject_test.sh
#
# REMORA is the program to test (default: build/release/operator/cli/remora).

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly REMORA=${REMORA:-$E2E_ROOT/build/release/operator/cli/remora}
readonly EXAMPLES=$E2E_ROOT/tests/golden/examples

# as_served FILE: the object as the API server would keep it, without what is of the moment
as_served() {
  kubectl create --dry-run=server --output=json --filename="$1" |
    jq 'del(.metadata.uid, .metadata.creationTimestamp, .metadata.managedFields, .status)' |
    sed 's/kube-api-access-[a-z0-9]*/kube-api-access/'
}

# The workload of an example: the one document with Pods in it.
workload_of() {
  csplit --quiet --prefix="$WORK/part-" "$1" '/^---$/' '{*}'
  cat "$(grep --files-with-matches '^kind: \(Deployment\|Pod\|StatefulSet\)$' "$WORK"/part-*)"
}

# gives_back EXAMPLE: injected, kept by the API server and uninjected it is what the API server keeps of the original
gives_back() {
  rm -f "$WORK"/part-*
  workload_of "$1" >"$WORK/workload.yaml"
  "$REMORA" inject --filename="$WORK/workload.yaml" --patterns="$1" >"$WORK/injected.yaml"
  as_served "$WORK/workload.yaml" >"$WORK/want.json"
  as_served "$WORK/injected.yaml" >"$WORK/served.json"
  not cmp --quiet "$WORK/want.json" "$WORK/served.json" || return 1
  "$REMORA" uninject --filename="$WORK/served.json" | jq --sort-keys . >"$WORK/got.json"
  diff <(jq --sort-keys . "$WORK/want.json") "$WORK/got.json"
}

use_cluster
new_namespace shop
for example in "$EXAMPLES"/*.yaml; do
  check "$(basename "$example" .yaml): the API server's copy comes back as it was" gives_back "$example"
done
finish
