#!/usr/bin/env bash
# Tests on a real API server that Pods which it accepts are accepted after injection too: the random
# Pods of tests/property, sent with dryRun=All&fieldValidation=Strict, before and after. No webhook
# runs: the Pods are what the engine made of them.
#
# usage: tests/e2e/valid_test.sh
#
# environment:
#   REMORA_VALID_PODS   how many Pods (default 500)
#   REMORA_FIRST_SEED   the seed of the first (default 1)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly PODS=${REMORA_VALID_PODS:-500}
readonly FIRST_SEED=${REMORA_FIRST_SEED:-1}
readonly LAW_PODS=${REMORA_BINARIES:-$E2E_ROOT/build/release}/tests/property/law_pods

proxy_pid=

# A client for every Pod would cost more than the answers: one proxy carries all of them.
start_proxy() {
  kubectl proxy --port=0 >"$WORK/proxy.log" 2>&1 &
  proxy_pid=$!
  at_exit stop_proxy
  within "$EVENTUALLY_SECONDS" grep -q '^Starting to serve on' "$WORK/proxy.log" ||
    fail "kubectl proxy does not start: $(cat "$WORK/proxy.log")"
  PROXY=$(sed -n 's/^Starting to serve on //p' "$WORK/proxy.log")
}

stop_proxy() {
  kill "$proxy_pid" 2>/dev/null || true
  wait "$proxy_pid" 2>/dev/null || true
}

pods() {
  "$LAW_PODS" "$FIRST_SEED" "$PODS" |
    /usr/bin/python3 "$E2E_ROOT/tests/e2e/valid_pods.py" "$PROXY" law-pods
}

[[ $# == 0 ]] || die "takes no arguments"
[[ -x $LAW_PODS ]] || die "there is no $LAW_PODS: build it with hack/build.sh release law_pods"
use_cluster
new_namespace law-pods
start_proxy
check "of $PODS random Pods it accepts most, and all of those after injection" pods
sed 's/^/          | /' "$WORK/check.log"
finish
