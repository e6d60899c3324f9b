#!/usr/bin/env bash
# Measures: the engine alone, then the webhook and the baseline in turn; what a Pod creation costs; the
# operator with many Pods.
# Prints a table with the targets. A missed target is a figure, and no failure.
#
# The server under test gets core 0 to itself, the load core 1. The figures count on an idle machine
# only; `machine/others` says how idle it was. tests/bench/README.md explains the names.
#
# usage: hack/bench.sh [--json FILE] [--smoke]           engine and webhook
#        hack/bench.sh cluster [--json FILE] [--smoke]   a Pod creation: without a webhook, with ours,
#                                                        with a MutatingAdmissionPolicy
#        hack/bench.sh operator [--json FILE] [--smoke]  the operator with 10,000 and 30,000 Pods; fails
#                                                        when a status does not become true
#
#   --json FILE   also into FILE, one object a line: name, value, unit, target, met
#   --smoke       every figure in half a minute, measured too briefly to mean anything

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=webhook.sh
source "$(dirname "${BASH_SOURCE[0]}")/webhook.sh"
# shellcheck source-path=SCRIPTDIR source=operator.sh
source "$(dirname "${BASH_SOURCE[0]}")/operator.sh"

readonly BENCH=$REMORA_ROOT/tests/bench
readonly BUILT=$REMORA_ROOT/build/release/tests/bench
readonly TOOLS=$REMORA_ROOT/build/bench
readonly SERVER_CORE=0
readonly LOAD_CORE=1
readonly STORED_PATTERNS=1000
readonly REVIEW_CONNECTIONS=1,16,64
readonly STARTS=5

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# --- before and after -----------------------------------------------------------------------------

build() {
  if [[ $WHAT == operator ]]; then
    "$REMORA_ROOT/hack/build.sh" release remora-operator remora-webhook write_inputs
    return
  fi
  "$REMORA_ROOT/hack/build.sh" release remora-webhook engine_bench write_inputs
  mkdir -p "$TOOLS"
  run_slow "building baseline and load" "$TOOLS/build.log" build_go || fail "go could not build them"
}

build_go() { GOTOOLCHAIN=local go build -C "$BENCH" -o "$TOOLS/" ./...; }

prepare() {
  need_commands taskset jq curl
  [[ $WHAT == operator ]] || need_go
  (($(nproc) > 1)) || die "server and load need a core each, and there is only one"
  WORK=$(mktemp --directory "${TMPDIR:-/tmp}/remora-bench.XXXXXX")
  at_exit clean_up
  unset KUBECONFIG REMORA_USE_EXISTING_CLUSTER REMORA_APISERVER_ARGS
  export REMORA_CLUSTER_DIR=$WORK/cluster
  FIGURES=$WORK/figures
  : >"$FIGURES"
}

clean_up() {
  stop_webhook "$WORK/webhook"
  stop_baseline
  "$REMORA_ROOT/hack/cluster.sh" down >/dev/null
  rm -rf "$WORK"
}

start_cluster() {
  "$REMORA_ROOT/hack/cluster.sh" up --tier 1
  eval "$("$REMORA_ROOT/hack/cluster.sh" env)"
  apply_crds
}

figure() { printf '%s\t%s\t%s\n' "$@" >>"$FIGURES"; }

# --- the engine -----------------------------------------------------------------------------------

bench_engine() {
  run_slow "measuring the engine" "$WORK/engine.log" taskset --cpu-list "$SERVER_CORE" \
    "$BUILT/engine_bench" --benchmark_min_time="$ENGINE_SECONDS" \
    --benchmark_repetitions="$ENGINE_REPETITIONS" --benchmark_enable_random_interleaving=true \
    --benchmark_report_aggregates_only=true --benchmark_out="$WORK/engine.json" ||
    fail "the benchmarks of the engine failed"
  /usr/bin/python3 "$BENCH/figures.py" engine "$WORK/engine.json" >>"$FIGURES"
}

# --- the webhook, with many patterns --------------------------------------------------------------

store_patterns() {
  "$BUILT/write_inputs" "$WORK/inputs" "$STORED_PATTERNS"
  kubectl create namespace shop >/dev/null
  kubectl create namespace remora-catalog >/dev/null
  run_slow "storing $STORED_PATTERNS patterns" "$WORK/patterns.log" create_patterns ||
    fail "the API server did not take the patterns"
}

# kubectl sends one after the other: several of them are faster.
create_patterns() {
  local part creating=()
  for part in 0 1 2 3; do
    jq --argjson part "$part" '.items |= [to_entries[] | select(.key % 4 == $part) | .value]' \
      "$WORK/inputs/patterns.json" | kubectl create --filename - &
    creating+=($!)
  done
  for part in "${creating[@]}"; do
    wait "$part"
  done
}

# The certificate is made by the first start, which does not count. What curl takes to ask, and up to 50
# ms between two questions, are in the time.
bench_start() {
  local i began times=()
  for ((i = 0; i <= STARTS; i++)); do
    began=$(now_us)
    start_webhook "$WORK/webhook" --threads=1
    ((i == 0)) || times+=($((($(now_us) - began) / 1000)))
    ((i == STARTS)) || stop_webhook "$WORK/webhook"
  done
  figure "webhook/$STORED_PATTERNS-patterns/ready" \
    "$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$((STARTS / 2 + 1))p")" ms
  figure "webhook/$STORED_PATTERNS-patterns/rss" "$(rss_of "$(webhook_pid)")" MB
}

webhook_pid() {
  local STATE=$WORK/webhook
  read_record remora-webhook && echo "$RECORD_PID"
}

rss_of() { awk '/^VmRSS:/ { printf "%.1f", $2 * 1024 / 1e6 }' "/proc/$1/status"; }

# --- the webhook and the baseline -----------------------------------------------------------------

start_baseline() {
  local pki=$WORK/webhook/pki
  STATE=$WORK/baseline
  mkdir -p "$STATE"/{logs,processes}
  /usr/bin/python3 "$REMORA_ROOT/hack/cluster/free_ports.py" 1 >"$STATE/port"
  BASELINE_ADDRESS=127.0.0.1:$(<"$STATE/port")
  start_program baseline "$BASELINE_ADDRESS" taskset --cpu-list "$SERVER_CORE" \
    "$TOOLS/baseline" "$BASELINE_ADDRESS" "$pki/webhook.crt" "$pki/webhook.key"
  wait_until "$WEBHOOK_READY_SECONDS" baseline curl --silent --fail --noproxy '*' \
    --cacert "$pki/ca.crt" "https://$BASELINE_ADDRESS/readyz"
  read_record baseline
  BASELINE_PID=$RECORD_PID
  disown "$BASELINE_PID"  # bash need not say that it was killed
}

stop_baseline() {
  STATE=$WORK/baseline
  stop_program baseline
}

bench_reviews() {
  local webhook
  webhook=$(webhook_pid)
  taskset --all-tasks --cpu-list --pid "$SERVER_CORE" "$webhook" >/dev/null
  start_baseline
  run_slow "asking the webhook and the baseline in turn" "$WORK/load.log" load_reviews "$webhook" ||
    fail "the load failed"
  cat "$WORK/reviews" >>"$FIGURES"
  figure "webhook/$STORED_PATTERNS-patterns/rss-after-load" "$(rss_of "$webhook")" MB
}

load_reviews() {
  GOMAXPROCS=1 taskset --cpu-list "$LOAD_CORE" "$TOOLS/load" reviews \
    --ca "$WORK/webhook/pki/ca.crt" --rounds "$ROUNDS" --seconds "$LOAD_SECONDS" \
    --connections "$REVIEW_CONNECTIONS" \
    --server "webhook=https://127.0.0.1:$(<"$WORK/webhook/port")/v1/pods/named,$1" \
    --server "baseline=https://$BASELINE_ADDRESS/v1/pods/named,$BASELINE_PID" \
    --review "8k=$WORK/inputs/review-8k.json" --review "60k=$WORK/inputs/review-60k.json" \
    >"$WORK/reviews"
}

bench_engine_and_webhook() {
  bench_engine
  start_cluster
  store_patterns
  bench_start
  # The webhook keeps its patterns, and nothing else takes time on its core.
  "$REMORA_ROOT/hack/cluster.sh" down
  bench_reviews
}

# --- a Pod creation -------------------------------------------------------------------------------

# Nobody is asked about the Pods of the namespace `none`. `policy` may be asked again after others have
# changed the Pod, as the webhook may; `policy-once` may not.
prepare_creations() {
  local namespace
  for namespace in none webhook policy policy-once; do
    kubectl create namespace "$namespace" >/dev/null
    kubectl --namespace "$namespace" create serviceaccount default >/dev/null
  done
  kubectl apply --filename "$BENCH/cluster/pattern.yaml" >/dev/null
  apply_policy policy IfNeeded
  apply_policy policy-once Never
  start_webhook "$WORK/webhook"
  register_webhook "$WORK/webhook"
  kubectl patch mutatingwebhookconfiguration remora --type json --patch '[{"op": "add",
    "path": "/webhooks/0/namespaceSelector/matchExpressions/-", "value":
    {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["webhook"]}}]' >/dev/null
  for namespace in webhook policy policy-once; do
    within "$WEBHOOK_ASKED_SECONDS" gets_companion "$namespace" ||
      fail "a Pod in the namespace $namespace gets no companion"
  done
  within "$WEBHOOK_ASKED_SECONDS" gets_none none || fail "a Pod in the namespace none gets a companion"
}

apply_policy() {
  sed "s/@NAMESPACE@/$1/; s/@REINVOCATION@/$2/" "$BENCH/cluster/policy.yaml.in" |
    kubectl apply --filename - >/dev/null
}

created_containers() {
  kubectl --namespace "$1" create --dry-run=server --filename "$BENCH/cluster/pod.json" --output json |
    jq --raw-output '[.spec.initContainers[]?.name] | join(" ")'
}

gets_companion() { [[ $(created_containers "$1") == "log-saver" ]]; }
gets_none() { [[ -z $(created_containers "$1") ]]; }

# How often the API server has asked the webhook so far.
calls() {
  kubectl get --raw /metrics | awk '
    /^apiserver_admission_webhook_request_total\{.*name="named\.patterns\.remora\.dev"/ { sum += $NF }
    END { print sum + 0 }'
}

bench_creations() {
  local calls pods
  start_cluster
  prepare_creations
  calls=$(calls)
  run_slow "creating Pods" "$WORK/creations.log" load_creations || fail "Pods could not be created"
  calls=$(($(calls) - calls))
  pods=$(kubectl --namespace webhook get pods --output name | wc -l)
  cat "$WORK/creations" >>"$FIGURES"
  figure creation/webhook/calls "$(awk "BEGIN { printf \"%.3g\", $calls / $pods }")" "a Pod"
}

load_creations() {
  local STATE=$REMORA_CLUSTER_DIR namespace pods=()
  for namespace in none webhook policy policy-once; do
    pods+=(--pod "$namespace=$BENCH/cluster/pod.json")
  done
  read_record kube-apiserver
  "$TOOLS/load" pods --pki "$REMORA_CLUSTER_DIR/pki" --server "$RECORD_ADDRESS" \
    --rounds "$ROUNDS" --creations "$CREATIONS" \
    --process "api-server=$RECORD_PID" --process "webhook=$(webhook_pid)" "${pods[@]}" >"$WORK/creations"
}

# --- the operator ---------------------------------------------------------------------------------

# What the operator asks is counted from the audit log: it has a user of its own there.
start_audited_cluster() {
  export REMORA_APISERVER_ARGS="--audit-policy-file=$BENCH/operator/audit-policy.yaml"
  REMORA_APISERVER_ARGS+=" --audit-log-path=$WORK/audit.log"
  start_cluster
  APISERVER=$(kubectl config view --raw --output 'jsonpath={.clusters[0].cluster.server}')
  PKI=$REMORA_CLUSTER_DIR/pki
  issue_certificate "$PKI" remora-operator /O=system:masters/CN=remora-operator clientAuth
  write_kubeconfig "$PKI" remora-operator "$APISERVER" "$WORK/kubeconfig"
  PROXY_PORT=$(/usr/bin/python3 "$REMORA_ROOT/hack/cluster/free_ports.py" 1)
  write_kubeconfig "$PKI" remora-operator "https://127.0.0.1:$PROXY_PORT" "$WORK/proxied-kubeconfig"
}

# on_api_server COMMAND OPTION...
on_api_server() {
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$BENCH/operator/measure.py" "$1" \
    --server "$APISERVER" --pki "$PKI" "${@:2}"
}

# The records on the Pods are the webhook's own.
prepare_operator() {
  "$BUILT/write_inputs" "$WORK/inputs" "$OPERATOR_PATTERNS"
  on_api_server store --patterns "$WORK/inputs/patterns.json" --count "$OPERATOR_PATTERNS"
  kubectl apply --filename "$REMORA_ROOT/hack/sealed-namespace.yaml" >/dev/null
  start_webhook "$WORK/webhook"
  register_webhook "$WORK/webhook"
  on_api_server templates --pod "$BENCH/cluster/pod.json" --templates "$WORK/templates.json"
  unregister_webhook
  stop_webhook "$WORK/webhook"
}

bench_operator() {
  start_audited_cluster
  prepare_operator
  run_slow "measuring the operator" "$WORK/operator.log" measure_operator ||
    fail "the operator could not be measured, or did not tell the truth"
}

measure_operator() {
  local STATE=$REMORA_CLUSTER_DIR program processes=()
  for program in etcd kube-apiserver; do
    read_record "$program"
    processes+=(--process "$RECORD_PID")
  done
  on_api_server measure --templates "$WORK/templates.json" --operator "$OPERATOR_PROGRAM" \
    --operator-log "$WORK/remora-operator.log" --kubeconfig "$WORK/kubeconfig" \
    --proxied-kubeconfig "$WORK/proxied-kubeconfig" --proxy-port "$PROXY_PORT" \
    --proxy "$REMORA_ROOT/tests/e2e/tcp_proxy.py" --audit-log "$WORK/audit.log" \
    "${processes[@]}" "${OPERATOR_SIZES[@]}" >>"$FIGURES"
}

# --- all of it ------------------------------------------------------------------------------------

WHAT=engine_and_webhook
JSON=
SMOKE=
ENGINE_SECONDS=0.2 ENGINE_REPETITIONS=9 ROUNDS=7 LOAD_SECONDS=1 CREATIONS=300
OPERATOR_PATTERNS=100
OPERATOR_SIZES=(--pods 10000 --more-pods 30000 --starts 3 --seconds 60 --burst 1000 --edits 10
  --edits-of-one 12 --cut-seconds 60 --quiet-seconds 4)

be_brief() {
  SMOKE=yes ENGINE_SECONDS=0.005 ENGINE_REPETITIONS=2 ROUNDS=1 LOAD_SECONDS=0.1 CREATIONS=10
  OPERATOR_PATTERNS=20
  OPERATOR_SIZES=(--pods 300 --more-pods 600 --starts 2 --seconds 2 --burst 100 --edits 2
    --edits-of-one 12 --cut-seconds 5 --quiet-seconds 2)
}

read_arguments() {
  while (($# > 0)); do
    case $1 in
      -h | --help) usage && exit ;;
      cluster) WHAT=creations ;;
      operator) WHAT=operator ;;
      --json) [[ -n ${2:-} ]] || die "--json takes a file"; JSON=$(realpath -m "$2") && shift ;;
      --json=?*) JSON=$(realpath -m "${1#*=}") ;;
      --smoke) be_brief ;;
      *) die "unknown argument $1; see hack/bench.sh --help" ;;
    esac
    shift
  done
}

main() {
  read_arguments "$@"
  build
  prepare
  "bench_$WHAT"
  step "measured"
  echo
  /usr/bin/python3 "$BENCH/figures.py" report "$FIGURES" ${JSON:+"$JSON"}
  [[ -z $SMOKE ]] || echo "This was a smoke run: the values mean nothing."
}

main "$@"
