#!/usr/bin/env bash
# The chart's rights, by the audit log of a real API server: webhook, operator and the hooks run with the tokens of the chart's
# ServiceAccounts, do all that they ever do, use every right of every rule that the chart renders, and are refused nothing.
#
# usage: tests/e2e/chart_rights_test.sh

# shellcheck disable=SC2119  # what is called without arguments takes more flags

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=chart.sh
source "$(dirname "${BASH_SOURCE[0]}")/chart.sh"

# With it there are all rights but those of certificates that others make.
readonly ALL=--set=replaceMissing.enabled=true
readonly NOT_OWN=--set=certificates.source=cert-manager,certificates.certManager.create=false
readonly OPERATOR_USER=system:serviceaccount:$SYSTEM:remora-operator
readonly WEBHOOK_USER=system:serviceaccount:$SYSTEM:remora-webhook
readonly PROGRAMS=("$SYSTEM:remora-operator" "$SYSTEM:remora-webhook")

# --- the audit log --------------------------------------------------------------------------------

audit_policy() {
  cat >"$WORK/audit.yaml" <<POLICY
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ["system:serviceaccounts:$SYSTEM"]
POLICY
  export REMORA_APISERVER_ARGS="--audit-policy-file=$WORK/audit.yaml --audit-log-path=$WORK/audit.log"
}

rights() { /usr/bin/python3 "$E2E_ROOT/tests/e2e/chart_rights.py" "$@"; }

# has_done USER VERB RESOURCE
has_done() {
  jq --exit-status --slurp --arg user "$1" --arg verb "$2" --arg resource "$3" \
    'any(.[]; .user.username == $user and .verb == $verb and .objectRef.resource == $resource)' "$WORK/audit.log"
}

unused() { rights unused "$1" "$WORK/audit.log" "${@:2}"; }

refused() { rights refused "$WORK/audit.log" "$@"; }

# With one more verb in every rule.
too_many() { sed 's/verbs: \[/verbs: [deletecollection, /' "$WORK/rendered.yaml"; }

# --- what is done ---------------------------------------------------------------------------------

readonly KINDS=(Sidecar Ambassador Adapter)

# Kept, numbered anew, and dropped.
edits_are_accepted() {
  local kind image
  for kind in "${KINDS[@]}"; do
    for image in 1 2 1 3; do
      pattern "$kind" "kept-${kind,,}" "$image" && eventually is_accepted "${kind,,}s" "kept-${kind,,}" || return
    done
  done
  for kind in "${KINDS[@]}"; do
    within 90 has_revisions "kept-${kind,,}" || return  # a minute after the last edit
  done
}

has_revisions() {
  equal 2 "$(kubectl --namespace "$SHOP" get controllerrevisions --output name | grep --count -- "-$1-")"
}

# A revision whose name is taken by something that is none, and that the operator does not watch.
taken_revision_is_replaced() {
  local name
  SHOP=default pattern Sidecar taken 1
  eventually has_taken_revision default || return
  name=$(revision_of_taken default)
  kubectl --namespace "$SHOP" apply --filename - <<REVISION || return
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: $name}
revision: 1
data: {}
REVISION
  pattern Sidecar taken 1
  eventually has_taken_revision "$SHOP"
}

revision_of_taken() {
  kubectl --namespace "$1" get controllerrevisions --selector patterns.remora.dev/pattern --output name |
    sed --quiet 's|.*/\(sidecar-taken-.*\)|\1|p'
}

has_taken_revision() { [[ -n $(revision_of_taken "$1") ]]; }

# The Secrets are looked at whenever a configuration changes.
damaged_secrets_are_mended() {
  kubectl --namespace "$SYSTEM" patch secret "$1" --type=merge --patch "{\"data\":{\"$2\":\"Zm9v\"}}" || return
  kubectl annotate mutatingwebhookconfiguration remora "e2e-$1=damaged" || return
  eventually not says Zm9v kubectl --namespace "$SYSTEM" get secret "$1" --output yaml
}

# For each kind one that is not there.
unknown_patterns_are_asked_for() {
  local kind
  for kind in "${KINDS[@]}"; do
    pod_with "${kind,,}" nobody || true
  done
}

# pod_with KEY PATTERN: as a dry run
pod_with() {
  kubectl --namespace "$SHOP" create --dry-run=server --output json --filename - <<POD
apiVersion: v1
kind: Pod
metadata: {generateName: web-, annotations: {patterns.remora.dev/$1: $2}}
spec: {containers: [{name: web, image: web}]}
POD
}

# A Pod of a pattern that is pinned, and that the webhook has not heard of: nothing comes through its watches any more. What it asks
# itself on a connection that it has kept gets no answer either, hence more than one try.
pinned_revision_is_asked_for() {
  kill -HUP "$PROXY"
  pattern Sidecar pinned 1 'pinnedRevision: bbbbbbbbbb' || return
  eventually asks_for_pinned
}

asks_for_pinned() {
  pod_with sidecar pinned
  has_done "$WEBHOOK_USER" get controllerrevisions
}

# Between the webhook and the API server.
start_proxy() {
  local server port
  server=$(kubectl config view --raw --output 'jsonpath={.clusters[0].cluster.server}')
  port=$(/usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1)
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/tcp_proxy.py" "$port" "${server##*:}" &
  PROXY=$!
  at_exit kill "$PROXY"
  sed --in-place "s|$server|https://127.0.0.1:$port|" "$WORK/remora-webhook.kubeconfig"
}

# A controller tries again and again, and its Events are counted.
refusals_are_told() {
  deployment refused ambassador nobody
  eventually says nobody events PatternNotFound && eventually has_done "$WEBHOOK_USER" patch events
}

stateful_set() {
  kubectl --namespace "$SHOP" apply --filename - <<STATEFUL_SET
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: missed}
spec:
  serviceName: missed
  selector: {matchLabels: {app: missed}}
  template:
    metadata: {labels: {app: missed}, annotations: {patterns.remora.dev/sidecar: kept-sidecar}}
    spec: {containers: [{name: web, image: web}]}
STATEFUL_SET
}

scale() { kubectl --namespace "$SHOP" scale statefulset missed --replicas "$1" && eventually has_pods "$1" "$SHOP" app=missed; }

# Of the same Pod twice, which makes the second a patch of the first.
missing_pods_are_told() {
  stateful_set && eventually says "came without it" events PodsMissing || return
  local i
  for ((i = 0; i < 3; i++)); do
    # Longer than the operator gathers changes.
    scale 0 && sleep 2 && scale 1 || return
    within 10 has_done "$OPERATOR_USER" patch events && return
  done
  return 1
}

webhook_ignores_failures() {
  kubectl patch mutatingwebhookconfiguration remora --type=json \
    --patch '[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]'
}

missing_pods_are_replaced() {
  webhook_endpoint
  pattern Sidecar kept-sidecar 3 'update: {replaceMissing: true}' && eventually injected missed
}

# --- the parts of the test ------------------------------------------------------------------------

# Each right by itself, for when the audit log can say that a rule is too wide only by its verbs.
may_not() { refuses no kubectl auth can-i --as "$@"; }

rights_are_few() {
  check "the operator may not evict by default" \
    may_not "$OPERATOR_USER" create pods --subresource=eviction --namespace "$SHOP"
  check "nor create Pods where they could run" may_not "$OPERATOR_USER" create pods --namespace "$SHOP"
  check "nor read other Secrets" may_not "$OPERATOR_USER" get secrets/other --namespace "$SYSTEM"
  check "nor change the webhooks of others" \
    may_not "$OPERATOR_USER" patch mutatingwebhookconfigurations/other
  check "nor a pattern" may_not "$OPERATOR_USER" patch sidecars --namespace "$SHOP"
  check "the webhook may not read Secrets at all" may_not "$WEBHOOK_USER" get secrets --namespace "$SYSTEM"
}

everything_is_done() {
  as_service_account remora-operator
  as_service_account remora-webhook
  run_operator "$ALL"
  eventually all_trust_the_operator || fail "the operator with the chart's rights does not fill in the caBundle"
  mount_certificate
  lead_service_to_localhost
  start_proxy
  run_webhook "$ALL"
  eventually api_server_asks_webhook || fail "the API server does not ask the webhook by the chart's Service"
  check "patterns of each kind are accepted, and their revisions kept, numbered and dropped" edits_are_accepted
  check "a revision's name that is taken is taken back" taken_revision_is_replaced
  check "a damaged certificate is mended" damaged_secrets_are_mended remora-webhook-tls tls.crt
  check "so is a damaged authority" damaged_secrets_are_mended remora-webhook-ca ca.crt
  mount_certificate
  check "the webhook asks for patterns that it does not know" unknown_patterns_are_asked_for
  check "and for a revision of one that it has not heard of" pinned_revision_is_asked_for
  stop_webhook "$WORK/webhook"
  run_webhook "$ALL"
  check "it tells of refusals, and how many" refusals_are_told
  stop_webhook "$WORK/webhook"
  webhook_ignores_failures >/dev/null
  check "the operator tells of Pods that were missed, and how often" missing_pods_are_told
  run_webhook "$ALL"
  check "and replaces them" missing_pods_are_replaced
  stop_operator "$WORK/operator"
  stop_webhook "$WORK/webhook"
}

rights_suffice() {
  template "$ALL" >"$WORK/rendered.yaml"
  check "every right of both programs has been used" unused "$WORK/rendered.yaml" "${PROGRAMS[@]}"
  check "they were refused nothing" refused "${PROGRAMS[@]}"
  check "one that is not needed is noticed" refuses "remora-operator: deletecollection secrets remora-webhook-ca in $SYSTEM" \
    unused <(too_many) "${PROGRAMS[@]}"
  local program
  for program in operator webhook; do
    check "the $program's log has no complaint about rights" \
      not grep --ignore-case forbidden "$WORK/$program/logs/remora-$program.log"
  done
}

# Certificates of others: the only rule that is another then.
foreign_certificate() {
  local before
  before=$(wc --lines <"$WORK/audit.log")
  upgrade "$NOT_OWN" >/dev/null
  kubectl --namespace "$SYSTEM" delete secret remora-webhook-ca >/dev/null
  run_operator "$NOT_OWN"
  check "the operator carries the authority of a certificate that others have made" eventually all_trust_the_operator
  stop_operator "$WORK/operator"
  template "$NOT_OWN" >"$WORK/not-own.yaml"
  tail --lines="+$((before + 1))" "$WORK/audit.log" >"$WORK/since.log"
  check "for which it has used every right about Secrets" not grep secrets \
    <(rights unused "$WORK/not-own.yaml" "$WORK/since.log" "$SYSTEM:remora-operator" 2>&1)
  check "and was refused nothing" rights refused "$WORK/since.log" "$SYSTEM:remora-operator"
}

# hook FILE: without what a node would run
hook() {
  documents --show-only "templates/$1" | jq 'select(.kind != "Job" and .kind != "Pod")' | kubectl apply --filename -
}

no_configuration() { equal "" "$(kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations --output name)"; }

hooks() {
  run_webhook
  hook tests/admission.yaml >/dev/null
  as_service_account remora-test
  check "the Pod of helm test may ask what it asks, and gets its companion" eventually tried_pod
  stop_webhook "$WORK/webhook"
  hook uninstall-hook.yaml >/dev/null
  as_service_account remora-uninstall
  check "the Job of the uninstallation removes both webhook configurations" \
    "$OPERATOR_PROGRAM" remove-webhooks --kubeconfig="$WORK/remora-uninstall.kubeconfig"
  check "which are gone" no_configuration
  check "it is content with that" "$OPERATOR_PROGRAM" remove-webhooks --kubeconfig="$WORK/remora-uninstall.kubeconfig"
  template >"$WORK/hooks.yaml"
  check "both have used every right" unused "$WORK/hooks.yaml" "$SYSTEM:remora-uninstall" "$SYSTEM:remora-test"
  check "and were refused nothing" refused "$SYSTEM:remora-uninstall" "$SYSTEM:remora-test"
  check "who has no right is told so" refuses "mutatingwebhookconfigurations/remora" \
    "$OPERATOR_PROGRAM" remove-webhooks --kubeconfig="$WORK/remora-webhook.kubeconfig"
}

# What `remora doctor --try-pattern` does.
tried_pod() {
  local KUBECONFIG=$WORK/remora-test.kubeconfig SHOP=remora-catalog
  export KUBECONFIG
  pod_with sidecar remora-test | jq --exit-status '.spec.initContainers[] | select(.name == "remora-test")'
}

main() {
  need_commands jq curl
  find_helm
  audit_policy
  use_chart_cluster
  install >/dev/null
  rights_are_few
  upgrade "$ALL" >/dev/null
  everything_is_done
  rights_suffice
  foreign_certificate
  hooks
  finish
}

main "$@"
