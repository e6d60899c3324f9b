#!/usr/bin/env bash
# Companions in the lives of workloads: Jobs that end, init containers that need an ambassador, namespaces that are restricted,
# Services that are not edited, companions that crash, directories that cannot be written.
#
# usage: tests/node/workloads_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=remora.sh
source "$(dirname "${BASH_SOURCE[0]}")/remora.sh"

readonly SHOP=e2e-workloads
readonly SAFE=e2e-restricted
readonly RESTRICTED="securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 65534,
      capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}"

patterns() {
  apply "$SHOP" <<PATTERNS
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: waiter}
spec:
  allowedNamespaces: {from: All}
  container:
    image: $APPS
    command: [sh, -c, "trap 'echo ended; exit 0' TERM; while :; do sleep 0.1; done"]
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Adapter
metadata: {name: gauge}
spec:
  container: {image: $APPS, command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: crasher}
spec:
  container: {image: $APPS, command: [sh, -c, "sleep 1; exit 1"]}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: reader}
spec:
  share: [{name: logs, path: /logs, targetPath: /var/log/app}]
  container: {image: $APPS, command: [sh, -c, "touch /tmp/a; exec tail -F /logs/a.log /tmp/a"]}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: claimed}
spec:
  share: [{name: data, path: /data, targetPath: /srv, volumeName: data}]
  container: {image: $APPS, command: [sh, -c, "exec tail -F /data/a.log"]}
PATTERNS
}

# --- Jobs -----------------------------------------------------------------------------------------

# job NAME RESTART-POLICY EXIT-CODE
job() {
  apply "$SHOP" <<JOB
apiVersion: batch/v1
kind: Job
metadata: {name: $1}
spec:
  backoffLimit: 0
  template:
    metadata:
      annotations: {patterns.remora.dev/sidecar: waiter, patterns.remora.dev/adapter: gauge}
    spec:
      restartPolicy: $2
      terminationGracePeriodSeconds: 5
      containers: [{name: main, image: $APPS, command: [sh, -c, "sleep 1; exit $3"]}]
JOB
}

ends() { kubectl --namespace "$SHOP" wait "job/$1" --for="condition=$2" --timeout=60s; }

exit_code() {
  kubectl --namespace "$SHOP" get pods --selector "job-name=$1" --output \
    'jsonpath={.items[0].status.containerStatuses[?(@.name=="main")].state.terminated.exitCode}'
}

has_companions() {
  equal 2 "$(kubectl --namespace "$SHOP" get pods --selector "job-name=$1" --output json |
    jq '[.items[0].spec.initContainers[].name | select(. == "waiter" or . == "gauge")] | length')"
}

cron_job() {
  apply "$SHOP" <<JOB
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {patterns.remora.dev/sidecar: waiter, patterns.remora.dev/adapter: gauge}}
        spec:
          restartPolicy: OnFailure
          terminationGracePeriodSeconds: 5
          containers: [{name: main, image: $APPS, command: ["true"]}]
JOB
  kubectl --namespace "$SHOP" create job tonight --from=cronjob/nightly >/dev/null
}

jobs_end() {
  job fine Never 0
  job broken Never 3
  job again OnFailure 0
  cron_job
  check "case 21: a Job with a Sidecar and an Adapter completes" ends fine complete
  check "both were there" has_companions fine
  check "with the main container's exit code" equal 0 "$(exit_code fine)"
  check "case 21: one that fails, fails" ends broken failed
  check "with its own code" equal 3 "$(exit_code broken)"
  check "case 21: and so it is with OnFailure" ends again complete
  check "case 21: and with a CronJob's" ends tonight complete
}

# --- init containers ------------------------------------------------------------------------------

migration() {
  service "$SHOP" redis 6379
  deploy "$SHOP" redis 1 "$(redis_spec)"
  check "a Redis is ready" ready "$SHOP" deployment/redis
  deploy "$SHOP" migrated 1 "$(
    cat <<SPEC
initContainers:
  - name: migrate
    image: $APPS
    command: [sh, -c, "redis-cli -e -h \$REDIS_HOST -p \$REDIS_PORT set schema 7"]
containers: [{name: app, image: $APPS, command: [sleep, infinity]}]
SPEC
  )" ambassador=redis-haproxy "params/redis-haproxy.upstream=redis.$SHOP.svc.cluster.local:6379"
  check "case 18: an init container migrates through the ambassador" ready "$SHOP" deployment/migrated
  check "without a second try" equal 0 "$(kubectl --namespace "$SHOP" get pods --selector app=migrated \
    --output 'jsonpath={.items[0].status.initContainerStatuses[?(@.name=="migrate")].restartCount}')"
  check "and the Redis has it" says 7 in_app "$SHOP" redis redis-cli get schema
}

# --- security -------------------------------------------------------------------------------------

restricted() {
  new_namespace "$SAFE" pod-security.kubernetes.io/enforce=restricted
  deploy "$SAFE" safe 1 "$(
    cat <<SPEC
containers:
  - name: app
    image: $APPS
    command: [sh, -c, "mkdir /tmp/log; while sleep 1; do date; done"]
    $RESTRICTED
SPEC
  )" sidecar=log-saver params/log-saver.dir=/tmp/log ambassador=redis-haproxy \
    "params/redis-haproxy.upstream=redis.$SHOP.svc.cluster.local:6379" adapter=statsd-exporter
  check "case 45: a namespace that enforces restricted takes a Pod with companions" ready "$SAFE" deployment/safe
  deploy "$SAFE" root 1 "$(
    cat <<SPEC
containers: [{name: app, image: $APPS, command: [sleep, infinity], $RESTRICTED}]
SPEC
  )" "sidecar=$SHOP/waiter"
  # The image's user is root: the kubelet would not start it.
  check "case 47: a companion whose image is of root is reported" eventually says "CreateContainerConfigError" \
    kubectl --namespace "$SAFE" get pods --selector app=root
}

# --- take-over ------------------------------------------------------------------------------------

inbound_tls() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=web \
    -addext "subjectAltName=DNS:web" -keyout "$WORK/tls.key" -out "$WORK/tls.crt" 2>/dev/null
  kubectl --namespace "$SHOP" create secret tls web --cert="$WORK/tls.crt" --key="$WORK/tls.key" >/dev/null
  apply "$SHOP" <<SERVICE
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 443, targetPort: http}]}
SERVICE
  web 'sidecar=reader'
  check "a web server is ready" ready "$SHOP" deployment/web
  check "case 42: its Service leads to plain HTTP" eventually says hello \
    in_app "$SHOP" redis curl --silent --show-error http://web:443/hello
  web ambassador=tls-termination params/tls-termination.secret=web
  check "case 42: with TLS in front, its probes still reach it" ready "$SHOP" deployment/web
  kubectl --namespace "$SHOP" exec -i deployment/redis -- sh -c 'cat >/tmp/ca.crt' <"$WORK/tls.crt"
  check "and the Service, not edited, leads to TLS" eventually says hello \
    in_app "$SHOP" redis curl --silent --show-error --cacert /tmp/ca.crt https://web/hello
}

# web ANNOTATION...
web() {
  deploy "$SHOP" web 1 "$(
    cat <<SPEC
containers:
  - name: web
    image: $APPS
    command: [sh, -c, "mkdir -p /tmp/www /var/log/app; echo hello >/tmp/www/hello; exec httpd -f -p 8080 -h /tmp/www"]
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /hello, port: http}, periodSeconds: 1}
SPEC
  )" "$@"
}

# --- what goes wrong ------------------------------------------------------------------------------

restarts_of() {
  kubectl --namespace "$SHOP" get pods --selector "app=$1" --output \
    "jsonpath={.items[0].status.${2}Statuses[?(@.name==\"$3\")].restartCount}"
}

has_crashed_twice() { (($(restarts_of crash initContainer crasher) >= 2)); }

crashes() {
  deploy "$SHOP" crash 1 "containers: [{name: app, image: $APPS, command: [sleep, infinity]}]" sidecar=crasher
  check "case 22: a companion crashes again and again" within 60 has_crashed_twice
  check "and the application is not restarted" equal 0 "$(restarts_of crash container app)"
}

# has_token DEPLOYMENT CONTAINER: at the usual place
has_token() {
  kubectl --namespace "$SHOP" exec "deployment/$1" --container "$2" -- \
    test -s /var/run/secrets/kubernetes.io/serviceaccount/token
}

files() {
  deploy "$SHOP" unwritable 1 "$(
    cat <<SPEC
containers:
  - name: app
    image: $APPS
    command: [sh, -c, "echo line >/var/log/app/a.log; sleep 600"]
    securityContext: {runAsUser: 1000}
SPEC
  )" sidecar=reader
  # An emptyDir is everybody's: the classic trap is a file that its reader may not read, not the directory.
  check "case 29: a target with a user of its own writes the shared directory" eventually says line \
    logs "$SHOP" unwritable reader
  check "case 31: a companion has the token of the ServiceAccount" has_token unwritable reader
  check "and one that hides it has none" not has_token web tls-termination
}

claims() {
  apply "$SHOP" <<SET
apiVersion: v1
kind: PersistentVolume
metadata: {name: e2e-workloads}
spec:
  capacity: {storage: 1Mi}
  accessModes: [ReadWriteOnce]
  storageClassName: e2e-workloads
  persistentVolumeReclaimPolicy: Delete
  hostPath: {path: /var/lib/e2e-workloads, type: DirectoryOrCreate}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: claimed}
spec:
  serviceName: claimed
  selector: {matchLabels: {app: claimed}}
  template:
    metadata: {labels: {app: claimed}, annotations: {patterns.remora.dev/sidecar: claimed}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: $APPS
          command: [sh, -c, "echo claimed-line >/srv/a.log; sleep 600"]
          volumeMounts: [{name: data, mountPath: /srv}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: e2e-workloads
        resources: {requests: {storage: 1Mi}}
SET
  check "case 32: a StatefulSet's claim is shared by its name" ready "$SHOP" statefulset/claimed
  check "and its companion reads it" eventually says claimed-line logs "$SHOP" claimed claimed
}

main() {
  need_commands jq openssl
  use_remora_on_node apps
  new_namespace "$SHOP"
  patterns
  jobs_end
  migration
  restricted
  inbound_tls
  files
  crashes
  claims
  kubectl delete persistentvolume e2e-workloads --wait=false >/dev/null
  finish
}

main "$@"
