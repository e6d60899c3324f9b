# shellcheck shell=bash
# Remora on a real node, as its users install it. Source it after lib.sh:
#
#   use_remora_on_node [IMAGE...]  a node (as use_node), with the charts of Remora and of the catalog
#                                  installed, unless they are
#   helm COMMAND...                in the network of the cluster
#   upgrade_remora [FLAG...]       the chart, with these values alone
#   wait_for_remora                until webhook and operator are ready
#   deploy NAMESPACE NAME REPLICAS POD-SPEC [ANNOTATION...]
#                                  a Deployment that knows nothing of Remora but for the annotations
#                                  (KEY=VALUE, without patterns.remora.dev) on its template
#   redis_spec                     of such a Deployment: a Redis, which listens at 6379
#   service NAMESPACE NAME PORT [TARGET]   of the Pods of the Deployment of that name
#   logs NAMESPACE NAME CONTAINER  of one Pod of the Deployment
#   in_app NAMESPACE NAME COMMAND...  in its first regular container

readonly SYSTEM=remora-system
# shellcheck disable=SC2034  # for the tests
readonly APPS=localhost/remora-test/apps:1

helm() {
  "$CLUSTER" run env HELM_CACHE_HOME="$WORK/helm" HELM_CONFIG_HOME="$WORK/helm" \
    HELM_DATA_HOME="$WORK/helm" "$HELM" "$@"
}

use_remora_on_node() {
  local archives
  HELM=$("$E2E_ROOT/hack/helm.sh")
  use_node "$@"
  helm status remora --namespace "$SYSTEM" >/dev/null 2>&1 || install_all
}

install_all() {
  local archives
  archives=$("$E2E_ROOT/hack/catalog-images.sh")
  "$E2E_ROOT/hack/image.sh" >/dev/null
  mapfile -t archives <<<"$archives"
  "$CLUSTER" image import "$E2E_ROOT/build/image/remora.tar" "${archives[@]}"
  install_remora
  install_catalog
}

install_remora() {
  helm install remora "$E2E_ROOT/charts/remora" --namespace "$SYSTEM" --create-namespace \
    --set image.repository=localhost/remora --wait --timeout 2m
}

install_catalog() {
  helm upgrade --install remora-catalog "$E2E_ROOT/charts/remora-catalog" \
    --namespace remora-catalog --wait --timeout 1m
}

upgrade_remora() {
  helm upgrade remora "$E2E_ROOT/charts/remora" --namespace "$SYSTEM" --reset-values \
    --set image.repository=localhost/remora --wait --timeout 2m "$@"
}

wait_for_remora() {
  ready "$SYSTEM" deployment/remora-webhook && ready "$SYSTEM" deployment/remora-operator
}

# annotations KEY=VALUE...: as lines of YAML
annotations() {
  local pair key
  for pair in "$@"; do
    key=${pair%%=*}
    case $key in
      params/*) key=params.patterns.remora.dev/${key#params/} ;;
      */*) ;;
      *) key=patterns.remora.dev/$key ;;
    esac
    printf '        %s: %s\n' "$key" "$(jq --null-input --arg value "${pair#*=}" '$value')"
  done
}

deploy() {
  local namespace=$1 name=$2 replicas=$3 spec=$4
  shift 4
  kubectl --namespace "$namespace" apply --filename - >/dev/null <<DEPLOYMENT
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name}
spec:
  replicas: $replicas
  selector: {matchLabels: {app: $name}}
  template:
    metadata:
      labels: {app: $name}
      annotations:
        app: $name
$(annotations "$@")
    spec:
      terminationGracePeriodSeconds: 5
      ${spec//$'\n'/$'\n'      }
DEPLOYMENT
}

pod_of() {
  kubectl --namespace "$1" get pods --selector "app=$2" \
    --field-selector status.phase=Running --output 'jsonpath={.items[0].metadata.name}'
}

logs() { kubectl --namespace "$1" logs "$(pod_of "$1" "$2")" --container "$3"; }

in_app() { kubectl --namespace "$1" exec "deployment/$2" -- "${@:3}" 2>&1; }

redis_spec() {
  cat <<SPEC
containers:
  - name: redis
    image: $APPS
    command: [redis-server, --save, "", --dir, /tmp, --protected-mode, "no"]
    readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1}
SPEC
}

service() {
  apply "$1" <<SERVICE
apiVersion: v1
kind: Service
metadata: {name: $2}
spec: {selector: {app: $2}, ports: [{port: $3, targetPort: ${4:-$3}}]}
SERVICE
}
