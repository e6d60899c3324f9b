#!/usr/bin/env bash
# The chart on a real API server, with helm: what it refuses, installs, changes and leaves. There are no nodes, so its Pods stay
# Pending; webhook and operator run beside it with the tokens of its ServiceAccounts, and all that they do has to be allowed.
#
# The API server asks the webhook by the chart's Service, which the test leads to localhost, and with the certificate that the
# operator has made.
#
# usage: tests/e2e/chart_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly CHART=$E2E_ROOT/charts/remora
readonly SYSTEM=remora-system
readonly SHOP=e2e-chart
readonly SERVICE=remora-webhook.$SYSTEM.svc
readonly OPERATOR_USER=system:serviceaccount:$SYSTEM:remora-operator
readonly WEBHOOK_USER=system:serviceaccount:$SYSTEM:remora-webhook

# --- helm -----------------------------------------------------------------------------------------

find_helm() {
  HELM=$("$E2E_ROOT/hack/helm.sh")
  export HELM_CACHE_HOME=$WORK/helm HELM_CONFIG_HOME=$WORK/helm HELM_DATA_HOME=$WORK/helm
}

helm() { "$HELM" "$@"; }

# template [FLAG...]: as for the namespace of an installation
template() { helm template remora "$CHART" --namespace "$SYSTEM" --kube-version 1.36 "$@"; }

install() {
  helm install remora "$CHART" --namespace "$SYSTEM" --create-namespace \
    --set "webhook.servicePort=$PORT"
}

# upgrade [FLAG...]
upgrade() {
  helm upgrade remora "$CHART" --namespace "$SYSTEM" --set "webhook.servicePort=$PORT" "$@"
}

# The entries of a configuration, without where they lead but for the path.
entries() {
  /usr/bin/python3 -c '
import json, sys, yaml
for document in yaml.safe_load_all(sys.stdin):
    for entry in document["webhooks"]:
        client = entry.pop("clientConfig")
        path = client["service"]["path"] if "service" in client else client["url"].removeprefix("URL")
        print(document["kind"], path, json.dumps(entry, sort_keys=True))'
}

entries_of_hack() {
  sed 's|@URL@|URL|; s|@CA_BUNDLE@||' "$E2E_ROOT/hack/webhook-configuration.yaml.in" | entries
}

entries_of_chart() { template --show-only templates/webhook-configurations.yaml | entries; }

wrong_values() {
  check "an unknown value is refused" \
    refuses "additional properties 'replica' not allowed" template --set webhook.replica=1
  check "so is one out of its range" refuses "minimum" template --set webhook.replicas=0
  check "and a word that is none of those" \
    refuses "must be one of" template --set webhook.failurePolicy.named=Never
  check "the namespace default is refused" refuses "must have a namespace of its own" \
    template --namespace default
  check "a sealed namespace in use is refused" \
    refuses "its quota admits no Pods" template --set "sealedNamespace.name=$SYSTEM"
  check "the kubelet's port is refused" \
    refuses "there it is the kubelet's" template --set webhook.hostNetwork=true
  check "another port is not" says "hostNetwork: true" \
    template --set webhook.hostNetwork=true,webhook.port=10255
  check "a server older than 1.33 is refused" \
    refuses "which is incompatible with Kubernetes v1.32" template --kube-version 1.32
}

# --- the programs, with the chart's rights --------------------------------------------------------

# as_service_account NAME: its kubeconfig
as_service_account() {
  local token
  token=$(kubectl --namespace "$SYSTEM" create token "$1")
  kubectl config view --raw --minify --flatten --output json |
    jq --arg token "$token" '.users[0].user = {token: $token}' >"$WORK/$1.kubeconfig"
}

secret() {
  kubectl --namespace "$SYSTEM" get secret remora-webhook-tls \
    --output "go-template={{index .data \"$1\"}}"
}

# As the kubelet mounts it.
mount_certificate() {
  mkdir -p "$WORK/webhook/pki"
  secret tls.crt | base64 --decode >"$WORK/webhook/pki/webhook.crt"
  secret tls.key | base64 --decode >"$WORK/webhook/pki/webhook.key"
  secret ca.crt | base64 --decode >"$WORK/webhook/pki/ca.crt"
}

# There is no kube-proxy that would lead the Service to a Pod.
lead_service_to_localhost() {
  kubectl --namespace "$SYSTEM" patch service remora-webhook --type=merge \
    --patch '{"spec":{"type":"ExternalName","externalName":"localhost"}}' >/dev/null
}

# Of hack/webhook.sh, by the name that the certificate is for.
webhook_get() {
  curl --silent --show-error --fail --noproxy '*' --max-time 5 --cacert "$1/pki/ca.crt" \
    --resolve "$SERVICE:$PORT:127.0.0.1" "https://$SERVICE:$PORT$2"
}

run_webhook() { KUBECONFIG=$WORK/remora-webhook.kubeconfig start_webhook "$WORK/webhook"; }

run_operator() {
  OPERATOR_KUBECONFIG=$WORK/remora-operator.kubeconfig start_operator "$WORK/operator" --identity=e2e
}

leads() {
  equal e2e "$(kubectl --namespace "$SYSTEM" get lease remora-operator \
    --output 'jsonpath={.spec.holderIdentity}')"
}

# The caBundle of each entry of both configurations, one a line.
bundles() {
  kubectl get mutatingwebhookconfiguration/remora validatingwebhookconfiguration/remora \
    --output json | jq --raw-output '.items[].webhooks[].clientConfig.caBundle'
}

all_trust_the_operator() {
  local bundle
  bundle=$(secret ca.crt) || return
  equal "$bundle" "$(bundles | sort --unique)" && equal 5 "$(bundles | wc -l)"
}

generations() {
  kubectl get mutatingwebhookconfiguration/remora validatingwebhookconfiguration/remora \
    --output 'jsonpath={.items[*].metadata.generation}'
}

# --- what they do ---------------------------------------------------------------------------------

# saver IMAGE [SPEC-LINE]
saver() {
  kubectl --namespace "$SHOP" apply --filename - <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  revisionHistoryLimit: 1
  container: {image: "saver:$1"}
  ${2:-}
PATTERN
}

is_accepted() {
  kubectl --namespace "$SHOP" get rsc saver --output json | jq --exit-status '
    .metadata.generation as $generation | .status.conditions[] |
    select(.type == "Accepted" and .status == "True" and .observedGeneration == $generation)'
}

# Kept, numbered anew, and dropped.
edits_are_accepted() {
  local image
  for image in 1 2 1 3; do
    saver "$image" && eventually is_accepted || return
  done
  within 90 has_revisions 2  # a minute after the last edit
}

has_revisions() {
  equal "$1" "$(kubectl --namespace "$SHOP" get controllerrevisions \
    --selector patterns.remora.dev/pattern --output name | wc -l)"
}

# deployment NAME KEY PATTERN
deployment() {
  kubectl --namespace "$SHOP" apply --filename - >/dev/null 2>&1 <<DEPLOYMENT
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}, annotations: {patterns.remora.dev/$2: $3}}
    spec: {containers: [{name: web, image: web}]}
DEPLOYMENT
}

injected() { has_pods 1 "$SHOP" "app=$1,patterns.remora.dev/injected"; }

events() {
  kubectl --namespace "$SHOP" get events.events.k8s.io --field-selector "reason=$1" \
    --output 'jsonpath={.items[*].note}'
}

# What the endpoints of the webhook's Service would say.
webhook_endpoint() {
  kubectl --namespace "$SYSTEM" apply --filename - >/dev/null <<'SLICE'
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: remora-webhook, labels: {kubernetes.io/service-name: remora-webhook}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.1], conditions: {ready: true}}]
ports: [{name: https, port: 10250}]
SLICE
}

# --- rights ---------------------------------------------------------------------------------------

audit_policy() {
  cat >"$WORK/audit.yaml" <<POLICY
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: ["$OPERATOR_USER", "$WEBHOOK_USER"]
POLICY
  export REMORA_APISERVER_ARGS="--audit-policy-file=$WORK/audit.yaml --audit-log-path=$WORK/audit.log"
}

# decided USER DECISION: what was, one request a line. A quota that refuses a Pod says 403, too, but is no decision about rights.
decided() {
  jq --raw-output --arg user "$1" --arg decision "$2" 'select(.user.username == $user and
    .annotations["authorization.k8s.io/decision"] == $decision) |
    "\(.verb) \(.objectRef.resource)/\(.objectRef.subresource // "") in \(.objectRef.namespace // "")"' \
    "$WORK/audit.log" | sort --unique
}

never_refused() { equal "" "$(decided "$1" forbid)"; }

has_done() { decided "$1" allow | grep --fixed-strings "$2"; }

no_complaint() { not grep --ignore-case forbidden "$WORK/$1/logs/remora-$1.log"; }

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

# --- the test -------------------------------------------------------------------------------------

prepare() {
  need_commands jq curl
  find_helm
  audit_policy
  # So that a proxy is not asked for the Service.
  export NO_PROXY="${NO_PROXY:+$NO_PROXY,}.svc" no_proxy="${no_proxy:+$no_proxy,}.svc"
  use_own_cluster 2
  at_exit end
  mkdir -p "$WORK/webhook"
  /usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1 >"$WORK/webhook/port"
  PORT=$(<"$WORK/webhook/port")
  new_namespace "$SHOP"
}

end() { stop_operator "$WORK/operator"; }

files() {
  check "helm lint finds no fault" helm lint "$CHART" --namespace "$SYSTEM" --kube-version 1.36 --strict
  check "its webhooks are those of hack/webhook-configuration.yaml.in" \
    diff <(entries_of_hack) <(entries_of_chart)
  wrong_values
}

installation() {
  check "the API server takes it all" says "STATUS: deployed" install
  check "its Pods wait for a node" eventually has_pods 4 "$SYSTEM" app.kubernetes.io/part-of=remora
  check "they are restricted" not says "violate" kubectl label --dry-run=server --overwrite \
    namespace "$SYSTEM" pod-security.kubernetes.io/enforce=restricted
  check "who may edit a namespace may write its patterns" eventually says yes kubectl auth can-i \
    --as=somebody --as-group=e2e-editors create sidecars --namespace "$SHOP"
  rights_are_few
}

programs() {
  as_service_account remora-operator
  as_service_account remora-webhook
  run_operator
  check "an operator with the chart's rights leads" eventually leads
  check "it makes the certificate and fills in the caBundle" eventually all_trust_the_operator
  mount_certificate
  lead_service_to_localhost
  run_webhook
  check "the API server asks the webhook by the chart's Service" eventually api_server_asks_webhook
  check "a pattern is accepted, and so are its edits" edits_are_accepted
  deployment web sidecar saver
  check "a Pod gets it" eventually injected web
  deployment refused ambassador nobody
  check "who refuses a Pod tells its controller" eventually says nobody events PatternNotFound
}

upgrades() {
  local before
  before=$(generations)
  check "an upgrade without a change" upgrade
  check "leaves the webhook configurations alone" equal "$before" "$(generations)"
  stop_webhook "$WORK/webhook"
  check "an upgrade that changes them" \
    upgrade --set webhook.failurePolicy.named=Ignore,replaceMissing.enabled=true
  check "leaves the caBundle alone" all_trust_the_operator
  deployment missed sidecar saver
  check "with Ignore, Pods are created while no webhook answers" eventually has_pods 1 "$SHOP" app=missed
  check "which the operator tells" eventually says "came without it" events PodsMissing
  run_webhook
  webhook_endpoint
  check "a pattern may replace them" saver 3 'update: {replaceMissing: true}'
  check "and they are replaced" eventually injected missed
}

rights_suffice() {
  stop_operator "$WORK/operator"
  stop_webhook "$WORK/webhook"
  check "the operator was never refused anything" never_refused "$OPERATOR_USER"
  check "nor was the webhook" never_refused "$WEBHOOK_USER"
  check "the operator's log has no complaint" no_complaint operator
  check "nor has the webhook's" no_complaint webhook
  local what
  for what in 'patch mutatingwebhookconfigurations/' 'patch sidecars/status' 'update leases/' \
    "create secrets/ in $SYSTEM" 'create pods/ in remora-sealed' 'create pods/eviction' \
    'patch controllerrevisions/' 'delete controllerrevisions/' 'list endpointslices/' 'list events/'; do
    check "the log of requests has: $what" has_done "$OPERATOR_USER" "$what"
  done
  check "and the webhook's Events" has_done "$WEBHOOK_USER" 'create events/'
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
}

main() {
  prepare
  files
  kubectl --namespace "$SHOP" create rolebinding editors --clusterrole=edit --group=e2e-editors >/dev/null
  installation
  programs
  upgrades
  rights_suffice
  uninstallation
  finish
}

main "$@"
