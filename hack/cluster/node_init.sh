#!/usr/bin/env bash
# The first process of the node's namespaces: makes them fit for a node, and waits. When it ends,
# the kernel ends everything that runs in them and forgets their mounts and networks.
#
# usage: unshare --net --mount --propagation slave --pid --fork --mount-proc \
#          node_init.sh STATE NODE_IP
#
# What a node writes outside of STATE it writes to a copy that goes with the namespaces: /run is
# empty, /var/lib a layer over the machine's, /var/log a folder in STATE, and so are the settings of
# the kernel that the kubelet insists on.

set -euo pipefail

NODE=$1/node
NODE_IP=$2

# Relative to /proc/sys; those of the network belong to the namespace anyhow.
readonly KERNEL_SETTINGS=(
  vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes
)

set_up_mounts() {
  # Pods share mounts with the node. The node shares none with the machine, but what the machine
  # unmounts must not stay busy because of it: that is what `slave` is for.
  mount --make-rshared /
  mount -t tmpfs -o mode=755 tmpfs /run
  # By this name, since the options of an overlay cannot have every name in them.
  mkdir /run/node
  mount --bind "$NODE" /run/node
  mkdir -p /run/node/{var-lib,var-lib.work,kubelet,containerd,settings,log}
  mount -t overlay -o lowerdir=/var/lib,upperdir=/run/node/var-lib,workdir=/run/node/var-lib.work \
    overlay /var/lib
  local name
  for name in kubelet containerd; do
    mkdir -p "/var/lib/$name"
    mount --bind "/run/node/$name" "/var/lib/$name"
  done
  mount --bind /run/node/log /var/log
}

copy_kernel_settings() {
  local setting copy
  for setting in "${KERNEL_SETTINGS[@]}"; do
    [[ -e /proc/sys/$setting ]] || continue
    copy=/run/node/settings/${setting//\//.}
    cat "/proc/sys/$setting" >"$copy"
    mount --bind "$copy" "/proc/sys/$setting"
  done
}

# A pair of devices with both ends in here: an address that Pods reach, and no way out.
set_up_network() {
  ip link set lo up
  ip link add node0 type veth peer name node0-peer
  ip link set node0-peer up
  ip link set node0 up
  ip address add "$NODE_IP/24" dev node0
  ip route add default dev node0
  echo 1 >/proc/sys/net/ipv4/ip_forward
  # Without it, a Pod does not reach itself or its neighbours by a Service.
  [[ -e /proc/sys/net/bridge ]] || modprobe br_netfilter 2>/dev/null || true
  [[ ! -e /proc/sys/net/bridge ]] || echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
}

set_up_mounts
copy_kernel_settings
set_up_network
touch /run/node/ready
# bash collects, while it waits, all processes that lost their parent.
sleep infinity &
wait
