#!/usr/bin/env bash
# The chart on a real API server, with helm: what it installs, changes and leaves. There are no nodes, so its Pods stay Pending;
# webhook and operator run beside it with the tokens of its ServiceAccounts and the flags of its Deployments.
#
# The API server asks the webhook by the chart's Service, which the test leads to localhost, and with the certificate that the
# operator has made. chart_values_test.sh, chart_metrics_test.sh and chart_rights_test.sh test the rest.
#
# usage: tests/e2e/chart_test.sh

# shellcheck disable=SC2119  # what is called without arguments takes more flags

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=chart.sh
source "$(dirname "${BASH_SOURCE[0]}")/chart.sh"

# Whose kinds the chart makes objects of: MODULE@VERSION FOLDER FILE...
readonly PROMETHEUS_OPERATOR=(
  github.com/prometheus-operator/prometheus-operator@v0.80.1 example/prometheus-operator-crd
  monitoring.coreos.com_{podmonitors,prometheusrules,servicemonitors}.yaml
)
readonly CERT_MANAGER=(
  github.com/cert-manager/cert-manager@v1.19.1 deploy/crds
  cert-manager.io_{certificates,issuers}.yaml
)
readonly EVERYTHING=(
  --set networkPolicy.enabled=true --set certificates.source=cert-manager
  --set monitoring.interval=30s --set monitoring.labels.release=prometheus
  --set monitoring.serviceMonitor.enabled=true --set monitoring.podMonitor.enabled=true
  --set monitoring.prometheusRule.enabled=true
  --set monitoring.dashboard.enabled=true --set monitoring.dashboard.annotations.folder=Remora
)

generations() {
  kubectl get mutatingwebhookconfiguration/remora validatingwebhookconfiguration/remora \
    --output 'jsonpath={.items[*].metadata.generation}'
}

deployment_generations() {
  kubectl --namespace "$SYSTEM" get deployments --output 'jsonpath={.items[*].metadata.generation}'
}

# --- GitOps ---------------------------------------------------------------------------------------

# What such a tool applies: all but the hooks.
desired() {
  documents --set "webhook.servicePort=$PORT" |
    jq 'select(.metadata.annotations["helm.sh/hook"] == null)'
}

# apply_as_gitops [FLAG...]
apply_as_gitops() { desired | kubectl apply --server-side --force-conflicts --field-manager=gitops --filename - "$@"; }

diff_of_gitops() { desired | kubectl diff "$@" --filename -; }

gitops() {
  local before deployments
  before=$(generations) deployments=$(deployment_generations)
  check "kubectl diff finds nothing after the operator has written" diff_of_gitops
  check "nor does that of server-side apply" diff_of_gitops --server-side --force-conflicts --field-manager=gitops
  check "what another tool applies on top" apply_as_gitops
  check "takes nobody's caBundle away" all_trust_the_operator
  check "and changes no webhook configuration" equal "$before" "$(generations)"
  check "and no Deployment" equal "$deployments" "$(deployment_generations)"
  check "a difference would be found" refuses 'failurePolicy' diff_with_ignore
}

diff_with_ignore() { desired | sed 's/"failurePolicy": "Fail"/"failurePolicy": "Ignore"/' | kubectl diff --filename -; }

# --- kinds of others ------------------------------------------------------------------------------

# apply_foreign MODULE@VERSION FOLDER FILE...
apply_foreign() {
  local folder file
  folder=$(go mod download -json "$1" | jq --raw-output .Dir)/$2
  for file in "${@:3}"; do
    kubectl apply --server-side --filename "$folder/$file" || return
  done
}

serves_foreign_kinds() { kubectl get servicemonitors,podmonitors,prometheusrules,certificates,issuers; }

is_taken() {
  documents "${EVERYTHING[@]}" | jq 'select((.kind | IN("NetworkPolicy", "ServiceMonitor", "PodMonitor", "PrometheusRule",
    "Certificate", "Issuer")) or .metadata.name == "remora-dashboard")' >"$WORK/optional.json"
  equal 11 "$(jq --slurp length "$WORK/optional.json")" &&
    kubectl create --dry-run=server --validate=strict --filename "$WORK/optional.json"
}

foreign_kinds() {
  apply_foreign "${PROMETHEUS_OPERATOR[@]}" >/dev/null
  apply_foreign "${CERT_MANAGER[@]}" >/dev/null
  eventually serves_foreign_kinds || fail "the API server does not serve the kinds of others"
  check "policies, monitors, rules, dashboard and certificates are what their kinds demand" is_taken
}

# --- the test -------------------------------------------------------------------------------------

prepare() {
  need_go
  need_commands jq curl
  find_helm
  use_chart_cluster
}

# notes [FLAG...]: of an upgrade that is not made
notes() { upgrade --dry-run=server "$@" | sed --quiet '/^NOTES:/,$p'; }

installation() {
  kubectl --namespace "$SHOP" create rolebinding editors --clusterrole=edit --group=e2e-editors >/dev/null
  check "the API server takes it all" says "STATUS: deployed" install
  check "its Pods wait for a node" eventually has_pods 4 "$SYSTEM" app.kubernetes.io/part-of=remora
  check "they are restricted" not says "violate" kubectl label --dry-run=server --overwrite \
    namespace "$SYSTEM" pod-security.kubernetes.io/enforce=restricted
  check "who may edit a namespace may write its patterns" eventually says yes kubectl auth can-i \
    --as=somebody --as-group=e2e-editors create sidecars --namespace "$SHOP"
  check "a second release is refused with the name of the first" \
    refuses "Remora is there already, as release remora in namespace $SYSTEM" \
    helm install second "$CHART" --namespace e2e-second --create-namespace
}

advice() {
  check "the notes have the next three commands" says "helm test remora --namespace $SYSTEM" notes
  check "and say that no image is published" says "no image called remora is published" notes
  check "which is not so for one of a registry" not says "no image called" notes --set image.registry=r.example
  check "one replica with Fail is warned of" says "with webhook.replicas=1" notes --set webhook.replicas=1
  check "so is Ignore" says "Pods come without their companions" notes --set webhook.failurePolicy.named=Ignore
  check "and a webhook that does not drain" says "webhook.drainSeconds=0" notes --set webhook.drainSeconds=0
  check "and a short lease" says "operator.leaseSeconds below 12" notes --set operator.leaseSeconds=5
  check "and a selector that the operator does not know" \
    says "count as missed" notes --set webhook.objectSelector.matchLabels.a=b
  check "nothing of that by default" not says "WARNING: with" notes
}

programs() {
  as_service_account remora-operator
  as_service_account remora-webhook
  run_operator
  check "an operator with the chart's rights leads" eventually leads
  check "it makes the certificate and fills in the caBundle" eventually all_trust_the_operator
  gitops
  mount_certificate
  lead_service_to_localhost
  run_webhook
  check "the API server asks the webhook by the chart's Service" eventually api_server_asks_webhook
  pattern Sidecar saver 1 >/dev/null
  check "a pattern is accepted" eventually is_accepted sidecars saver
  deployment web sidecar saver
  check "a Pod gets it" eventually injected web
}

upgrades() {
  local before
  before=$(generations)
  check "an upgrade without a change" upgrade
  check "leaves the webhook configurations alone" equal "$before" "$(generations)"
  stop_webhook "$WORK/webhook"
  check "an upgrade that changes them" upgrade --set webhook.failurePolicy.named=Ignore
  check "leaves the caBundle alone" all_trust_the_operator
  deployment missed sidecar saver
  check "with Ignore, Pods are created while no webhook answers" eventually has_pods 1 "$SHOP" app=missed
  stop_operator "$WORK/operator"
}

uninstallation() {
  check "it is uninstalled" says "uninstalled" helm uninstall remora --namespace "$SYSTEM" --wait
  check "the patterns stay" says saver kubectl --namespace "$SHOP" get rsc
  check "the Pods stay" injected web
  check "the catalog stays" kubectl get namespace remora-catalog
  check "new Pods ask nobody" says created kubectl --namespace "$SHOP" create --dry-run=server --filename - <<'POD'
apiVersion: v1
kind: Pod
metadata: {name: later, annotations: {patterns.remora.dev/sidecar: saver}}
spec: {containers: [{name: web, image: web}]}
POD
  check "it can be installed again" says "STATUS: deployed" install
  # As the hook does.
  check "the webhook configurations are removed first" "$OPERATOR_PROGRAM" remove-webhooks --kubeconfig="$KUBECONFIG"
  check "and Helm misses nothing then" says "uninstalled" helm uninstall remora --namespace "$SYSTEM" --wait
}

main() {
  prepare
  installation
  advice
  foreign_kinds
  programs
  upgrades
  uninstallation
  finish
}

main "$@"
