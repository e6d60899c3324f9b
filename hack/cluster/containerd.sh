# shellcheck shell=bash
# The container runtime of a tier 3 cluster, and its images. Sourced by hack/cluster.sh after
# node.sh.
#
# It runs in the node's namespaces, whose /run/containerd and /var/lib/containerd are its own.

readonly CTR=(ctr --namespace k8s.io)

write_containerd_configuration() {
  local folder=$1
  mkdir -p "$folder/cni"
  cat >"$folder/config.toml" <<EOF
version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  disable_apparmor = true
  # Some machines let nobody lower it.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "$folder/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
EOF
  cat >"$folder/cni/10-remora.conflist" <<EOF
{
  "cniVersion": "0.4.0",
  "name": "remora",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "dataDir": "/run/cni-addresses",
        "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
EOF
}

start_containerd() {
  local folder=$STATE/node/containerd-configuration
  write_containerd_configuration "$folder"
  start_program containerd /run/containerd/containerd.sock "${IN_NODE[@]}" \
    containerd --config "$folder/config.toml"
  wait_until 20 containerd "${IN_NODE[@]}" ctr version
  step "containerd answers"
}

# require_archives ARCHIVE...
require_archives() {
  local archive
  for archive in "$@"; do
    [[ -f $archive && -r $archive ]] || die "there is no archive $archive that can be read"
  done
}

# import_images ARCHIVE...: what `docker save` writes, or an OCI layout in a tar file. By stdin,
# since the node has another /run.
import_images() {
  local archive log=$STATE/logs/import.log
  for archive in "$@"; do
    "${IN_NODE[@]}" "${CTR[@]}" images import - <"$archive" >"$log" 2>&1 ||
      fail "containerd did not import $archive: $(tail -n 1 "$log")"
  done
}
