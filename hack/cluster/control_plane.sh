# shellcheck shell=bash
# Tiers 1 and 2: etcd, the API server, controller manager and scheduler. Sourced by hack/cluster.sh
# after it has set STATE.
#
# They run on 127.0.0.1 of the machine, or of a node's network (ON_NODE, see node.sh).

readonly PKI=$STATE/pki
readonly TIER_1=(etcd kube-apiserver)
# shellcheck disable=SC2034  # for cluster.sh
readonly TIER_2=("${TIER_1[@]}" kube-controller-manager kube-scheduler)

readonly SERVICE_CIDR=10.96.0.0/16
readonly FIRST_SERVICE_IP=10.96.0.1  # the Service `kubernetes` gets the first address of the range
# More than they could ever send: with the default of 20 requests a second the controllers begin
# five seconds late.
readonly CLIENT_LIMITS=(--kube-api-qps=1000 --kube-api-burst=2000)

ON_NODE=()  # the beginning of a command that runs in the network of the cluster
APISERVER_PLACE=(
  --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none
)

read_addresses() {
  local etcd etcd_peer apiserver controller_manager scheduler
  read -r etcd etcd_peer apiserver controller_manager scheduler <"$STATE/ports"
  ETCD=http://127.0.0.1:$etcd
  ETCD_PEER=http://127.0.0.1:$etcd_peer
  APISERVER=https://127.0.0.1:$apiserver
  CONTROLLER_MANAGER=https://127.0.0.1:$controller_manager
  SCHEDULER=https://127.0.0.1:$scheduler
}

create_credentials() {
  local names=DNS:localhost,IP:127.0.0.1,IP:$FIRST_SERVICE_IP,IP:$NODE_IP name
  for name in kubernetes{,.default,.default.svc,.default.svc.cluster.local}; do
    names+=,DNS:$name
  done
  mkdir -p "$PKI"
  create_certificate_authority "$PKI"
  create_service_account_key "$PKI"
  issue_certificate "$PKI" server /CN=kube-apiserver serverAuth "$names"
  issue_certificate "$PKI" admin /O=system:masters/CN=admin clientAuth
  for name in kube-controller-manager kube-scheduler; do
    issue_certificate "$PKI" "$name" "/CN=system:$name" clientAuth
    write_kubeconfig "$PKI" "$name" "$APISERVER" "$PKI/$name.kubeconfig"
  done
  write_kubeconfig "$PKI" admin "$APISERVER" "$STATE/kubeconfig"
}

# --- the programs ---------------------------------------------------------------------------------

# request URL CURL-OPTION...: as the administrator
request() {
  "${ON_NODE[@]}" curl --silent --noproxy '*' --max-time 5 \
    --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" "$@"
}

answers() { request --fail --output /dev/null "$1"; }

start_etcd() {
  # A disk that is slow to sync would only make the tests slow: nobody needs this data after a power
  # cut.
  start_program etcd "$ETCD" "${ON_NODE[@]}" "$PROGRAMS_FOLDER/etcd" \
    --name=remora --data-dir="$STATE/etcd" --unsafe-no-fsync \
    --listen-client-urls="$ETCD" --advertise-client-urls="$ETCD" \
    --listen-peer-urls="$ETCD_PEER" --initial-advertise-peer-urls="$ETCD_PEER" \
    --initial-cluster="remora=$ETCD_PEER"
  wait_until 30 etcd answers "$ETCD/health"
  step "etcd answers at $ETCD"
}

start_apiserver() {
  local more
  read -ra more <<<"${REMORA_APISERVER_ARGS:-}"
  start_program kube-apiserver "$APISERVER" "${ON_NODE[@]}" "$PROGRAMS_FOLDER/kube-apiserver" \
    --etcd-servers="$ETCD" --allow-privileged=true \
    --secure-port="${APISERVER##*:}" "${APISERVER_PLACE[@]}" \
    --tls-cert-file="$PKI/server.crt" --tls-private-key-file="$PKI/server.key" \
    --client-ca-file="$PKI/ca.crt" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --service-cluster-ip-range="$SERVICE_CIDR" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" \
    "${more[@]}"
  wait_until 60 kube-apiserver answers "$APISERVER/readyz"
  step "kube-apiserver is ready at $APISERVER, $(seconds_since "$UP_BEGAN_US") s after the start"
}

# Without it `default` refuses Pods. In tier 1 nobody else makes it, and the controller manager
# would take seconds.
create_default_service_account() {
  local code
  code=$(request --output /dev/null --write-out '%{http_code}' \
    --header 'Content-Type: application/json' --data '{"metadata":{"name":"default"}}' \
    "$APISERVER/api/v1/namespaces/default/serviceaccounts") || true
  [[ $code == 201 || $code == 409 ]]  # created, or was there
}

start_controller_manager() {
  start_program kube-controller-manager "$CONTROLLER_MANAGER" "${ON_NODE[@]}" \
    "$PROGRAMS_FOLDER/kube-controller-manager" --controllers='*' --leader-elect=false \
    --allocate-node-cidrs=false --use-service-account-credentials \
    --service-account-private-key-file="$PKI/sa.key" --root-ca-file="$PKI/ca.crt" \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
    --secure-port="${CONTROLLER_MANAGER##*:}" "${CLIENT_LIMITS[@]}" "${@}"
}

start_scheduler() {
  start_program kube-scheduler "$SCHEDULER" "${ON_NODE[@]}" "$PROGRAMS_FOLDER/kube-scheduler" \
    --leader-elect=false --secure-port="${SCHEDULER##*:}" "${CLIENT_LIMITS[@]}" "${@}"
}

# serving_flags NAME: what the API server's two clients have in common
serving_flags() {
  local kubeconfig=$PKI/$1.kubeconfig
  SERVING_FLAGS=(
    --kubeconfig="$kubeconfig"
    --authentication-kubeconfig="$kubeconfig" --authorization-kubeconfig="$kubeconfig"
    --bind-address=127.0.0.1
    --tls-cert-file="$PKI/server.crt" --tls-private-key-file="$PKI/server.key"
  )
}

start_tier_1() {
  is_running etcd || start_etcd
  is_running kube-apiserver || start_apiserver
  wait_until 10 kube-apiserver create_default_service_account
}

# Both at once: each takes a second or two.
start_tier_2() {
  serving_flags kube-controller-manager
  is_running kube-controller-manager || start_controller_manager "${SERVING_FLAGS[@]}"
  serving_flags kube-scheduler
  is_running kube-scheduler || start_scheduler "${SERVING_FLAGS[@]}"
  wait_until 60 kube-controller-manager answers "$CONTROLLER_MANAGER/healthz"
  wait_until 60 kube-scheduler answers "$SCHEDULER/healthz"
  step "kube-controller-manager and kube-scheduler are ready"
}
