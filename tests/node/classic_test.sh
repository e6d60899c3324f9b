#!/usr/bin/env bash
# The three classic patterns on Deployments that know nothing of them: a web server and its log saver; an application that says
# localhost and means a Redis elsewhere; nginx, Redis and a StatsD application that Prometheus scrapes alike. Then all three
# in one Pod.
#
# usage: tests/node/classic_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=remora.sh
source "$(dirname "${BASH_SOURCE[0]}")/remora.sh"

readonly SHOP=e2e-classic
readonly REQUESTS=1000
readonly LAST_REQUESTS=20  # while nginx is being ended

# --- applications ---------------------------------------------------------------------------------

configuration() {
  apply "$SHOP" <<'CONFIGURATION'
apiVersion: v1
kind: ConfigMap
metadata: {name: nginx}
data:
  nginx.conf: |
    daemon off;
    pid /tmp/nginx.pid;
    error_log stderr;
    worker_processes 1;
    events { worker_connections 256; }
    http {
      access_log /var/log/nginx/access.log;
      server {
        listen 8080;
        location / { return 200 "hello\n"; }
        location = /stub_status { access_log off; stub_status; }
      }
    }
CONFIGURATION
}

# Its last requests come when its end has begun.
nginx() {
  cat <<SPEC
containers:
  - name: web
    image: $APPS
    command: [sh, -c, "mkdir -p /var/log/nginx; exec nginx -c /conf/nginx.conf"]
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /stub_status, port: http}, periodSeconds: 1}
    lifecycle:
      preStop: {exec: {command: [curl, --silent, --output, /dev/null, "http://localhost:8080/last/[1-$LAST_REQUESTS]"]}}
    volumeMounts: [{name: conf, mountPath: /conf}]
volumes: [{name: conf, configMap: {name: nginx}}]
SPEC
}

# A counter and a timer, once a second, to the address that StatsD clients read.
statsd() {
  cat <<SPEC
containers:
  - name: app
    image: $APPS
    command:
      - sh
      - -c
      - |
        while sleep 1; do
          printf 'orders:1|c\nlatency:12|ms' | nc -u -w 0 "\${STATSD_HOST:-localhost}" "\${STATSD_PORT:-8125}"
        done
SPEC
}

sleeper() { echo "containers: [{name: app, image: $APPS, command: [sleep, infinity]}]"; }

# --- (a) a web server and its log saver -----------------------------------------------------------

# Lines of requests below that path that the saver has printed.
saved() { grep --count "GET /$1/" "$WORK/saved.log" || true; }

has_saved() { equal "$2" "$(saved "$1")"; }

ask_a_thousand_times() {
  in_app "$SHOP" client curl --silent --show-error --fail --output /dev/null "http://$1:8080/n/[1-$REQUESTS]"
}

saver_of_our_own() {
  apply "$SHOP" <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: own-saver}
spec:
  share: [{name: logs, path: /logs, targetPath: /var/log/nginx}]
  container: {image: "$1", command: [sh, -c, "touch /tmp/a; exec tail -n +1 -F /logs/access.log /tmp/a"]}
PATTERN
}

companion_image() {
  kubectl --namespace "$SHOP" get "pod/$(pod_of "$SHOP" "$1")" \
    --output "jsonpath={.spec.initContainers[?(@.name==\"$2\")].image}"
}

generation() { kubectl --namespace "$SHOP" get "deployment/$1" --output 'jsonpath={.metadata.generation}'; }

runs_image() { equal "$3" "$(companion_image "$1" "$2")"; }

log_saver() {
  local pod before
  deploy "$SHOP" web 1 "$(nginx)" sidecar=log-saver params/log-saver.dir=/var/log/nginx
  check "(a) nginx with its log saver is ready" ready "$SHOP" deployment/web
  pod=$(pod_of "$SHOP" web)
  kubectl --namespace "$SHOP" logs "$pod" --container log-saver --follow >"$WORK/saved.log" 2>&1 &
  check "it answers $REQUESTS requests" ask_a_thousand_times web
  check "the saver prints a line of each" within 20 has_saved n "$REQUESTS"
  check "logs without -c are the application's (case 20)" not says "GET /n/" \
    kubectl --namespace "$SHOP" logs "$pod"
  kubectl --namespace "$SHOP" delete deployment/web --wait=false >/dev/null
  check "the lines of its last second, too" within 30 has_saved last "$LAST_REQUESTS"

  saver_of_our_own localhost/busybox:1
  deploy "$SHOP" own 1 "$(nginx)" sidecar=own-saver
  check "another saver runs beside it" ready "$SHOP" deployment/own
  before=$(generation own)
  saver_of_our_own "$APPS"
  check "its new image is accepted" kubectl --namespace "$SHOP" wait --for=condition=Ready --timeout=30s sidecar/own-saver
  kubectl --namespace "$SHOP" delete pod --selector app=own --wait >/dev/null
  check "the next Pod has it" within 30 runs_image own own-saver "$APPS"
  check "and the Deployment was not touched" equal "$before" "$(generation own)"
}

# --- (b) localhost means a Redis elsewhere --------------------------------------------------------

say() { in_app "$SHOP" "$1" sh -c "redis-cli -e -h \${REDIS_HOST:-localhost} -p \${REDIS_PORT:-6379} $2"; }

ambassador() {
  local name
  for name in redis-one redis-two; do
    service "$SHOP" "$name" 6379
    deploy "$SHOP" "$name" 1 "$(redis_spec)"
  done
  deploy "$SHOP" cart 1 "$(sleeper)" ambassador=redis-haproxy \
    "params/redis-haproxy.upstream=redis-one.$SHOP.svc.cluster.local:6379"
  check "(b) the application is ready" ready "$SHOP" deployment/cart
  check "what it writes to localhost" eventually says OK say cart "set from cart"
  check "is in the first Redis" says cart in_app "$SHOP" redis-one redis-cli get from
  deploy "$SHOP" cart 1 "$(sleeper)" ambassador=redis-haproxy \
    "params/redis-haproxy.upstream=redis-two.$SHOP.svc.cluster.local:6379"
  check "with another parameter" ready "$SHOP" deployment/cart
  check "and no other change" eventually says OK say cart "set from moved"
  check "it is in the second" says moved in_app "$SHOP" redis-two redis-cli get from
  check "and the first has what it had" says cart in_app "$SHOP" redis-one redis-cli get from
}

# --- (c) one form of metrics for all --------------------------------------------------------------

# Debian's Prometheus does not know Kubernetes: it reads what to scrape from a file (discover).
prometheus() {
  apply "$SHOP" <<CONFIGURATION
apiVersion: v1
kind: ConfigMap
metadata: {name: prometheus}
data:
  prometheus.yml: |
    global: {scrape_interval: 1s}
    scrape_configs:
      - job_name: remora
        file_sd_configs: [{files: [/tmp/targets.json], refresh_interval: 1s}]
CONFIGURATION
  deploy "$SHOP" prometheus 1 "$(
    cat <<SPEC
containers:
  - name: prometheus
    image: $APPS
    command: [prometheus, --config.file=/conf/prometheus.yml, --storage.tsdb.path=/tmp/data]
    readinessProbe: {httpGet: {path: /-/ready, port: 9090}, periodSeconds: 1}
    volumeMounts: [{name: conf, mountPath: /conf}]
volumes: [{name: conf, configMap: {name: prometheus}}]
SPEC
  )"
}

# What the chart's PodMonitor selects: the ports `metrics` of all Pods with the label.
discover() {
  kubectl --namespace "$SHOP" get pods --selector patterns.remora.dev/injected=true --output json |
    jq '[.items[] | select(.status.podIP) | .metadata.labels.app as $app | .status.podIP as $address |
      (.spec.containers + (.spec.initContainers // []))[].ports[]? | select(.name == "metrics") |
      {targets: ["\($address):\(.containerPort)"], labels: {app: $app}}]' |
    kubectl --namespace "$SHOP" exec --stdin deployment/prometheus -- \
      sh -c 'cat >/tmp/next.json && mv /tmp/next.json /tmp/targets.json'
}

# query EXPRESSION: whether it has a value other than 0
query() {
  discover && sleep 1 || return
  in_app "$SHOP" prometheus curl --silent --get --data-urlencode "query=$1" \
    http://localhost:9090/api/v1/query | tee /dev/stderr |
    jq --exit-status '.data.result | length > 0 and all(.[]; .value[1] != "0")'
}

adapters() {
  prometheus
  deploy "$SHOP" nginx 1 "$(nginx)" adapter=nginx-exporter
  deploy "$SHOP" store 1 "$(redis_spec)" adapter=redis-exporter
  deploy "$SHOP" orders 1 "$(statsd)" adapter=statsd-exporter
  local name
  for name in prometheus nginx store orders; do
    check "(c) $name is ready" ready "$SHOP" "deployment/$name"
  done
  check "Prometheus has the metrics of nginx" within 30 query 'nginx_up{app="nginx"}'
  check "of Redis" within 30 query 'redis_up{app="store"}'
  check "and of the StatsD application" within 30 query 'orders{app="orders"}'
  check "whose timers are summaries" within 10 query 'latency{app="orders",quantile="0.5"}'
  check "they become histograms by an edit of the pattern" timers_become histogram
  kubectl --namespace "$SHOP" delete pod --selector app=orders --wait=false >/dev/null
  check "and nothing else" within 40 query 'latency_bucket{app="orders",le="+Inf"}'
  timers_become summary >/dev/null
}

# What the pattern makes of timers unless a Pod says otherwise.
timers_become() {
  kubectl --namespace remora-catalog get adapter statsd-exporter --output json |
    jq --arg form "$1" '(.spec.parameters[] | select(.name == "timers")).default = $form' |
    kubectl replace --filename - &&
    kubectl --namespace remora-catalog wait --for=condition=Ready --timeout=30s adapter/statsd-exporter
}

# --- all three in one Pod -------------------------------------------------------------------------

all_in_one() {
  deploy "$SHOP" all 1 "$(nginx)" sidecar=log-saver params/log-saver.dir=/var/log/nginx \
    ambassador=redis-haproxy "params/redis-haproxy.upstream=redis-two.$SHOP.svc.cluster.local:6379" \
    adapter=nginx-exporter
  service "$SHOP" all 8080
  check "a Pod with all three is ready" ready "$SHOP" deployment/all
  check "it answers" ask_a_thousand_times all
  check "its lines are saved" eventually says "GET /n/$REQUESTS " logs "$SHOP" all log-saver
  check "it reaches its Redis" says OK say all "set from all"
  check "it is scraped" within 30 query 'nginx_up{app="all"}'
}

main() {
  need_commands jq
  use_remora_on_node apps busybox
  new_namespace "$SHOP"
  configuration
  deploy "$SHOP" client 1 "$(sleeper)"
  service "$SHOP" web 8080
  check "a client is ready" ready "$SHOP" deployment/client
  log_saver
  ambassador
  adapters
  all_in_one
  finish
}

main "$@"
