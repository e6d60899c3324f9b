# shellcheck shell=bash
# What the tests on a real API server share. Source it right after `set -euo pipefail`:
#
#   use_cluster                    the one that hack/cluster.sh env speaks of, else one of the test's
#                                  own, which ends with it
#   use_own_cluster TIER           one of the test's own in any case
#   use_remora [FLAG...]           crds/ applied, remora-webhook started and registered
#   new_namespace NAME [LABEL=VALUE...]
#   check SENTENCE COMMAND...      prints PASS or FAIL; the output is shown when COMMAND fails
#   finish                         the last line of a test: fails when a check has failed
#
# and for checks:
#
#   not COMMAND...                 succeeds when it fails
#   says TEXT COMMAND...           it succeeds, with TEXT in its output
#   refuses TEXT COMMAND...        it fails, with TEXT in its output
#   eventually COMMAND...          it succeeds within EVENTUALLY_SECONDS
#   equal WANT GOT
#   pod_names NAMESPACE LABEL      of the Pods with the label, one a line
#   has_pods COUNT NAMESPACE LABEL
#   calls ENTRY                    how often the API server has asked this entry of the webhook so far
#
# WORK is a folder that goes when the test ends, as do namespaces, webhook and registration.

E2E_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly E2E_ROOT
# shellcheck source-path=SCRIPTDIR source=../../hack/lib.sh
source "$E2E_ROOT/hack/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/webhook.sh
source "$E2E_ROOT/hack/webhook.sh"

readonly EVENTUALLY_SECONDS=20
readonly NAMESPACE_GONE_SECONDS=30  # a deletion takes five
WORK=$(mktemp --directory "${TMPDIR:-/tmp}/remora-e2e.XXXXXX")
FAILED=0
PASSED=0
namespaces=()

# --- what a test runs on --------------------------------------------------------------------------

use_cluster() {
  local settings
  if settings=$("$E2E_ROOT/hack/cluster.sh" env 2>/dev/null); then
    eval "$settings"
    at_exit clean_up
  else
    use_own_cluster 2
  fi
}

use_own_cluster() {
  unset KUBECONFIG REMORA_USE_EXISTING_CLUSTER
  export REMORA_CLUSTER_DIR=$WORK/cluster
  at_exit clean_up
  "$E2E_ROOT/hack/cluster.sh" up --tier "$1"
  eval "$("$E2E_ROOT/hack/cluster.sh" env)"
}

use_remora() {
  apply_crds
  start_webhook "$WORK/webhook" "$@"
  register_webhook "$WORK/webhook"
}

clean_up() {
  if [[ ! -d $WORK/cluster && -n ${KUBECONFIG:-} ]]; then
    unregister_webhook
    ((${#namespaces[@]} == 0)) ||
      kubectl delete namespace "${namespaces[@]}" --ignore-not-found --wait=false >/dev/null
  fi
  stop_webhook "$WORK/webhook"
  [[ ! -d $WORK/cluster ]] || "$E2E_ROOT/hack/cluster.sh" down >/dev/null
  rm -rf "$WORK"
}

# An earlier test may have deleted one of that name a moment ago.
new_namespace() {
  local name=$1
  shift
  namespaces+=("$name")
  within "$NAMESPACE_GONE_SECONDS" kubectl create namespace "$name" ||
    fail "the namespace $name cannot be created: is it there already?"
  (($# == 0)) || kubectl label namespace "$name" "$@" >/dev/null
  # Without it, the namespace refuses Pods.
  within "$EVENTUALLY_SECONDS" kubectl --namespace "$name" get serviceaccount default ||
    kubectl --namespace "$name" create serviceaccount default >/dev/null
}

# --- checks ---------------------------------------------------------------------------------------

check() {
  local sentence=$1
  shift
  if "$@" >"$WORK/check.log" 2>&1; then
    PASSED=$((PASSED + 1))
    step "PASS  $sentence"
  else
    FAILED=$((FAILED + 1))
    step "FAIL  $sentence"
    sed 's/^/          | /' "$WORK/check.log"
  fi
}

finish() {
  ((FAILED == 0)) || fail "$FAILED checks failed, $PASSED passed"
  step "all $PASSED checks passed"
}

not() { ! "$@"; }

says() {
  local output
  output=$("${@:2}" 2>&1) || {
    echo "$output"
    return 1
  }
  echo "$output"
  [[ $output == *"$1"* ]] || { echo "it should say: $1" && return 1; }
}

refuses() {
  local output
  if output=$("${@:2}" 2>&1); then
    echo "$output"
    echo "it should fail"
    return 1
  fi
  echo "$output"
  [[ $output == *"$1"* ]] || { echo "it should say: $1" && return 1; }
}

eventually() { within "$EVENTUALLY_SECONDS" "$@"; }

equal() { [[ $1 == "$2" ]] || { echo "expected $1, got $2" && return 1; }; }

pod_names() {
  kubectl --namespace "$1" get pods --selector "$2" --no-headers \
    --output custom-columns=NAME:.metadata.name
}

has_pods() { [[ $(pod_names "$2" "$3" | wc -l) == "$1" ]]; }

calls() {
  kubectl get --raw /metrics | awk -v name="name=\"$1.patterns.remora.dev\"" '
    /^apiserver_admission_webhook_request_total\{/ && index($0, name) { sum += $NF }
    END { print sum + 0 }'
}
