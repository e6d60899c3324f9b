#!/usr/bin/env bash
# From `helm install` to the first Pod with a companion that runs, and how long it takes.
#
# usage: tests/node/install_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=remora.sh
source "$(dirname "${BASH_SOURCE[0]}")/remora.sh"

readonly SHOP=e2e-install
readonly INSTALL_MS=30000
readonly START_MS=1000
readonly LATER_MS=1500  # than the same containers without Remora
readonly ROUNDS=3

# timed MOST-MS MS SENTENCE: of what has been measured
timed() { check "$3: $2 ms, at most $1" test "$2" -le "$1"; }

milliseconds_since() { echo $((($(now_us) - $1) / 1000)); }

# --- the webhook's start --------------------------------------------------------------------------

# From the start of the process to the answer "ready", of the slower of the two, in milliseconds. The kernel knows the first
# to a hundredth of a second; the second is told by the log.
start_of_webhook() {
  local pod most=0 started ready pid ticks up now
  for pod in $(pod_names "$SYSTEM" app.kubernetes.io/name=remora-webhook); do
    ready=$(kubectl --namespace "$SYSTEM" logs "$pod" | jq --raw-output \
      'select(.message == "ready to answer") | .time' | head -n 1)
    pid=$(process_of "$pod")
    ticks=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)
    # Both clocks are read at once: /proc/stat tells the time of the boot in whole seconds only.
    up=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime) now=$(date +%s%3N)
    started=$((now - up + ticks * 1000 / $(getconf CLK_TCK)))
    ready=$(date --date "$ready" +%s%3N)
    ((ready - started <= most)) || most=$((ready - started))
  done
  echo "$most"
}

# process_of POD: its number on this machine. The container's cgroup is named by its id.
process_of() {
  local id
  id=$(kubectl --namespace "$SYSTEM" get pod "$1" \
    --output 'jsonpath={.status.containerStatuses[0].containerID}')
  find /sys/fs/cgroup -path "*${id#containerd://}*" -name cgroup.procs -exec cat {} + | sort -n | head -n 1
}

# --- with Remora and without ----------------------------------------------------------------------

web() {
  cat <<SPEC
containers:
  - name: web
    image: $APPS
    command: [sh, -c, "mkdir -p /var/log/app; exec httpd -f -p 8080 -h /etc"]
    readinessProbe: {httpGet: {path: /passwd, port: 8080}, periodSeconds: 1}
SPEC
}

# time_of NAME: from the moment that a Deployment is applied until its Pod is ready
time_of_injected() {
  local began
  began=$(now_us)
  deploy "$SHOP" "$1" 1 "$(web)" sidecar=saver || return
  ready "$SHOP" "deployment/$1" >/dev/null || return
  milliseconds_since "$began"
}

# What came out, as somebody would have written it by hand.
by_hand() {
  kubectl --namespace "$SHOP" get "pod/$(pod_of "$SHOP" "$1")" --output json | jq --arg name "$2" '
    def untold: select((.name // "") | startswith("kube-api-access-") | not);
    def unmounted: .volumeMounts = [(.volumeMounts // [])[] | untold];
    .spec | del(.nodeName, .serviceAccount, .tolerations, .priority, .enableServiceLinks, .preemptionPolicy) |
    .volumes = [(.volumes // [])[] | untold] |
    .containers |= map(unmounted) | .initContainers |= map(unmounted) |
    {apiVersion: "apps/v1", kind: "Deployment", metadata: {name: $name},
     spec: {selector: {matchLabels: {app: $name}}, template: {metadata: {labels: {app: $name}}, spec: .}}}'
}

time_of_hand_written() {
  local began
  began=$(now_us)
  apply "$SHOP" <"$WORK/$1.json" || return
  ready "$SHOP" "deployment/$1" >/dev/null || return
  milliseconds_since "$began"
}

compare_times() {
  local round injected hand differences=()
  for ((round = 1; round <= ROUNDS; round++)); do
    injected=$(time_of_injected "with-$round") || fail "the injected Pod did not get ready"
    by_hand "with-$round" "without-$round" >"$WORK/without-$round.json"
    hand=$(time_of_hand_written "without-$round") || fail "the Pod by hand did not get ready"
    step "ready after $injected ms with Remora, after $hand ms by hand"
    differences+=($((injected - hand)))
  done
  LATER=$(printf '%s\n' "${differences[@]}" | sort -n | sed -n "$((ROUNDS / 2 + 1))p")
}

# --- the test -------------------------------------------------------------------------------------

main() {
  local began
  need_commands jq
  HELM=$("$E2E_ROOT/hack/helm.sh")
  use_node apps
  local archives
  archives=$("$E2E_ROOT/hack/catalog-images.sh")
  mapfile -t archives <<<"$archives"
  "$CLUSTER" image import "$E2E_ROOT/build/image/remora.tar" "${archives[@]}"

  began=$(now_us)
  check "the chart is installed, and webhook and operator get ready" install_remora
  timed "$INSTALL_MS" "$(milliseconds_since "$began")" "that took"
  timed "$START_MS" "$(start_of_webhook)" "from the start of the webhook until it is ready"
  check "helm test creates a Pod that gets a companion" \
    says "Succeeded" helm test remora --namespace "$SYSTEM" --timeout 1m
  check "the catalog is installed" install_catalog
  check "all of it is accepted" kubectl --namespace remora-catalog wait --for=condition=Ready --timeout=60s \
    sidecars,ambassadors,adapters --all

  new_namespace "$SHOP"
  apply "$SHOP" <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  share: [{name: logs, path: /logs, targetPath: /var/log/app}]
  container: {image: $APPS, command: [sh, -c, "touch /tmp/a; exec tail -F /logs/a.log /tmp/a"]}
PATTERN
  compare_times
  timed "$LATER_MS" "$LATER" "an injected Pod is ready later than one by hand (median of $ROUNDS)"
  finish
}

main "$@"
