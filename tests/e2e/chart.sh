# shellcheck shell=bash
# What the tests of charts/remora share. Source it after lib.sh:
#
#   find_helm                     sets HELM; then
#   helm ARGUMENT...
#   template [FLAG...]            renders the chart as for the namespace of an installation
#   documents [FLAG...]           the same as JSON, one object a line
#   has FILTER [FLAG...]          whether jq's FILTER holds for the list of what is rendered
#   program_flags PROGRAM [FLAG...]
#                                 what the rendered Deployment hands to it, but for address, port and certificate
#
# and for those that install it, after `use_chart_cluster`, with PORT as the webhook's:
#
#   install, upgrade [FLAG...]
#   as_service_account NAME       writes $WORK/NAME.kubeconfig
#   run_operator, run_webhook [FLAG...]
#                                 with the rights of their ServiceAccounts

# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly CHART=$E2E_ROOT/charts/remora
readonly SYSTEM=remora-system
SHOP=e2e-chart
readonly SERVICE=remora-webhook.$SYSTEM.svc

# --- helm -----------------------------------------------------------------------------------------

find_helm() {
  HELM=$("$E2E_ROOT/hack/helm.sh")
  export HELM_CACHE_HOME=$WORK/helm HELM_CONFIG_HOME=$WORK/helm HELM_DATA_HOME=$WORK/helm
}

helm() { "$HELM" "$@"; }

template() { helm template remora "$CHART" --namespace "$SYSTEM" --kube-version 1.36 "$@"; }

documents() {
  template "$@" | /usr/bin/python3 -c '
import json, sys, yaml
for document in yaml.safe_load_all(sys.stdin):
    if document is not None:
        print(json.dumps(document))'
}

has() { documents "${@:2}" | jq --slurp --exit-status "$1"; }

program_flags() {
  documents "${@:2}" | jq --raw-output --arg name "$1" 'select(.kind == "Deployment" and .metadata.name == $name) |
    .spec.template.spec.containers[0].args[] |
    select(test("^--(port|tls-.*|drain-seconds|bind-address|identity)(=|$)") | not)'
}

# No node runs the Job of the hook.
install() {
  helm install remora "$CHART" --namespace "$SYSTEM" --create-namespace \
    --set "webhook.servicePort=$PORT,uninstallHook.enabled=false" "$@"
}

upgrade() {
  helm upgrade remora "$CHART" --namespace "$SYSTEM" \
    --set "webhook.servicePort=$PORT,uninstallHook.enabled=false" "$@"
}

# --- a cluster that asks the webhook by the chart's Service ---------------------------------------

use_chart_cluster() {
  # So that a proxy is not asked for the Service.
  export NO_PROXY="${NO_PROXY:+$NO_PROXY,}.svc" no_proxy="${no_proxy:+$no_proxy,}.svc"
  use_own_cluster 2
  at_exit stop_operator "$WORK/operator"
  mkdir -p "$WORK/webhook"
  /usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1 >"$WORK/webhook/port"
  PORT=$(<"$WORK/webhook/port")
  new_namespace "$SHOP"
  # Of hack/webhook.sh, by the name that the chart's certificate is for.
  # shellcheck disable=SC2317  # start_webhook calls it
  webhook_get() {
    curl --silent --show-error --fail --noproxy '*' --max-time 5 --cacert "$1/pki/ca.crt" \
      --resolve "$SERVICE:$PORT:127.0.0.1" "https://$SERVICE:$PORT$2"
  }
}

# There is no kube-proxy that would lead the Service to a Pod.
lead_service_to_localhost() {
  kubectl --namespace "$SYSTEM" patch service remora-webhook --type=merge \
    --patch '{"spec":{"type":"ExternalName","externalName":"localhost"}}' >/dev/null
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

# --- the programs, with the chart's rights --------------------------------------------------------

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

run_webhook() {
  local flags
  mapfile -t flags < <(program_flags remora-webhook "$@")
  KUBECONFIG=$WORK/remora-webhook.kubeconfig start_webhook "$WORK/webhook" "${flags[@]}"
}

run_operator() {
  local flags
  mapfile -t flags < <(program_flags remora-operator "$@")
  OPERATOR_KUBECONFIG=$WORK/remora-operator.kubeconfig \
    start_operator "$WORK/operator" --identity=e2e "${flags[@]}"
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

# --- what users do --------------------------------------------------------------------------------

# pattern KIND NAME IMAGE [SPEC-LINE]
pattern() {
  kubectl --namespace "$SHOP" apply --filename - <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: $1
metadata: {name: $2}
spec:
  revisionHistoryLimit: 1
  container: {image: "$2:$3"}
  ${4:-}
PATTERN
}

# is_accepted KIND NAME
is_accepted() {
  kubectl --namespace "$SHOP" get "$1.patterns.remora.dev" "$2" --output json | jq --exit-status '
    .metadata.generation as $generation | .status.conditions[] |
    select(.type == "Accepted" and .status == "True" and .observedGeneration == $generation)'
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
