# shellcheck shell=bash
# A remora-operator for the API server of the current kubeconfig. Source it after hack/webhook.sh:
#
#   start_operator FOLDER [FLAG...]  with its log and process record in FOLDER; returns when it is ready
#   stop_operator FOLDER             as the kubelet does: TERM, then KILL
#   operator_get FOLDER PATH         prints what it answers
#   operator_pid FOLDER
#
# environment:
#   REMORA_BINARIES      the build folder whose programs are used (default build/release)
#   OPERATOR_KUBECONFIG  what the operator uses instead of the current kubeconfig

readonly OPERATOR_PROGRAM=${REMORA_BINARIES:-$REMORA_ROOT/build/release}/operator/remora-operator
readonly OPERATOR_READY_SECONDS=20

start_operator() {
  STATE=$1  # processes.sh keeps its records and logs there
  shift
  [[ -x $OPERATOR_PROGRAM ]] || die "there is no $OPERATOR_PROGRAM; hack/build.sh builds it"
  mkdir -p "$STATE"/{logs,processes}
  kubectl get namespace remora-sealed >/dev/null 2>&1 ||
    kubectl apply --filename "$REMORA_ROOT/hack/sealed-namespace.yaml" >/dev/null
  local port
  [[ -f $STATE/port ]] || /usr/bin/python3 "$REMORA_ROOT/hack/cluster/free_ports.py" 1 >"$STATE/port"
  read -r port <"$STATE/port"
  start_program remora-operator "http://127.0.0.1:$port" "$OPERATOR_PROGRAM" \
    --kubeconfig="${OPERATOR_KUBECONFIG:-$KUBECONFIG}" --bind-address=127.0.0.1 --port="$port" "$@"
  wait_until "$OPERATOR_READY_SECONDS" remora-operator operator_get "$STATE" /readyz
}

operator_get() {
  curl --silent --show-error --fail --noproxy '*' --max-time 5 "http://127.0.0.1:$(<"$1/port")$2"
}

operator_pid() {
  STATE=$1
  is_running remora-operator && echo "$RECORD_PID"
}

stop_operator() {
  STATE=$1
  if is_running remora-operator; then
    kill -TERM "$RECORD_PID" 2>/dev/null || true
    within "$WEBHOOK_END_SECONDS" operator_has_ended || true
  fi
  stop_program remora-operator
}

operator_has_ended() { ! is_running remora-operator; }
