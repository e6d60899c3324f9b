#!/usr/bin/env bash
# Runs all patterns of charts/remora-catalog on a real node, with the images of hack/catalog-images.sh and real traffic, in a
# namespace that enforces the Pod security standard `restricted`. Workloads ask by the annotations of the chart's README.
#
# usage: tests/node/catalog_test.sh [PATTERN...]   without any, all

# shellcheck disable=SC2016  # what stands in single quotes is for the shell of a container

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=remora.sh
source "$(dirname "${BASH_SOURCE[0]}")/remora.sh"

readonly README=$E2E_ROOT/charts/remora-catalog/README.md
readonly SHOP=catalog-shop
readonly DOMAIN=$SHOP.svc.cluster.local
readonly POSTGRES=localhost/remora-test/postgres:1
readonly PASSWORD=not-for-the-application
readonly REQUESTS=1000
readonly LAST_LINES=50000  # more than rsyslog reads before the kubelet ends it
readonly ARRIVES_SECONDS=60
readonly RENEWED_SECONDS=120

catalog() { /usr/bin/python3 "$E2E_ROOT/tests/e2e/catalog.py" "$@"; }

# --- a database -----------------------------------------------------------------------------------

import_postgres() {
  local archive
  archive=$("$E2E_ROOT/hack/cluster/debian_image.py" "$POSTGRES" postgresql-15 libpam0g tzdata \
    --account postgres:1000:/tmp --link /usr/lib/postgresql/15/bin/initdb=/usr/bin/initdb \
    --link /usr/lib/postgresql/15/bin/postgres=/usr/bin/postgres)
  "$CLUSTER" image import "$archive"
}

# --- workloads ------------------------------------------------------------------------------------

# In jq, a Pod template for `restricted` whose first container is made of $container.
readonly TEMPLATE='{
  metadata: {labels: {app: $name}, annotations: $annotations},
  spec: ({
    terminationGracePeriodSeconds: 2,
    securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: "RuntimeDefault"}},
    containers: [{name: "app", image: $image, imagePullPolicy: "IfNotPresent", securityContext: {
      allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}} + $container]} + $more)}'

# workload NAME CONTAINER [ANNOTATIONS [MORE]]: a Deployment; the arguments are JSON
workload() {
  jq --null-input --arg name "$1" --argjson container "$2" --argjson annotations "${3:-{\}}" \
    --argjson more "${4:-{\}}" --arg image "$APPS" '{apiVersion: "apps/v1", kind: "Deployment",
      metadata: {$name}, spec: {selector: {matchLabels: {app: $name}}, template: '"$TEMPLATE"'}}' |
    apply "$SHOP"
}

# user PATTERN CONTAINER [PARAMETERS [MORE]]: a workload of the pattern's name that asks for it; PARAMETERS, an object, are
# besides or instead of those of the README
user() {
  local annotations
  annotations=$(catalog annotations "$README" "$1" |
    jq --arg name "$1" --argjson parameters "${3:-{\}}" '. + ($parameters |
      with_entries(.key = "params.patterns.remora.dev/\($name).\(.key)"))')
  workload "$1" "$2" "$annotations" "${4:-{\}}"
}

# shell SCRIPT: a container that runs it
shell() { jq --null-input --arg script "$1" '{command: ["sh", "-c", $script]}'; }

readonly SLEEPS='trap "exit 0" TERM; while true; do sleep 1; done'

pod_of() { pod_names "$SHOP" "app=$1" | head --lines=1; }

# in_app NAME SCRIPT: in the first container of its Pod
in_app() { kubectl --namespace "$SHOP" exec "deployment/$1" --container app -- sh -c "$2"; }

is_ready() { ready "$SHOP" "deployment/$1"; }

# nginx_of NAME LOG: a configuration, as a ConfigMap
nginx_of() {
  kubectl --namespace "$SHOP" create configmap "$1" --from-literal="nginx.conf=
    daemon off; pid /tmp/nginx.pid; error_log stderr; worker_processes 1;
    events { worker_connections 64; }
    http {
      access_log $2; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;
      uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
      server {
        listen 8080;
        location / { return 200 \"hello over \$http_x_forwarded_proto\n\"; }
        location /stub_status { stub_status; }
      }
    }" >/dev/null
}

readonly NGINX='{"ports": [{"name": "http", "containerPort": 8080}],
  "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
  "volumeMounts": [{"name": "conf", "mountPath": "/conf"}]}'

# nginx SCRIPT: its container
nginx() { jq --null-input --argjson nginx "$NGINX" --arg script "$1" '$nginx + {command: ["sh", "-c", $script]}'; }

conf_of() { jq --null-input --arg name "$1" '{volumes: [{name: "conf", configMap: {$name}}]}'; }

# metrics_of PATTERN: what its exporter says, at the address that the annotations tell Prometheus
metrics_of() {
  local place
  place=$(kubectl --namespace "$SHOP" get pod "$(pod_of "$1")" --output json | jq --raw-output \
    '"\(.status.podIP):\(.metadata.annotations["prometheus.io/port"])\(.metadata.annotations["prometheus.io/path"])"')
  on_node curl --silent --show-error --fail --noproxy '*' --max-time 5 "http://$place"
}

has_metric() { metrics_of "$1" | grep --extended-regexp "^$2"; }

# never_restarted PATTERN: no container of its Pod, whatever it was waiting for
never_restarted() {
  equal 0 "$(kubectl --namespace "$SHOP" get pod "$(pod_of "$1")" --output json |
    jq '[(.status.containerStatuses + (.status.initContainerStatuses // []))[].restartCount] | add')"
}

# --- the patterns: each has a function that starts it, and one that checks it ----------------------

start_log-saver() {
  nginx_of log-saver /var/log/app/access.log
  # It writes while it ends, too.
  workload syslog-server "$(shell 'exec nc -l -k 5140 >/tmp/received')"
  service "$SHOP" syslog-server 5140
  user log-saver "$(nginx "LAST_LINES=$LAST_LINES"'; nginx -c /conf/nginx.conf & trap "seq $LAST_LINES | sed s/^/last-/ \
    >>/var/log/app/end.log; exit 0" TERM; while true; do sleep 1 & wait $!; done')" \
    "{\"forwardTo\": \"syslog-server.$DOMAIN\", \"forwardPort\": \"5140\"}" "$(conf_of log-saver)"
}

saved() { kubectl --namespace "$SHOP" logs deployment/log-saver --container log-saver; }

saved_lines() { equal "$1" "$(saved | grep --count "$2")"; }

# busybox has short options only.
forwarded_lines() { equal "$1" "$(in_app syslog-server "grep -c 'app - - - .*GET /page/' /tmp/received")"; }

check_log-saver() {
  local pod reader
  check "log-saver: $REQUESTS requests" in_app log-saver \
    "curl --silent --fail --output /dev/null 'http://localhost:8080/page/[1-$REQUESTS]'"
  check "log-saver: all of them are at the saver" eventually saved_lines "$REQUESTS" 'GET /page/'
  check "log-saver: and at the syslog server" eventually forwarded_lines "$REQUESTS"
  pod=$(pod_of log-saver)
  kubectl --namespace "$SHOP" logs "$pod" --container log-saver --follow >"$WORK/saved" &
  reader=$!
  kubectl --namespace "$SHOP" delete pod "$pod" >/dev/null
  wait "$reader"
  check "log-saver: so are the $LAST_LINES lines that the target wrote while it ended" \
    equal "$LAST_LINES" "$(grep --count '^last-' "$WORK/saved")"
}

# By HTTP, for who has the password.
readonly GIT_SERVER='set -e; export HOME=/tmp; cd /tmp
  git config --global user.name shop; git config --global user.email shop@example.com
  git init --quiet --initial-branch main site; cd site
  echo first >page; git add page; git commit --quiet --message first
  mkdir -p /tmp/www/cgi-bin
  printf "#!/bin/sh\nexport GIT_PROJECT_ROOT=/tmp GIT_HTTP_EXPORT_ALL=1\nexec git http-backend\n" >/tmp/www/cgi-bin/git
  chmod +x /tmp/www/cgi-bin/git
  echo "/cgi-bin:shop:$PASSWORD" >/tmp/httpd.conf
  exec httpd -f -p 8080 -h /tmp/www -c /tmp/httpd.conf'

start_git-sync() {
  kubectl --namespace "$SHOP" create secret generic git-credentials --type kubernetes.io/basic-auth \
    --from-literal=username=shop --from-literal="password=$PASSWORD" >/dev/null
  workload git-server "$(shell "PASSWORD=$PASSWORD; $GIT_SERVER")"
  service "$SHOP" git-server 80 8080
  user git-sync "$(shell "cat /srv/site/current/page && $SLEEPS")" \
    "{\"repo\": \"http://git-server.$DOMAIN/cgi-bin/git/site\", \"period\": \"1\"}"
}

site_says() { says "$1" in_app git-sync 'cat /srv/site/current/page'; }

check_git-sync() {
  check "git-sync: the target found the files when it started" \
    says first kubectl --namespace "$SHOP" logs deployment/git-sync --container app
  check "git-sync: a new commit" in_app git-server \
    'export HOME=/tmp; cd /tmp/site && echo second >page && git commit --quiet --all --message second'
  check "git-sync: arrives" within "$ARRIVES_SECONDS" site_says second
  check "git-sync: with it alone" in_app git-sync 'test "$(ls /srv/site/current)" = page'
  check "git-sync: without the password there is nothing" refuses 'Authentication failed' in_app git-sync \
    "HOME=/tmp GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true git ls-remote http://git-server.$DOMAIN/cgi-bin/git/site"
  check "git-sync: the target cannot write there" \
    refuses 'Read-only' in_app git-sync 'echo x >/srv/site/current/page'
}

start_redis_servers() {
  local name
  for name in redis-a redis-b; do
    kubectl --namespace "$SHOP" get deployment "$name" >/dev/null 2>&1 && continue
    workload "$name" "$(shell 'exec redis-server --save "" --dir /tmp --protected-mode no')"
    service "$SHOP" "$name" 6379
  done
}

# redis_user PATTERN SERVER
redis_user() { user "$1" "$(shell "$SLEEPS")" "{\"upstream\": \"$2.$DOMAIN:6379\"}"; }

start_redis-twemproxy() { start_redis_servers && redis_user redis-twemproxy redis-a; }
start_redis-haproxy() { start_redis_servers && redis_user redis-haproxy redis-a; }

through() { in_app "$1" "redis-cli -e -h \$REDIS_HOST -p \$REDIS_PORT $2"; }

# check_redis PATTERN: the values are of this run
check_redis() {
  local pattern=$1
  check "$pattern: SET by the target" eventually says OK through "$pattern" "set $pattern one"
  check "$pattern: GET, too" says one through "$pattern" "get $pattern"
  check "$pattern: it is in the real Redis" says one in_app redis-a "redis-cli -e get $pattern"
  check "$pattern: the Redis moves: another parameter" redis_user "$pattern" redis-b
  is_ready "$pattern" >/dev/null
  check "$pattern: SET by the same target" eventually says OK through "$pattern" "set $pattern two"
  check "$pattern: it is in the other Redis" says two in_app redis-b "redis-cli -e get $pattern"
  check "$pattern: not in the first" says one in_app redis-a "redis-cli -e get $pattern"
}

check_redis-twemproxy() { check_redis redis-twemproxy; }

address_of() { kubectl --namespace "$SHOP" get service "$1" --output 'jsonpath={.spec.clusterIP}'; }

# renew_service NAME PORT: at another address
renew_service() {
  local before
  before=$(address_of "$1")
  kubectl --namespace "$SHOP" delete service "$1" >/dev/null
  service "$SHOP" "$1" "$2"
  not equal "$before" "$(address_of "$1")"
}

check_redis-haproxy() {
  check_redis redis-haproxy
  check "redis-haproxy: the Service gets another address" renew_service redis-b 6379
  check "redis-haproxy: HAProxy follows" eventually says OK through redis-haproxy "set redis-haproxy three"
  check "redis-haproxy: transactions, too" says OK in_app redis-haproxy \
    'printf "MULTI\nSET multi 1\nEXEC\n" | redis-cli -e -h $REDIS_HOST -p $REDIS_PORT'
}

start_pgbouncer() {
  kubectl --namespace "$SHOP" create secret generic postgres-credentials --type kubernetes.io/basic-auth \
    --from-literal=username=shop --from-literal="password=$PASSWORD" >/dev/null
  # In memory: initdb writes 40 MB.
  workload postgres "$(shell 'initdb --pgdata=/data/db --username=shop --pwfile=/credentials/password \
    --auth=scram-sha-256 --locale=C --encoding=UTF8 --no-sync >/data/initdb.log &&
    echo "host all all all scram-sha-256" >>/data/db/pg_hba.conf &&
    exec postgres -D /data/db -c listen_addresses="*" -c unix_socket_directories=/tmp -c fsync=off' |
    jq --arg image "$POSTGRES" '. + {$image, readinessProbe: {tcpSocket: {port: 5432}, periodSeconds: 1},
      volumeMounts: [{name: "credentials", mountPath: "/credentials"}, {name: "data", mountPath: "/data"}]}')" \
    '{}' '{"volumes": [{"name": "credentials", "secret": {"secretName": "postgres-credentials"}},
      {"name": "data", "emptyDir": {"medium": "Memory"}}]}'
  service "$SHOP" postgres 5432
  user pgbouncer "$(shell "$SLEEPS")" "{\"upstream\": \"postgres.$DOMAIN:5432\"}"
}

# The target's container, and all annotations, neither name nor have the credentials.
target_knows_nothing() {
  local pod
  pod=$(kubectl --namespace "$SHOP" get pod "$(pod_of pgbouncer)" --output json)
  ! grep --quiet "$PASSWORD" <<<"$pod" || return 1
  ! jq '.spec.containers[], .metadata' <<<"$pod" | grep --quiet secretKeyRef || return 1
  ! in_app pgbouncer 'env; cat /proc/1/environ' | grep --quiet --text "$PASSWORD"
}

check_pgbouncer() {
  is_ready postgres >/dev/null
  check "pgbouncer: SELECT by a target without a password" eventually says 42 \
    in_app pgbouncer 'psql --no-psqlrc --no-password --tuples-only --no-align --command "SELECT 6 * 7"'
  check "pgbouncer: by DATABASE_URL, and as the Secret's user" says shop \
    in_app pgbouncer 'psql --no-psqlrc --no-password --tuples-only --no-align "$DATABASE_URL" --command "SELECT current_user"'
  check "pgbouncer: PostgreSQL itself refuses who has none" refuses 'no password supplied' in_app pgbouncer \
    "psql --no-password --username shop --host postgres.$DOMAIN --port 5432 --command 'SELECT 1'"
  check "case 50: pgbouncer: only the Ambassador has the password" target_knows_nothing
}

# Makes WORK/tls.crt, and a Secret of it.
issue_tls() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=web \
    -addext "subjectAltName=DNS:tls-termination.$DOMAIN" -keyout "$WORK/tls.key" -out "$WORK/tls.crt" 2>/dev/null
  kubectl create secret tls web-tls --cert="$WORK/tls.crt" --key="$WORK/tls.key" --dry-run=client --output yaml |
    apply "$SHOP"
}

start_tls-termination() {
  issue_tls
  nginx_of tls-termination off
  service "$SHOP" tls-termination 443 http
  workload tls-termination "$(nginx 'exec nginx -c /conf/nginx.conf')" '{}' "$(conf_of tls-termination)"
  is_ready tls-termination >/dev/null
}

# over SCHEME: asks the Service, from the Pod of a Redis
over() {
  local certificate
  certificate=$(<"$WORK/tls.crt")
  in_app redis-a "echo '$certificate' >/tmp/ca.crt; curl --silent --show-error --fail --max-time 5 \
    --cacert /tmp/ca.crt $1://tls-termination.$DOMAIN:443/"
}

service_version() {
  kubectl --namespace "$SHOP" get service tls-termination --output 'jsonpath={.metadata.resourceVersion}'
}

check_tls-termination() {
  local version
  version=$(service_version)
  start_redis_servers
  is_ready redis-a >/dev/null
  check "tls-termination: without it the Service answers by HTTP" eventually says "hello over" over http
  user tls-termination "$(nginx 'exec nginx -c /conf/nginx.conf')" '{}' "$(conf_of tls-termination)"
  check "tls-termination: with it, it is ready, whose probe says the name of the port" is_ready tls-termination
  check "tls-termination: the Service answers by HTTPS" eventually says "hello over https" over https
  check "tls-termination: no longer by HTTP" refuses "400" over http
  check "tls-termination: the Service was not edited" equal "$version" "$(service_version)"
  issue_tls
  # The kubelet looks after the volumes of a Pod that changes at once, else within about a minute.
  kubectl --namespace "$SHOP" annotate pod "$(pod_of tls-termination)" looked-at=now >/dev/null
  check "tls-termination: a renewed certificate is served, without a restart" within "$RENEWED_SECONDS" over https
  check "tls-termination: there was none" never_restarted tls-termination
}

start_egress-proxy() {
  nginx_of egress-origin off
  workload egress-origin "$(nginx 'cd /tmp && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=origin \
    -keyout key -out crt && { openssl s_server -accept 8443 -key key -cert crt -www & } &&
    exec nginx -c /conf/nginx.conf')" '{}' "$(conf_of egress-origin)"
  local name
  for name in egress-origin forbidden-origin; do
    apply "$SHOP" <<YAML
apiVersion: v1
kind: Service
metadata: {name: $name}
spec:
  selector: {app: egress-origin}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]
YAML
  done
  user egress-proxy "$(shell "$SLEEPS")" "{\"allow\": \"egress-origin.$DOMAIN,.example.com\", \"noProxy\": \"localhost\"}"
}

check_egress-proxy() {
  local ask='curl --silent --show-error --fail --max-time 5'
  check "egress-proxy: the target reaches an allowed host" \
    eventually says "hello over" in_app egress-proxy "$ask http://egress-origin.$DOMAIN/"
  check "egress-proxy: by https, too" \
    says "s_server" in_app egress-proxy "$ask --insecure https://egress-origin.$DOMAIN/"
  check "egress-proxy: and no other" refuses 403 in_app egress-proxy "$ask http://forbidden-origin.$DOMAIN/"
  check "egress-proxy: nor by https" refuses 403 in_app egress-proxy "$ask https://forbidden-origin.$DOMAIN/"
  check "egress-proxy: a name that only ends like an allowed one is another" \
    refuses 403 in_app egress-proxy "$ask http://evil-example.com/"
  check "egress-proxy: it prints what was asked for" says "GET http://egress-origin.$DOMAIN/" \
    kubectl --namespace "$SHOP" logs deployment/egress-proxy --container egress-proxy
}

start_nginx-exporter() {
  nginx_of nginx-exporter off
  # Late: the exporter has to wait.
  user nginx-exporter "$(nginx 'sleep 5; exec nginx -c /conf/nginx.conf')" '{}' "$(conf_of nginx-exporter)"
}

check_nginx-exporter() {
  check "nginx-exporter: metrics of the nginx" eventually has_metric nginx-exporter 'nginx_http_requests_total [1-9]'
  check "nginx-exporter: it waited and did not end" never_restarted nginx-exporter
}

start_redis-exporter() {
  user redis-exporter "$(shell 'sleep 5; exec redis-server --save "" --dir /tmp')"
}

check_redis-exporter() {
  check "redis-exporter: metrics of the Redis" eventually has_metric redis-exporter 'redis_up 1'
  check "redis-exporter: a key more" in_app redis-exporter 'redis-cli -e set a 1'
  check "redis-exporter: is a key more" eventually has_metric redis-exporter 'redis_db_keys.*db0.* 1'
  check "redis-exporter: it waited and did not end" never_restarted redis-exporter
}

start_statsd-exporter() { user statsd-exporter "$(shell "$SLEEPS")"; }

check_statsd-exporter() {
  local port
  for port in 8125 '$STATSD_PORT'; do
    check "statsd-exporter: the target counts, by port $port" \
      in_app statsd-exporter "printf 'orders:21|c' | nc -u -w 1 localhost $port"
  done
  check "statsd-exporter: Prometheus gets the sum" eventually has_metric statsd-exporter 'orders 42'
}

# --- the test -------------------------------------------------------------------------------------

test_patterns() {
  local pattern
  for pattern in "$@"; do "start_$pattern"; done
  for pattern in "$@"; do
    check "$pattern: it is ready where restricted is enforced" is_ready "$pattern"
    "check_$pattern"
  done
}

main() {
  local patterns=("$@")
  ((${#patterns[@]} > 0)) || mapfile -t patterns < <(catalog names "$README")
  need_commands jq openssl
  use_remora_on_node apps
  import_postgres
  new_namespace "$SHOP" pod-security.kubernetes.io/enforce=restricted
  test_patterns "${patterns[@]}"
  finish
}

main "$@"
