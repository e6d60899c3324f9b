#!/usr/bin/env bash
# Tests on a real API server that the examples of tests/golden/examples/ come out as expected there.
# Both sides are the API server's own answers: the Pod that it made with the webhook, and the
# expected one, sent to a namespace for which the webhook is not called.
#
# usage: tests/e2e/examples_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly EXAMPLES=$E2E_ROOT/tests/golden/examples
readonly PLAIN=shop-as-expected
readonly REMORA=${REMORA_BINARIES:-$E2E_ROOT/build/release}/operator/cli/remora

pods() { /usr/bin/python3 "$E2E_ROOT/tests/e2e/pods.py" "$@"; }

# sent_as_it_is FILE: the API server's answer where no webhook is called
sent_as_it_is() { kubectl --namespace "$PLAIN" create --dry-run=server --output json --filename "$1"; }

expected_pod() {
  sed "s/^  namespace: shop$/  namespace: $PLAIN/" "$EXAMPLES/expected/$1.yaml" >"$WORK/$1.yaml"
  sent_as_it_is "$WORK/$1.yaml"
}

# made_pod NAME SELECTOR: of the workload that was applied
made_pod() {
  kubectl --namespace shop get pods --selector "$2" --output json | jq --exit-status '.items[0]'
}

# printed_pod NAME: what `remora inject` makes of the same file
printed_pod() {
  "$REMORA" inject -f "$EXAMPLES/$1.yaml" | pods template >"$WORK/$1.printed.json"
  sent_as_it_is "$WORK/$1.printed.json"
}

# example NAME SELECTOR
example() {
  local name=$1 selector=$2
  check "$name: its pattern and its workload are taken" \
    kubectl apply --filename "$EXAMPLES/$name.yaml"
  check "$name: there is a Pod" eventually has_pods 1 shop "$selector"
  expected_pod "$name" >"$WORK/expected.json"
  made_pod "$name" "$selector" >"$WORK/made.json"
  check "$name: the Pod is the expected one" pods compare "$WORK/expected.json" "$WORK/made.json"
  printed_pod "$name" >"$WORK/printed.json"
  check "$name: remora inject prints the same" \
    pods compare "$WORK/expected.json" "$WORK/printed.json"
}

# is_noticed SED: the comparison sees this difference
is_noticed() {
  sed "$1" "$WORK/made.json" >"$WORK/changed.json"
  not cmp "$WORK/made.json" "$WORK/changed.json" &&
    not pods compare "$WORK/made.json" "$WORK/changed.json"
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace remora-catalog
new_namespace shop
new_namespace "$PLAIN" patterns.remora.dev/injection=disabled

example log-saver app=shop
check "tripwire: a missing token mount" is_noticed '0,/kube-api-access-/s//other-/'
check "tripwire: another path in the record" is_noticed 's/log-saver--state\\"\]/log-saver--stat\\"]/'
check "tripwire: another grace period" is_noticed 's/"terminationGracePeriodSeconds": 40/"terminationGracePeriodSeconds": 41/'
example redis app=cart
example login app=admin
example nginx-exporter app.kubernetes.io/name=nginx
# The Pod of this one is not made by a controller and has no label of its own.
kubectl --namespace shop delete deployments --all --wait=false >/dev/null
check "the Pods of the Deployments go" eventually has_pods 0 shop patterns.remora.dev/injected=true
example git-sync patterns.remora.dev/injected=true
finish
