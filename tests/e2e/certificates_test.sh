#!/usr/bin/env bash
# The webhook's certificates on a real API server: two operators make and change them, the webhook
# serves them from a mount, and Pods are admitted all the while.
#
# The operators are two certificates_driver, the reconciler with lives of seconds: the authority is
# changed every eight.
#
# usage: tests/e2e/certificates_test.sh [DRIVER FLAG...]

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly DRIVER=${REMORA_BINARIES:-$E2E_ROOT/build/release}/tests/integration/certificates_driver
readonly ROTATIONS=10
readonly ROTATIONS_SECONDS=240
readonly RATE=100
readonly LEAST_RATE=80  # of it, on a machine that does other things too
readonly HELPER=$E2E_ROOT/tests/e2e/certificates.py

secret() { kubectl --namespace default get secret "$1" --output "go-template={{index .data \"$2\"}}"; }

# bundles: the caBundle of each entry of all configurations, one a line
bundles() {
  kubectl get mutatingwebhookconfiguration,validatingwebhookconfiguration \
    --selector patterns.remora.dev/ca=managed --output json |
    jq --raw-output '.items[].webhooks[].clientConfig.caBundle'
}

all_trust_the_bundle() {
  local bundle
  bundle=$(secret remora-webhook-tls ca.crt)
  equal "$bundle" "$(bundles | sort --unique)"
}

# What is not ours in the configurations.
theirs() {
  kubectl get mutatingwebhookconfiguration,validatingwebhookconfiguration \
    --selector patterns.remora.dev/ca=managed --output json |
    jq --sort-keys '[.items[] | del(.webhooks[].clientConfig.caBundle,
      .metadata.resourceVersion, .metadata.generation)]'
}

# The configurations as a chart has them: labelled, without a caBundle.
chart() {
  sed "s|@URL@|https://localhost:$(<"$WORK/webhook/port")|; /caBundle:/d
    s|^  name: remora\$|&\n  labels: {patterns.remora.dev/ca: managed}|" \
    "$E2E_ROOT/hack/webhook-configuration.yaml.in"
}

apply_chart_again() {
  chart | kubectl apply --filename - "$@" || return
  all_trust_the_bundle
}

# As if cert-manager kept the Secret: with another authority than the configurations trust.
publish_as_cert_manager() {
  create_certificate_authority "$WORK"
  kubectl --namespace default patch secret remora-webhook-tls \
    --patch "{\"data\":{\"ca.crt\":\"$(base64 --wrap=0 "$WORK/ca.crt")\"}}" >/dev/null
  not all_trust_the_bundle >/dev/null
}

# start_operator NAME [FLAG...]
start_operator() {
  STATE=$WORK/$1
  mkdir -p "$STATE"/{logs,processes}
  start_program "$1" none "$DRIVER" --dns-name=localhost "${@:2}"
}

# Of whom the shell would say that they were killed, had they not ended on TERM.
end_operators() {
  local name
  for name in one two cert-manager; do
    STATE=$WORK/$name
    ! is_running "$name" || kill -TERM "$RECORD_PID"
    within 5 not is_running "$name"
    stop_program "$name"
  done
}

delete_objects() {
  kubectl --namespace default delete --ignore-not-found \
    secret/remora-webhook-{tls,ca} sidecars/saver >/dev/null
}

# Where start_webhook looks for the files: links through `..data`, which leads nowhere yet.
prepare_mount() {
  mkdir -p "$1"
  ln -s ..data/ca.crt "$1/ca.crt"
  ln -s ..data/tls.crt "$1/webhook.crt"
  ln -s ..data/tls.key "$1/webhook.key"
}

# background NAME COMMAND...: ended with the test at the latest; sets NAME to its process id
background() {
  local -n pid=$1
  "${@:2}" &
  pid=$!
  at_exit end_background "$pid"
}

end_background() { kill "$1" 2>/dev/null || true; }

said() { cat "$WORK"/{one,two}/logs/*.log | grep --count "\"$1\"" || true; }
has_rotated() { (($(said 'old authority dropped') >= $1)); }

nobody_was_turned_away() {
  jq . "$WORK/admissions"
  jq --exit-status --argjson least "$LEAST_RATE" \
    '.failed == 0 and .pods >= .seconds * $least' "$WORK/admissions"
}

served_leaf() {
  openssl s_client -connect "localhost:$(<"$WORK/webhook/port")" -CAfile "$WORK/webhook/pki/ca.crt" \
    -verify_return_error -verify_hostname localhost -x509_strict </dev/null
}

reset_configuration() {
  kubectl patch mutatingwebhookconfiguration remora --type json --patch \
    '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]' >/dev/null
}

secrets_are_mended() {
  local what=$1 key=$2
  kubectl --namespace default patch secret "$what" \
    --patch "{\"data\":{\"$key\":\"$(base64 <<<junk)\"}}" >/dev/null
  eventually is_mended "$what" "$key"
}

is_mended() { [[ $(secret "$1" "$2" | base64 --decode) != junk ]]; }

[[ -x $DRIVER ]] || die "there is no $DRIVER; hack/build.sh builds it"
need_commands jq curl openssl
use_cluster
apply_crds
kubectl config view --raw --minify --flatten --output json >"$WORK/kubeconfig.json"
kubectl apply --filename - >/dev/null <<'PATTERN'
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver, namespace: default}
spec: {onError: Deny, container: {image: "saver:1"}}
PATTERN
prepare_mount "$WORK/webhook/pki"
/usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1 >"$WORK/webhook/port"
chart | kubectl apply --filename - >/dev/null
theirs >"$WORK/before"
background MOUNT /usr/bin/python3 "$HELPER" mount "$WORK/kubeconfig.json" default remora-webhook-tls \
  "$WORK/webhook/pki"
at_exit delete_objects
at_exit end_operators
start_operator one "$@"
start_operator two "$@"
start_webhook "$WORK/webhook" --tls-wait
check "the API server asks a webhook that had no certificate when it started" \
  eventually api_server_asks_webhook
check "every configuration trusts the bundle, and nothing else" eventually all_trust_the_bundle

background ADMIT /usr/bin/python3 "$HELPER" admit "$WORK/kubeconfig.json" "$RATE" >"$WORK/admissions"
check "the authority is changed $ROTATIONS times" within "$ROTATIONS_SECONDS" has_rotated "$ROTATIONS"
kill -TERM "$ADMIT"
wait "$ADMIT" || true
check "case 59: with $RATE admissions a second, of which none fails" nobody_was_turned_away
step "$(jq --compact-output . "$WORK/admissions"); authorities: $(said 'authority made')"

check "what is served satisfies a strict client" says 'Verify return code: 0 (ok)' served_leaf
theirs >"$WORK/after"
check "nothing but caBundle has changed in the configurations" \
  diff <(jq 'del(.[].metadata.managedFields)' "$WORK/before") \
  <(jq 'del(.[].metadata.managedFields)' "$WORK/after")
# Between two changes nobody writes for seconds, but that is luck.
check "a chart that is applied again leaves it alone" eventually apply_chart_again
check "and one that takes over all of its fields" \
  eventually apply_chart_again --server-side --force-conflicts --field-manager=chart
reset_configuration
check "a caBundle that somebody removed is back" eventually all_trust_the_bundle
check "a damaged certificate is mended" secrets_are_mended remora-webhook-tls tls.crt
check "a damaged authority is mended" secrets_are_mended remora-webhook-ca ca.key
check "and Pods are admitted still" eventually api_server_asks_webhook

end_operators
check "cert-manager has another authority, which nobody trusts yet" publish_as_cert_manager
start_operator cert-manager --cert-manager
check "with cert-manager, the bundle is that of its Secret" eventually all_trust_the_bundle
finish
