# shellcheck shell=bash
# Tier 3: a node whose containers really run, in namespaces of its own. Sourced by hack/cluster.sh
# after control_plane.sh.
#
# The node's network, mounts and process ids are apart from the machine's (node_init.sh), and the
# control plane runs in its network. The namespaces have no names: they last as long as their first
# process, whose record is `namespaces`, so ending that one ends every container, mount and network.

readonly NODE=node0
readonly NODE_IP=10.77.0.1  # in a network of its own, so each cluster may have the same
readonly POD_CIDR=10.88.0.0/16
readonly CGROUPS=/sys/fs/cgroup
readonly INIT=namespaces
readonly NODE_PROGRAMS=(containerd kubelet kube-proxy cluster-dns)
readonly CGROUP_GONE_SECONDS=10

has_node() { [[ -d $STATE/node ]]; }

require_node_tools() {
  ((EUID == 0)) || die "tier 3 makes namespaces and mounts and needs root; tier 2 does not"
  need_commands containerd ctr runc iptables conntrack ip mount unshare nsenter jq
  [[ $STATE/ != /run/* && $STATE/ != /var/l* ]] ||
    die "a node has a /run, /var/lib and /var/log of its own, so its state cannot be in $STATE:" \
      "set REMORA_CLUSTER_DIR"
}

# --- its namespaces -------------------------------------------------------------------------------

start_namespaces() {
  # Without their first process the others have ended, but for the control plane.
  stop_programs "${NODE_PROGRAMS[@]}"
  stop_programs "${TIER_2[@]}"
  mkdir -p "$STATE/node"
  rm -f "$STATE/node/ready"
  start_program "$INIT" "$NODE_IP" unshare --net --mount --propagation slave --pid --fork \
    --kill-child --mount-proc "$CLUSTER_SOURCE/node_init.sh" "$STATE" "$NODE_IP"
  wait_until 10 "$INIT" test -f "$STATE/node/ready"
  step "the node has namespaces of its own"
}

# Sets ON_NODE and IN_NODE, the beginnings of a command in the node's network, and in all of its
# namespaces.
enter_node() {
  read_record "$INIT"
  local its=/proc/$RECORD_PID/ns
  ON_NODE=(nsenter "--net=$its/net" --)
  IN_NODE=(nsenter "--net=$its/net" "--mount=$its/mnt" "--pid=$its/pid_for_children" --)
}

# STATE/bin of tiers 1 and 2 is a link to the programs; here kubectl enters the network first.
write_node_commands() {
  rm -rf "${STATE:?}/bin"
  mkdir "$STATE/bin"
  ln -s "$PROGRAMS_FOLDER"/* "$STATE/bin"
  rm "$STATE/bin/kubectl"
  {
    echo '#!/bin/sh'
    printf 'exec %s "$@"\n' "$(printf '%q ' "${ON_NODE[@]}" "$PROGRAMS_FOLDER/kubectl")"
  } >"$STATE/bin/kubectl"
  chmod +x "$STATE/bin/kubectl"
}

# --- its place in the control plane ---------------------------------------------------------------

create_node_credentials() {
  [[ ! -f $PKI/kube-proxy.kubeconfig ]] || return 0
  issue_certificate "$PKI" kubelet-client /O=system:masters/CN=kube-apiserver clientAuth
  issue_certificate "$PKI" kubelet-server "/CN=$NODE" serverAuth "DNS:$NODE,IP:$NODE_IP"
  issue_certificate "$PKI" kubelet "/O=system:nodes/CN=system:node:$NODE" clientAuth
  issue_certificate "$PKI" kube-proxy /CN=system:kube-proxy clientAuth
  local name
  for name in kubelet kube-proxy; do
    write_kubeconfig "$PKI" "$name" "$APISERVER" "$PKI/$name.kubeconfig"
  done
}

# Pods reach the API server at the node's address, and it reaches the kubelet.
place_apiserver_on_node() {
  # shellcheck disable=SC2034  # for control_plane.sh
  APISERVER_PLACE=(
    --bind-address=0.0.0.0 --advertise-address="$NODE_IP"
    --kubelet-client-certificate="$PKI/kubelet-client.crt"
    --kubelet-client-key="$PKI/kubelet-client.key"
    --kubelet-certificate-authority="$PKI/ca.crt"
    --kubelet-preferred-address-types=InternalIP
  )
}

# --- its cgroups ----------------------------------------------------------------------------------

# One of this cluster alone, in each hierarchy of version 1 or in the only one of version 2.
cgroup_name() { echo "remora-$(sha256sum <<<"$STATE" | cut -c 1-12)"; }

cgroup_hierarchies() {
  if [[ -f $CGROUPS/cgroup.controllers ]]; then
    echo "$CGROUPS"
  else
    find "$CGROUPS" -mindepth 1 -maxdepth 1 -type d
  fi
}

create_cgroups() {
  local hierarchy cgroup name
  name=$(cgroup_name)
  while read -r hierarchy; do
    cgroup=$hierarchy/$name
    mkdir -p "$cgroup"
    # A new cpuset of version 1 has no processors, and takes no process.
    if [[ -f $hierarchy/cpuset.cpus && -f $cgroup/cpuset.cpus ]]; then
      cat "$hierarchy/cpuset.cpus" >"$cgroup/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" >"$cgroup/cpuset.mems"
    fi
  done < <(cgroup_hierarchies)
}

cgroups_of_cluster() {
  local hierarchy name
  name=$(cgroup_name)
  while read -r hierarchy; do
    [[ ! -d $hierarchy/$name ]] || echo "$hierarchy/$name"
  done < <(cgroup_hierarchies)
}

# They cannot be removed while a process of theirs is about to end.
remove_cgroups() {
  local deadline=$(($(now_us) + CGROUP_GONE_SECONDS * 1000000)) cgroups
  while mapfile -t cgroups < <(cgroups_of_cluster) && ((${#cgroups[@]} > 0)); do
    find "${cgroups[@]}" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    (($(now_us) < deadline)) || fail "there are still processes in ${cgroups[0]}"
    sleep 0.02
  done
}

# --- its programs ---------------------------------------------------------------------------------

start_kubelet() {
  local folder=$STATE/node
  echo "nameserver $NODE_IP" >"$folder/resolv.conf"
  cat >"$folder/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
healthzBindAddress: 127.0.0.1
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: "$PKI/ca.crt"}
authorization: {mode: Webhook}
tlsCertFile: "$PKI/kubelet-server.crt"
tlsPrivateKeyFile: "$PKI/kubelet-server.key"
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$(cgroup_name)
failCgroupV1: false
failSwapOn: false
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
resolvConf: "$folder/resolv.conf"
volumePluginDir: /var/lib/kubelet/volume-plugins
# The disk is the machine's: that it is nearly full is not what the tests are about.
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi}
EOF
  start_program kubelet "https://$NODE_IP:10250" "${IN_NODE[@]}" "$PROGRAMS_FOLDER/kubelet" \
    --config="$folder/kubelet.yaml" --kubeconfig="$PKI/kubelet.kubeconfig" \
    --hostname-override="$NODE" --node-ip="$NODE_IP" --v=2
}

# 0 leaves the limits of connection tracking alone, which are the machine's.
start_kube_proxy() {
  start_program kube-proxy "$NODE_IP" "${IN_NODE[@]}" "$PROGRAMS_FOLDER/kube-proxy" \
    --kubeconfig="$PKI/kube-proxy.kubeconfig" --hostname-override="$NODE" \
    --proxy-mode=iptables --iptables-min-sync-period=100ms --cluster-cidr="$POD_CIDR" \
    --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 \
    --conntrack-tcp-timeout-close-wait=0 --bind-address="$NODE_IP"
}

start_dns() {
  start_program cluster-dns "$NODE_IP:53" "${IN_NODE[@]}" /usr/bin/python3 \
    "$CLUSTER_SOURCE/dns.py" serve "$NODE_IP" "$APISERVER" "$PKI/ca.crt" "$PKI/admin.crt" \
    "$PKI/admin.key"
}

node_is_ready() {
  request "$APISERVER/api/v1/nodes/$NODE" | jq --exit-status \
    '.status.conditions | any(.type == "Ready" and .status == "True")'
}

dns_answers() {
  "${ON_NODE[@]}" /usr/bin/python3 "$CLUSTER_SOURCE/dns.py" ask "$NODE_IP" \
    kubernetes.default.svc.cluster.local
}

start_node() {
  is_running kubelet || start_kubelet
  is_running kube-proxy || start_kube_proxy
  is_running cluster-dns || start_dns
  wait_until 60 kubelet node_is_ready
  wait_until 30 kube-proxy answers "https://$FIRST_SERVICE_IP/healthz"
  wait_until 10 cluster-dns dns_answers
  step "the node is ready, and Services answer by address and by name"
}

# Leaves nothing of the node but files in STATE. The first process takes all others with it.
stop_node() {
  if is_running "$INIT"; then
    kill -KILL "$(killable "$RECORD_PID")" 2>/dev/null || true
    while is_running "$INIT"; do sleep 0.02; done
  fi
  stop_programs "$INIT" "${NODE_PROGRAMS[@]}"
  remove_cgroups
}

# killable PID: the process to kill for PID to end. For unshare that is its child, the first process
# of the namespaces: the kernel reports its end, with which unshare ends, when all others are gone.
killable() {
  local command
  { command=$(<"/proc/$1/comm"); } 2>/dev/null || true
  if [[ $command != unshare ]] || ! pgrep --parent "$1"; then echo "$1"; fi
}
