#!/usr/bin/env bash
# Tests what `remora doctor` and `remora catalog` say on a real API server: of an installation that works, of one thing after
# another that is broken in it, and to somebody who may do little; and both as a plugin of kubectl.
#
# Webhook and operator run beside the cluster; their ServiceAccounts and roles are the chart's.
#
# usage: tests/e2e/doctor_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly SYSTEM=remora-system CATALOG=remora-catalog SHOP=e2e-doctor
readonly REMORA=${REMORA_BINARIES:-$E2E_ROOT/build/release}/operator/cli/remora

doctor() { "$REMORA" doctor "$@"; }
# names TEXT [FLAG...]: it exits with 1, with TEXT in what it prints
names() { refuses "$1" doctor "${@:2}"; }
is_healthy() { says "0 problems, 0 warnings, 0 unknown" doctor; }
# remedy CHECK: the command that mends it
remedy() {
  { doctor --output json || (($? == 1)); } |
    jq --raw-output --arg check "$1" '.[] | select(.check == $check and .level == "problem").remedy'
}

run_operator() {
  start_operator "$WORK/operator" --namespace="$SYSTEM" --certificates=none --lease-seconds=4
}

rights() {
  local helm
  helm=$("$E2E_ROOT/hack/helm.sh")
  "$helm" template remora "$E2E_ROOT/charts/remora" --namespace "$SYSTEM" --kube-version 1.36 \
    --show-only templates/webhook-rights.yaml --show-only templates/operator-rights.yaml |
    kubectl apply --filename - >/dev/null
}

pattern() {
  kubectl --namespace "$CATALOG" apply --filename - >/dev/null <<'PATTERN'
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver}
spec:
  description: Keeps what the application logs.
  allowedNamespaces: {from: All}
  parameters:
    - {name: dir, type: string, default: /var/log/app, description: where the logs are}
  container: {image: saver}
  share: [{name: logs, path: /logs, targetPath: $(params.dir)}]
PATTERN
}

prepare() {
  need_commands jq openssl
  use_own_cluster 2
  at_exit end
  new_namespace "$SYSTEM"
  new_namespace "$CATALOG"
  new_namespace "$SHOP"
  # shellcheck disable=SC2119
  use_remora
  run_operator
  rights
  pattern
}

end() { stop_operator "$WORK/operator"; }

# --- what is broken -------------------------------------------------------------------------------

webhook_stopped() {
  stop_webhook "$WORK/webhook"
  check "a webhook that is stopped" names "connection refused"
  check "has a remedy" says "start remora-webhook" remedy "webhook answers"
  check "a pattern that is tried says so, too" \
    names "connection refused" --try-pattern sidecar/log-saver --namespace "$SHOP"
  start_webhook "$WORK/webhook"
}

# The version would be taken for something that was applied, and the next apply would take it away.
replace() { jq 'del(.metadata.resourceVersion)' | kubectl replace --filename - >/dev/null; }

trust() {  # trust FILE: in all entries
  local bundle kind
  bundle=$(base64 --wrap=0 "$1")
  for kind in mutating validating; do
    kubectl get "${kind}webhookconfiguration" remora --output json |
      jq --arg bundle "$bundle" '.webhooks[].clientConfig.caBundle = $bundle' | replace
  done
}

wrong_authority() {
  mkdir -p "$WORK/other"
  create_certificate_authority "$WORK/other"
  trust "$WORK/other/ca.crt"
  check "a caBundle of another authority" eventually names "caBundle is not of the authority"
  check "has a remedy" \
    says "the caBundle of its authority" remedy "webhook answers"
  trust "$WORK/webhook/pki/ca.crt"
  check "and is mended by the right one" eventually is_healthy
}

# expired FOLDER CERTIFICATE OPTION...: signs again what FOLDER/webhook.key is for, for a day in 2020
expired() {
  local folder=$WORK/expired request
  mkdir -p "$folder"
  : >"$folder/index"
  echo 01 >"$folder/serial"
  cat >"$folder/ca.conf" <<CONFIGURATION
[ca]
default_ca = default
[default]
database = $folder/index
serial = $folder/serial
new_certs_dir = $folder
default_md = sha256
policy = policy
copy_extensions = copy
[policy]
commonName = supplied
CONFIGURATION
  request=$folder/webhook.csr
  openssl req -new -key "$WORK/webhook/pki/webhook.key" -subj /CN=remora-webhook \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out "$request"
  openssl ca -batch -notext -config "$folder/ca.conf" -cert "$WORK/webhook/pki/ca.crt" \
    -keyfile "$WORK/webhook/pki/ca.key" -in "$request" -out "$1" \
    -startdate 20200101000000Z -enddate 20200102000000Z "${@:2}"
}

serves_the_expired_one() {
  openssl s_client -connect "localhost:$(<"$WORK/webhook/port")" </dev/null 2>/dev/null |
    openssl x509 -noout -enddate | grep --quiet ' 2020 '
}

expired_certificates() {
  cp "$WORK/webhook/pki/webhook.crt" "$WORK/valid.crt"
  expired "$WORK/expired.crt" 2>/dev/null
  stop_webhook "$WORK/webhook"
  start_webhook "$WORK/webhook"
  mv "$WORK/expired.crt" "$WORK/webhook/pki/webhook.crt"
  # Nobody has asked it since its start: the API server must not have a connection from before.
  eventually serves_the_expired_one
  check "case 59: a certificate that has expired" eventually names "out of its time by the clock"
  check "is named with the API server's clock" names "is after 2020-01-02T00:00:00Z"
  check "has a remedy" \
    says "the caBundle of its authority" remedy "webhook answers"
  expired "$WORK/expired-ca.crt" -selfsign -keyfile "$WORK/webhook/pki/webhook.key" 2>/dev/null
  trust "$WORK/expired-ca.crt"
  check "so is a caBundle, with the clock here" \
    names "expired at 2020-01-02T00:00:00Z, and the clock here says"
  mv "$WORK/valid.crt" "$WORK/webhook/pki/webhook.crt"
  trust "$WORK/webhook/pki/ca.crt"
  check "all is well with the certificate from before" eventually is_healthy
}

kinds() {
  kubectl delete customresourcedefinition adapters.patterns.remora.dev >/dev/null
  check "a kind that is missing" names "no CustomResourceDefinition adapters.patterns.remora.dev"
  check "has a remedy" says "--set crds.install=true" remedy "kind Adapter"
  apply_crds
  kubectl apply --dry-run=client --output json --filename "$E2E_ROOT/crds/sidecars.yaml" |
    jq 'del(.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.update) |
      del(.metadata.annotations, .metadata.resourceVersion)' | kubectl apply --filename - >/dev/null
  check "a kind of an older version" names "does not know spec.update"
  check "has a remedy, too" says "--set crds.install=true" remedy "kind Sidecar"
  apply_crds
  check "and the kinds of this version are well" eventually is_healthy
}

missing_rights() {
  kubectl get clusterrole remora-webhook --output json |
    jq '.rules |= map(.resources -= ["limitranges"])' | replace
  check "a right that is missing" \
    eventually names "remora-webhook in namespace $SYSTEM may not list limitranges, nor watch limitranges"
  check "has a remedy" \
    says "helm upgrade --install remora charts/remora --namespace $SYSTEM" remedy "rights of remora-webhook"
  rights
  check "and is there again" eventually is_healthy
}

no_operator() {
  stop_operator "$WORK/operator"
  check "an operator that has ended" names "no operator leads"
  check "has a remedy" says "helm upgrade" remedy "operator lease"
  run_operator
  kill -KILL "$(operator_pid "$WORK/operator")"
  kubectl --namespace "$SYSTEM" patch lease remora-operator --type=merge \
    --patch '{"spec":{"holderIdentity":"gone","renewTime":"2020-01-01T00:00:00.000000Z"}}' >/dev/null
  check "so has one that was killed" names "gone has not renewed it for"
  run_operator
  check "one that runs leads" eventually is_healthy
}

configurations() {
  kubectl delete resourcequota no-pods --namespace remora-sealed >/dev/null
  check "a sealed namespace that is not" names "no ResourceQuota with pods: 0"
  check "has a remedy" says "create quota no-pods" remedy "sealed namespace"
  eval "$(remedy "sealed namespace")" >/dev/null
  kubectl get mutatingwebhookconfiguration remora --output json |
    jq 'del(.webhooks[0].matchConditions[1])' | replace
  check "a matchCondition that is missing" names "matchCondition is-not-opted-out is missing"
  kubectl delete mutatingwebhookconfiguration remora >/dev/null
  check "a configuration that is missing" names "no MutatingWebhookConfiguration remora"
  check "has a remedy" says "helm upgrade" remedy "webhook configuration"
  check "and nobody is asked about Pods" eventually names "did not ask the webhook"
  register_webhook "$WORK/webhook"
  check "registered again, it is" eventually is_healthy
}

no_server() {
  kubectl config view --raw --minify --flatten --output json |
    jq '.clusters[0].cluster.server = "https://127.0.0.1:1"' >"$WORK/nowhere"
  check "an API server that does not answer is the only problem" \
    names "1 problem, 0 warnings, 0 unknown, 0 ok" --kubeconfig "$WORK/nowhere"
}

# --- who may do little ----------------------------------------------------------------------------

little_rights() {
  kubectl --namespace "$SHOP" create serviceaccount tester >/dev/null
  kubectl --namespace "$SHOP" create role tester --verb=create --resource=pods >/dev/null
  kubectl --namespace "$SHOP" create rolebinding tester --role=tester \
    --serviceaccount="$SHOP:tester" >/dev/null
  local token
  token=$(kubectl --namespace "$SHOP" create token tester)
  kubectl config view --raw --minify --flatten --output json |
    jq --arg token "$token" '.users[0].user = {token: $token}' >"$WORK/tester"
  check "who may create Pods only may try a pattern" says "gets the container log-saver" \
    doctor --try-pattern sidecar/log-saver --namespace "$SHOP" --kubeconfig "$WORK/tester"
  check "and sees that the webhook answers" says "asks it about Pods in namespace $SHOP" \
    doctor --namespace "$SHOP" --kubeconfig "$WORK/tester"
  check "what he may not see is unknown, and no problem" says "0 problems, 0 warnings" \
    doctor --namespace "$SHOP" --kubeconfig "$WORK/tester"
}

# --- patterns and plugin --------------------------------------------------------------------------

tried_patterns() {
  check "a pattern gets into a Pod" says "ok       try sidecar/log-saver" \
    doctor --try-pattern sidecar/log-saver --namespace "$SHOP"
  check "nothing is left of it" equal "" "$(kubectl --namespace "$SHOP" get pods --output name)"
  check "one that does not exist is named, with what the webhook says" names PatternNotFound \
    --try-pattern sidecar/log-savr --namespace "$SHOP"
  check "so is a namespace that is not asked about" names "did not ask the webhook" \
    --try-pattern sidecar/log-saver --namespace "$SYSTEM"
}

catalog() {
  check "the catalog is listed" says "Keeps what the application logs." "$REMORA" catalog list
  check "and a pattern is shown with its annotation" \
    says "patterns.remora.dev/sidecar: log-saver" "$REMORA" catalog show log-saver
  check "an unknown one with the nearest name" refuses "did you mean log-saver?" \
    "$REMORA" catalog show sidecar/log-savr
}

plugin() {
  mkdir -p "$WORK/bin"
  ln -s "$(realpath "$REMORA")" "$WORK/bin/kubectl-remora"
  "$REMORA" completion kubectl >"$WORK/bin/kubectl_complete-remora"
  chmod +x "$WORK/bin/kubectl_complete-remora"
  PATH=$WORK/bin:$PATH
  check "kubectl runs it" says "remora 0." kubectl remora version
  check "the doctor, too" says "0 problems" kubectl remora doctor
  check "its help says how it was called" says "  kubectl remora doctor --try" kubectl remora doctor --help
  check "kubectl completes its commands" says "doctor" kubectl __complete remora d
  check "and no others" not says "catalog" kubectl __complete remora d
  check "its flags" says "--try-pattern" kubectl __complete remora doctor --try
  check "and their values" says "json" kubectl __complete remora catalog list --output ""
}

main() {
  prepare
  eventually is_healthy || true
  check "an installation that works has no problem" is_healthy
  tried_patterns
  little_rights
  catalog
  plugin
  webhook_stopped
  wrong_authority
  expired_certificates
  kinds
  missing_rights
  no_operator
  configurations
  no_server
  finish
}

main "$@"
