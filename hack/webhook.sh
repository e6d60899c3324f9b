# shellcheck shell=bash
# A remora-webhook on 127.0.0.1 that the API server of the current kubeconfig asks. Source it after
# hack/lib.sh:
#
#   apply_crds                      returns when the API server serves the patterns
#   start_webhook FOLDER [FLAG...]  with its log, certificate and process record in FOLDER; returns
#                                   when it is ready. A second start in FOLDER keeps address and
#                                   certificate
#   stop_webhook FOLDER             as the kubelet does: TERM, then KILL
#   register_webhook FOLDER         with all its entries; returns when the API server asks `named`
#   unregister_webhook
#
# environment:
#   REMORA_BINARIES   the build folder whose programs are used (default build/release)

REMORA_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REMORA_ROOT
readonly WEBHOOK_PROGRAM=${REMORA_BINARIES:-$REMORA_ROOT/build/release}/webhook/remora-webhook
readonly WEBHOOK_READY_SECONDS=10
readonly WEBHOOK_END_SECONDS=10
readonly WEBHOOK_ASKED_SECONDS=10
readonly CRDS_SERVED_SECONDS=10

# shellcheck source-path=SCRIPTDIR source=cluster/certificates.sh
source "$REMORA_ROOT/hack/cluster/certificates.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/processes.sh
source "$REMORA_ROOT/hack/cluster/processes.sh"

# within SECONDS COMMAND...: whether COMMAND succeeds within that time, tried again and again. In a
# subshell, so that what the exit hooks say after Ctrl-C is not redirected with it.
within() {
  local deadline=$(($(now_us) + $1 * 1000000))
  shift
  until ("$@") >/dev/null 2>&1; do
    (($(now_us) < deadline)) || return 1
    sleep 0.05
  done
}

apply_crds() {
  kubectl apply --filename "$REMORA_ROOT/crds/" >/dev/null
  # Established comes a moment before the first request is served.
  within "$CRDS_SERVED_SECONDS" kubectl get rsc,ramb,radp ||
    fail "the API server does not serve the patterns $CRDS_SERVED_SECONDS s after it took the CRDs"
}

start_webhook() {
  STATE=$1  # processes.sh keeps its records and logs there
  shift
  [[ -x $WEBHOOK_PROGRAM ]] || die "there is no $WEBHOOK_PROGRAM; hack/build.sh builds it"
  mkdir -p "$STATE"/{logs,pki,processes}
  local port
  [[ -f $STATE/port ]] || /usr/bin/python3 "$REMORA_ROOT/hack/cluster/free_ports.py" 1 >"$STATE/port"
  read -r port <"$STATE/port"
  WEBHOOK_URL=https://127.0.0.1:$port
  # A link is somebody's who brings the certificate.
  if [[ ! -f $STATE/pki/webhook.crt && ! -L $STATE/pki/webhook.crt ]]; then
    create_certificate_authority "$STATE/pki"
    issue_certificate "$STATE/pki" webhook /CN=remora-webhook serverAuth DNS:localhost,IP:127.0.0.1
  fi
  start_program remora-webhook "$WEBHOOK_URL" "$WEBHOOK_PROGRAM" --kubeconfig="$KUBECONFIG" \
    --bind-address=127.0.0.1 --port="$port" --tls-cert-file="$STATE/pki/webhook.crt" \
    --tls-private-key-file="$STATE/pki/webhook.key" --drain-seconds=0 "$@"
  wait_until "$WEBHOOK_READY_SECONDS" remora-webhook webhook_get "$STATE" /readyz
}

# webhook_get FOLDER PATH: prints what the webhook answers
webhook_get() {
  curl --silent --show-error --fail --noproxy '*' --max-time 5 --cacert "$1/pki/ca.crt" \
    "https://localhost:$(<"$1/port")$2"
}

stop_webhook() {
  STATE=$1
  if is_running remora-webhook; then
    kill -TERM "$RECORD_PID" 2>/dev/null || true
    within "$WEBHOOK_END_SECONDS" webhook_has_ended || true
  fi
  stop_program remora-webhook
}

webhook_has_ended() { ! is_running remora-webhook; }

register_webhook() {
  sed "s|@URL@|https://127.0.0.1:$(<"$1/port")|; s|@CA_BUNDLE@|$(base64 -w 0 "$1/pki/ca.crt")|" \
    "$REMORA_ROOT/hack/webhook-configuration.yaml.in" | kubectl apply --filename - >/dev/null
  within "$WEBHOOK_ASKED_SECONDS" api_server_asks_webhook ||
    fail "the API server does not ask the webhook $WEBHOOK_ASKED_SECONDS s after its registration"
}

# A key that no version of Remora knows: only the webhook can refuse it.
api_server_asks_webhook() {
  local answer
  answer=$(kubectl --namespace default create --dry-run=server --filename - 2>&1 <<'POD'
apiVersion: v1
kind: Pod
metadata: {generateName: probe-, annotations: {patterns.remora.dev/probe: ""}}
spec: {containers: [{name: probe, image: probe}]}
POD
  ) && return 1
  [[ $answer == *"unknown key"* ]]
}

unregister_webhook() {
  kubectl delete mutatingwebhookconfiguration,validatingwebhookconfiguration remora \
    --ignore-not-found >/dev/null
}
