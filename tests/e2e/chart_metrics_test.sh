#!/usr/bin/env bash
# The chart's alerts and dashboard: each alert fires and is silent where it has to be (promtool), every query can be read, and all that
# they ask for is really said by webhook and operator, which run here. A real Prometheus scrapes as the monitors say.
#
# usage: tests/e2e/chart_metrics_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=chart.sh
source "$(dirname "${BASH_SOURCE[0]}")/chart.sh"

readonly SPACE=e2e-chart-metrics

metrics() { /usr/bin/python3 "$E2E_ROOT/tests/e2e/chart_metrics.py" "$@"; }

# render: $WORK/{rule,dashboard}.yaml
render() {
  local kind
  for kind in PrometheusRule ConfigMap; do
    documents --set monitoring.prometheusRule.enabled=true,monitoring.dashboard.enabled=true |
      jq --arg kind "$kind" 'select(.kind == $kind)' >"$WORK/$kind.json"
  done
  metrics rules "$WORK/PrometheusRule.json" >"$WORK/rules.yaml"
  metrics queries "$WORK/PrometheusRule.json" "$WORK/ConfigMap.json" >"$WORK/queries.yaml"
  cp "$E2E_ROOT/tests/e2e/chart_alerts.yaml" "$WORK/alerts.yaml"
}

alerts() {
  check "promtool takes the alerts" promtool check rules "$CHART/files/alerts.yaml"
  check "each alert has a case that fires and one that is silent" \
    metrics cases "$WORK/PrometheusRule.json" "$WORK/alerts.yaml"
  check "and they are so" promtool test rules "$WORK/alerts.yaml"
  check "promtool reads every query of the dashboard" promtool check rules "$WORK/queries.yaml"
  check "an alert without a case is noticed" refuses "RemoraEventsDropped has no case that fires" \
    metrics cases "$WORK/PrometheusRule.json" <(sed '/eval_time: 50m$/{N;/RemoraEventsDropped/,$d}' "$WORK/alerts.yaml")
}

# Something to count, of each state.
run_programs() {
  new_namespace "$SPACE"
  # shellcheck disable=SC2119  # its arguments are flags of the webhook
  use_remora
  at_exit stop_operator "$WORK/operator"
  start_operator "$WORK/operator" --namespace="$SPACE"
  kubectl --namespace "$SPACE" apply --filename - >/dev/null <<'PATTERN'
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec: {container: {image: "saver:1"}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {patterns.remora.dev/sidecar: saver}}
spec: {containers: [{name: web, image: web}]}
PATTERN
  eventually counts_pods || fail "the operator does not count the Pod"
}

counts_pods() {
  operator_get "$WORK/operator" /metrics >"$WORK/operator.txt"
  grep --quiet 'remora_pattern_pods{.*state="injected"} 1' "$WORK/operator.txt"
}

exist() { metrics exist "$@" "$WORK/ConfigMap.json" "$WORK/webhook.txt" "$WORK/operator.txt"; }

# exist_misspelt FROM TO
exist_misspelt() { exist <(sed "s/$1/$2/" "$WORK/PrometheusRule.json"); }

expositions() {
  webhook_get "$WORK/webhook" /metrics >"$WORK/webhook.txt"
  check "all metrics, labels and values that they ask for are there" exist "$WORK/PrometheusRule.json"
  check "a metric that nobody has is noticed" refuses "there is no metric remora_leaders" \
    exist_misspelt remora_leader remora_leaders
  check "so is a value" refuses "with reason=InternalFault" exist_misspelt InternalError InternalFault
  check "and a label" refuses "has the label kinds" exist_misspelt 'by (kind,' 'by (kinds,'
}

# --- a real Prometheus ----------------------------------------------------------------------------

# scrape_jobs: what the Prometheus Operator makes of the monitors, as far as their fields go, for targets on this machine. The companions'
# are described by the labels that Prometheus finds in Kubernetes: container port 9113 is what the Pod's annotations speak of, 9121 is not.
scrape_jobs() {
  documents --set monitoring.serviceMonitor.enabled=true,monitoring.podMonitor.enabled=true |
    jq --slurp --arg ca "$WORK/webhook/pki/ca.crt" --arg port "$(<"$WORK/webhook/port")" \
      --arg operator "$(<"$WORK/operator/port")" '
    def snake: to_entries | map(.key |= gsub("(?<upper>[A-Z])"; "_" + (.upper | ascii_downcase))) | from_entries;
    def pod($number; $annotated; $path): {targets: ["127.0.0.1:1"], labels: ({
      __meta_kubernetes_pod_container_port_number: $number, __meta_kubernetes_pod_annotation_prometheus_io_port: $annotated,
      __meta_kubernetes_pod_annotation_prometheus_io_path: $path, number: $number} | with_entries(select(.value != "")))};
    [.[] | select(.kind == "ServiceMonitor") | .metadata.name as $name | .spec.endpoints[] | {
      job_name: $name, scrape_interval: "1s", scheme: (.scheme // "http"), metrics_path: .path,
      honor_labels: (.honorLabels // false),
      static_configs: [{targets: ["127.0.0.1:" + (if .port == "https" then $port else $operator end)]}]
    } + (if .tlsConfig then {tls_config: {ca_file: $ca, server_name: "localhost"}} else {} end)] +
    [.[] | select(.kind == "PodMonitor") | .spec.podMetricsEndpoints | to_entries[] | {
      job_name: "companions-\(.key)", scrape_interval: "1m", metrics_path: .value.path,
      relabel_configs: [.value.relabelings[] | snake],
      static_configs: [pod("9113"; "9113"; "/probe"), pod("9121"; "9113"; "/probe"), pod("9187"; ""; "")]}] |
    {scrape_configs: .}'
}

start_prometheus() {
  scrape_jobs >"$WORK/prometheus.yml"
  PROMETHEUS_PORT=$(/usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1)
  prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/prometheus" \
    --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" >"$WORK/prometheus.log" 2>&1 &
  PROMETHEUS_PID=$!
  at_exit stop_prometheus
}

stop_prometheus() {
  kill "$PROMETHEUS_PID" 2>/dev/null || true
  wait "$PROMETHEUS_PID" 2>/dev/null || true
}

prometheus_get() { curl --silent --show-error --fail --noproxy '*' --max-time 5 "http://127.0.0.1:$PROMETHEUS_PORT$1" "${@:2}"; }

# query PROMQL: the label sets of what it says, one a line
query() { prometheus_get /api/v1/query --get --data-urlencode "query=$1" | jq --compact-output '.data.result[].metric'; }

both_are_up() { equal '"remora-operator" "remora-webhook" ' "$(query 'up == 1' | jq .job | sort | tr '\n' ' ')"; }

paths() {
  prometheus_get /api/v1/targets | jq --raw-output '.data.activeTargets[] | select(.labels.number) |
    "\(.labels.number) \(.scrapeUrl | sub(".*:1"; ""))"' | sort | tr '\n' ' '
}

scrapes() {
  check "promtool takes what the monitors say" promtool check config <(scrape_jobs)
  start_prometheus
  check "a Prometheus scrapes both programs" eventually both_are_up
  check "it has the pattern's namespace in its Pods' counts" \
    says "\"namespace\":\"$SPACE\"" query 'remora_pattern_pods{state="injected"} == 1'
  check "each companion is scraped once, at the path of the annotations where they speak of its port" \
    equal "9113 /probe 9121 /metrics 9187 /metrics " "$(paths)"
}

main() {
  need_commands jq curl promtool prometheus
  find_helm
  use_cluster
  render
  alerts
  run_programs
  expositions
  scrapes
  finish
}

main "$@"
