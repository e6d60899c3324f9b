#!/usr/bin/env bash
# Shows the main job: Pods that a Deployment makes in a real API server get their companions.
#
# Installs packages, builds, starts a throw-away control plane, applies patterns and Deployments,
# shows what the Pods got and why, and removes everything again. The control plane has no nodes:
# Pods stay Pending, and what is shown is what a node would be told to run.
#
# usage: hack/demo.sh                 everything, from an empty machine to an empty machine
#        hack/demo.sh --keep          leave the control plane, the webhook and the operator running
#        hack/demo.sh --stop FOLDER   end what --keep has left (it prints this command)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=webhook.sh
source "$(dirname "${BASH_SOURCE[0]}")/webhook.sh"
# shellcheck source-path=SCRIPTDIR source=operator.sh
source "$(dirname "${BASH_SOURCE[0]}")/operator.sh"

readonly WIDTH=100
readonly PODS_SECONDS=10

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# --- around the show ------------------------------------------------------------------------------

start_demo() {
  DEMO=$(mktemp --directory "${TMPDIR:-/tmp}/remora-demo.XXXXXX")
  at_exit end_demo_unless_kept
  export REMORA_CLUSTER_DIR=$DEMO/cluster
  "$REMORA_ROOT/hack/cluster.sh" up
  eval "$("$REMORA_ROOT/hack/cluster.sh" env)"
  step "applying crds/"
  apply_crds
  step "starting remora-webhook"
  start_webhook "$DEMO/webhook"
  register_webhook "$DEMO/webhook"
  step "remora-webhook is ready at $WEBHOOK_URL, and the API server asks it"
  step "starting remora-operator"
  start_operator "$DEMO/operator" --namespace=default --certificates=none
}

KEPT=

end_demo_unless_kept() { [[ -n $KEPT ]] || end_demo; }

end_demo() {
  stop_operator "$DEMO/operator"
  stop_webhook "$DEMO/webhook"
  REMORA_CLUSTER_DIR=$DEMO/cluster "$REMORA_ROOT/hack/cluster.sh" down >/dev/null
  rm -rf "$DEMO"
  step "the control plane, the webhook and the operator are gone, and so is $DEMO"
}

stop_kept_demo() {
  DEMO=$1
  [[ -f $DEMO/webhook/port && -d $DEMO/cluster ]] || die "$DEMO is not the folder of a demo"
  end_demo
}

keep_demo() {
  KEPT=yes
  heading "It keeps running"
  echo "To use it, with kubectl on the PATH:"
  "$REMORA_ROOT/hack/cluster.sh" env | grep -E '^export (KUBECONFIG|PATH)='
  echo "To end it:"
  printf '  hack/demo.sh --stop %q\n' "$DEMO"
}

# --- how it looks ---------------------------------------------------------------------------------

BOLD='' PLAIN=''
if [[ -t 1 ]]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; fi

heading() {
  local rule
  printf -v rule '%*s' $((WIDTH - ${#1} - 4)) ''
  printf '\n%s── %s %s%s\n\n' "$BOLD" "$1" "${rule// /─}" "$PLAIN"
}

# shown COMMAND...: prints it as the reader could type it, and runs it
shown() {
  printf '%s$ %s%s\n' "$BOLD" "$*" "$PLAIN"
  "$@" | fold --spaces --width=$WIDTH
}

say() { fold --spaces --width=$WIDTH <<<"$*"; }

# So that what is shown can be typed as it is shown: from the repository, with both on the PATH.
remora() { "$REMORA_ROOT/build/release/operator/cli/remora" "$@"; }

# --- the show -------------------------------------------------------------------------------------

has_injected_pod() {
  [[ -n $(kubectl --namespace shop get pods --selector "app=$1,patterns.remora.dev/injected" --output name) ]]
}

# explain_deployment NAME: what it asks for, the decision, and what came of it
explain_deployment() {
  shown grep remora "hack/demo/$1.yaml"
  shown kubectl apply -f "hack/demo/$1.yaml"
  echo
  shown remora explain -f "hack/demo/$1.yaml" --patterns hack/demo/patterns
  echo
  within "$PODS_SECONDS" has_injected_pod "$1" ||
    fail "the Deployment $1 has no injected Pod after $PODS_SECONDS s"
  shown kubectl -n shop get pods -l "app=$1" -o custom-columns-file=hack/demo/pod-columns
  shown kubectl -n shop get pods -l "app=$1" -o 'custom-columns=VOLUMES:.spec.volumes[*].name'
}

# The Deployment says of its ReplicaSet that it cannot create Pods, and an event says why.
was_refused() {
  kubectl --namespace shop wait "deployment/$1" --for=condition=ReplicaFailure --timeout=0s &&
    [[ -n $(kubectl --namespace shop get events --field-selector reason=FailedCreate --output name) ]]
}

show() {
  heading "The patterns"
  say "Each is written once. A workload asks for it by an annotation of its Pod template. (There are no" \
    "nodes here, so that Pods stay Pending: what follows is what a node would be told to run.)"
  echo
  shown kubectl apply -f hack/demo/namespaces.yaml -f hack/demo/patterns/
  echo
  shown kubectl get patterns --all-namespaces -o custom-columns-file=hack/demo/pattern-columns

  heading "1. Sidecar: nginx, and a log saver that shares a volume with it"
  explain_deployment web

  heading "2. Ambassador: an application that only knows localhost, and a proxy to its Redis"
  explain_deployment cart

  heading "3. Adapter: nginx with a status page, and metrics made of it"
  explain_deployment status

  heading "All three in one Pod"
  explain_deployment storefront

  heading "A misspelt name"
  shown grep remora hack/demo/misspelt.yaml
  shown kubectl apply -f hack/demo/misspelt.yaml
  within "$PODS_SECONDS" was_refused misspelt || fail "the Deployment misspelt was not refused"
  echo
  shown kubectl -n shop get deployment misspelt
  shown kubectl -n shop get events --field-selector reason=FailedCreate \
    -o 'custom-columns=MESSAGE:.message'
}

main() {
  local keep=
  case ${1:-} in
    '') ;;
    --keep) [[ $# == 1 ]] || die "unknown argument $2; see hack/demo.sh --help" && keep=yes ;;
    --stop) [[ $# == 2 ]] || die "--stop takes the folder that --keep has printed" ;;
    -h | --help) usage && return ;;
    *) die "unknown argument $1; see hack/demo.sh --help" ;;
  esac
  if [[ ${1:-} == --stop ]]; then stop_kept_demo "$2" && return; fi
  unset KUBECONFIG REMORA_USE_EXISTING_CLUSTER REMORA_APISERVER_ARGS

  "$REMORA_ROOT/hack/setup.sh"
  "$REMORA_ROOT/hack/build.sh" release remora remora-webhook remora-operator
  cd "$REMORA_ROOT"
  start_demo
  show
  if [[ -n $keep ]]; then keep_demo; else echo; fi
}

main "$@"
