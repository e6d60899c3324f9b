#!/usr/bin/env bash
# Runs the commands in the documents (hack/docs.py) on a real control plane, in order and as they stand there, with webhook and
# operator running; compares what they print with what the documents say they do, and the table of metrics with what the programs
# expose. Blocks with needs=helm run where Remora is not installed yet, each document with a release of its own.
#
# usage: tests/e2e/docs_test.sh [DOCUMENT...]

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly BINARIES=${REMORA_BINARIES:-$E2E_ROOT/build/release}
readonly SYSTEM=remora-system
readonly METRICS_SECONDS=20

docs() { /usr/bin/python3 "$E2E_ROOT/hack/docs.py" "$@"; }

# --- where the blocks run -------------------------------------------------------------------------

# What a reader has on the PATH.
programs() {
  mkdir -p "$WORK/bin"
  ln -sfn "$BINARIES/operator/cli/remora" "$WORK/bin/remora"
  HELM=$("$E2E_ROOT/hack/helm.sh")
  # There is no node on which a hook could run.
  cat >"$WORK/bin/helm" <<HELM
#!/bin/sh
[ "\$1" != uninstall ] || set -- "\$@" --no-hooks
exec "$HELM" "\$@"
HELM
  chmod +x "$WORK/bin/helm"
  export HELM_CACHE_HOME=$WORK/helm HELM_CONFIG_HOME=$WORK/helm HELM_DATA_HOME=$WORK/helm
  export PATH="$WORK/bin:$PATH"
}

# A folder that looks like the repository, so that what a block writes stays out of it.
scratch_folder() {
  local folder=$WORK/scratch/${1//\//-} name
  mkdir -p "$folder/build"
  for name in charts crds hack tests; do
    ln -sfn "$E2E_ROOT/$name" "$folder/$name"
  done
  ln -sfn "$BINARIES" "$folder/build/release"
  echo "$folder"
}

# run_blocks DOCUMENT NEED: those of its blocks that need it. after_NEED is told of each.
run_blocks() {
  local document=$1 need=$2 folder block blocks
  folder=$(scratch_folder "$document")
  [[ $need != build ]] || folder=$E2E_ROOT
  mapfile -t blocks < <(docs blocks "$document" | awk -v need="$need" '$2 == need { print $1 }')
  for block in "${blocks[@]}"; do
    check "$document: $block" docs run "$document" "$block" "$folder"
    "after_$need" "$block"
  done
}

after_cluster() { :; }
after_build() { :; }

# uninstall RELEASE NAMESPACE: if it is there
uninstall() {
  ! helm status "$1" --namespace "$2" >/dev/null 2>&1 || helm uninstall "$1" --namespace "$2" --wait >/dev/null
}

has_blocks() { [[ "$(docs blocks "$1")"$'\n' == *" $2"$'\n'* ]]; }

# --- with webhook and operator --------------------------------------------------------------------

exposes_what_is_told() {
  webhook_get "$WORK/webhook" /metrics >"$WORK/webhook.metrics"
  operator_get "$WORK/operator" /metrics >"$WORK/operator.metrics"
  docs metrics "$WORK/webhook.metrics" "$WORK/operator.metrics"
}

# What a program has no series of yet comes in a moment.
metrics_are_told() {
  within "$METRICS_SECONDS" exposes_what_is_told || exposes_what_is_told
}

on_a_cluster_with_remora() {
  local document
  # shellcheck disable=SC2119  # our arguments are documents
  use_remora
  new_namespace "$SYSTEM"
  start_operator "$WORK/operator" --identity=docs --namespace="$SYSTEM"
  kubectl apply --filename "$E2E_ROOT/hack/demo/namespaces.yaml" >/dev/null
  for document in "$@"; do
    [[ $document != charts/* ]] || run_blocks "$document" cluster
  done
  # The guides are read with the demo kept running, whose patterns have names of the catalog's.
  uninstall remora-catalog remora-catalog
  kubectl apply --filename "$E2E_ROOT/hack/demo/patterns" >/dev/null
  for document in "$@"; do
    [[ $document == charts/* ]] || run_blocks "$document" cluster
  done
  check "the metrics are those that charts/remora/OPERATIONS.md tells" metrics_are_told
  stop_operator "$WORK/operator"
  stop_webhook "$WORK/webhook"
}

# --- with helm ------------------------------------------------------------------------------------

end_operator() { stop_operator "$WORK/operator"; }

# There is no node for the release's Pods: its operator runs here, with the rights of its ServiceAccount,
# and is started anew where a reader does it.
after_helm() {
  case $1 in
    install | *-install | *-rotate) end_operator ;;
    *) return 0 ;;
  esac
  local token
  token=$(kubectl --namespace "$SYSTEM" create token remora-operator)
  kubectl config view --raw --minify --flatten --output json |
    jq --arg token "$token" '.users[0].user = {token: $token}' >"$WORK/operator.kubeconfig"
  OPERATOR_KUBECONFIG=$WORK/operator.kubeconfig \
    start_operator "$WORK/operator" --identity=docs --namespace="$SYSTEM"
}

is_gone() { not kubectl get namespace remora-sealed; }

without_release() {
  end_operator
  uninstall remora "$SYSTEM"
  within "$NAMESPACE_GONE_SECONDS" is_gone || fail "the namespace remora-sealed stays"
}

on_a_cluster_without_remora() {
  local document
  "$E2E_ROOT/hack/cluster.sh" down
  "$E2E_ROOT/hack/cluster.sh" up
  for document in "$@"; do
    has_blocks "$document" helm || continue
    run_blocks "$document" helm
    without_release
  done
}

# --- the test -------------------------------------------------------------------------------------

in_the_repository() {
  local document
  for document in "$@"; do
    has_blocks "$document" build || continue
    if [[ -n ${REMORA_BINARIES:-} ]]; then
      step "not run, for the programs are not those of build/release: needs=build of $document"
    else
      run_blocks "$document" build
    fi
  done
}

main() {
  need_commands jq curl openssl
  local documents=("$@")
  (($# > 0)) || mapfile -t documents < <(docs documents)
  programs
  # So that a proxy is not asked for the Service.
  export NO_PROXY="${NO_PROXY:+$NO_PROXY,}.svc" no_proxy="${no_proxy:+$no_proxy,}.svc"
  use_own_cluster 2
  at_exit end_operator
  on_a_cluster_with_remora "${documents[@]}"
  on_a_cluster_without_remora "${documents[@]}"
  in_the_repository "${documents[@]}"
  finish
}

main "$@"
