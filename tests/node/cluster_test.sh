#!/usr/bin/env bash
# Tests tier 3 of hack/cluster.sh by running it: containers run, Services answer, and it leaves
# nothing behind.
#
# usage: tests/node/cluster_test.sh
#
# Starts clusters of its own, also when one is up.

set -euo pipefail
# Who starts this in the background may have INT ignored, and bash cannot take that back.
if [[ -z ${INT_IS_DEFAULT:-} ]]; then
  INT_IS_DEFAULT=1 exec env --default-signal=INT "$BASH" "${BASH_SOURCE[0]}" "$@"
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What a node writes to where it is not kept from it.
readonly PLACES=(/opt/containerd /opt/cni /etc/cni /run/containerd /run/netns /run/xtables.lock
  /usr/libexec/kubernetes /var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log/pods
  /var/log/containers)
readonly SETTINGS=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes net.ipv4.ip_forward
  net.netfilter.nf_conntrack_max)

# --- what it must not leave behind ----------------------------------------------------------------

# The files, settings and rules of the machine that a node could change.
machine() {
  { find "${PLACES[@]}" 2>/dev/null || true; } | sort
  sysctl "${SETTINGS[@]}" 2>/dev/null || true
  iptables-save 2>/dev/null | grep --extended-regexp '^:?-?.*KUBE' || true
}

# Sets PROCESSES to those in the node's namespace, each `PID IDENTITY`, and CGROUP.
look_at_cluster() {
  local parent pid
  parent=$(cut --delimiter=' ' --fields=1 "$REMORA_CLUSTER_DIR/processes/namespaces")
  PROCESSES=()
  for pid in $(pgrep --ns "$(pgrep --parent "$parent")" --nslist pid); do
    PROCESSES+=("$pid $(identity_of "$pid")")
  done
  CGROUP=/remora-$(sha256sum <<<"$REMORA_CLUSTER_DIR" | cut --characters=1-12)
}

has_processes() {
  local pid identity process
  for process in "${PROCESSES[@]}"; do
    read -r pid identity <<<"$process"
    [[ $(identity_of "$pid") != "$identity" ]] || { ps "$pid" && return; }
  done
  return 1
}

has_cgroup() { find /sys/fs/cgroup -maxdepth 2 -path "*$CGROUP" | grep .; }

left_nothing() {
  ! pgrep --full --list-full -- "$REMORA_CLUSTER_DIR" || return
  ! has_processes || return
  ! has_cgroup || return
  ! grep --fixed-strings "$REMORA_CLUSTER_DIR" /proc/mounts || return
  [[ ! -e $REMORA_CLUSTER_DIR ]] || { ls -lA "$REMORA_CLUSTER_DIR" && return 1; }
  diff "$WORK/machine" <(machine)
}

# --- the tests ------------------------------------------------------------------------------------

apply_workloads() {
  apply node-test <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: localhost/busybox:1
        command: [sh, -c, 'hostname >index.html && echo serving && exec httpd -f -p 8080']
        workingDir: /tmp
        readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: each}
spec:
  clusterIP: None
  selector: {app: web}
---
apiVersion: batch/v1
kind: Job
metadata: {name: main}
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      initContainers:
      - name: sidecar
        image: localhost/busybox:1
        restartPolicy: Always
        command: [sh, -c, 'echo started >/shared/file && exec sleep 1000']
        volumeMounts: [{name: shared, mountPath: /shared}]
        startupProbe: {exec: {command: [test, -f, /shared/file]}, periodSeconds: 1}
      containers:
      - name: main
        image: localhost/busybox:1
        command: [cat, /shared/file]
        volumeMounts: [{name: shared, mountPath: /shared}]
      volumes: [{name: shared, emptyDir: {}}]
YAML
}

first_pod() { pod_names node-test app=web | head -n 1; }

both_answer() {
  in_pod node-test "$(first_pod)" sh -c \
    'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do wget -q -O - http://web.node-test; done' |
    sort --unique | diff - <(pod_names node-test app=web | sort)
}

address_of() { in_pod node-test "$(first_pod)" nslookup -type=a "$1.svc.cluster.local"; }

forwards_a_port() {
  kubectl --namespace node-test port-forward service/web 18080:80 >"$WORK/forward.log" 2>&1 &
  local forward=$! status=0
  eventually on_node curl --silent --fail http://127.0.0.1:18080 || status=1
  kill "$forward"
  cat "$WORK/forward.log"
  return "$status"
}

test_workloads() {
  new_namespace node-test
  apply_workloads
  check "a Deployment of two becomes ready" ready node-test deployment/web
  check "both Pods answer by the name of their Service" eventually both_answer
  check "a name of a Service has its address" says 10.96. address_of web.node-test
  check "a headless one has those of its Pods" says 10.88. address_of each.node-test
  check "a name of nobody has none" refuses NXDOMAIN address_of nobody.node-test
  check "logs come" says serving kubectl --namespace node-test logs deployment/web
  check "exec runs" says "$(first_pod)" in_pod node-test "$(first_pod)" hostname
  check "exec tells the exit code" refuses "exit code 3" \
    in_pod node-test "$(first_pod)" sh -c 'exit 3'
  check "port-forward leads to a Pod" forwards_a_port
  check "a Job with a native sidecar completes" \
    kubectl --namespace node-test wait --for=condition=complete job/main --timeout=60s
  check "its main container has seen what the sidecar wrote" \
    says started kubectl --namespace node-test logs job/main --container main
}

image_of_file() {
  XDG_CACHE_HOME=$WORK/cache "$E2E_ROOT/hack/cluster/debian_image.py" --bare \
    --file "$WORK/file=/file" localhost/test:1
}

hash_of_image() { sha256sum <"$(image_of_file)"; }

test_images() {
  local archive hash
  echo one >"$WORK/file"
  archive=$(image_of_file)
  hash=$(hash_of_image)
  check "an image is made once" equal "$archive" "$(image_of_file)"
  rm "$archive"
  check "the same inputs make the same bytes" equal "$hash" "$(hash_of_image)"
  echo two >"$WORK/file"
  check "another file makes another image" not equal "$archive" "$(image_of_file)"
  check "and leaves the first" test -f "$archive"
}

test_cluster() {
  check "status names the kubelet" says kubelet "$CLUSTER" status
  check "up again says that it is up" says "already up" "$CLUSTER" up --tier 3
  check "run reaches a Service's address" \
    says ok on_node curl --silent --insecure https://10.96.0.1/readyz
  check "run tells the exit code" refuses "" on_node false
  check "an archive that is none is refused" refuses "did not import" \
    "$CLUSTER" image import "${BASH_SOURCE[0]}"
  check "an archive that is not there is refused" refuses "no archive /none" \
    "$CLUSTER" image import /none
}

container_ids() {
  kubectl --namespace node-test get pods --selector app=web \
    --output 'jsonpath={.items[*].status.containerStatuses[*].containerID}'
}

test_repair() {
  local kubelet ids
  ids=$(container_ids)
  kubelet=$(pgrep --full "kubelet --config=$REMORA_CLUSTER_DIR/")
  # shellcheck disable=SC2086  # nsenter and the kubelet itself
  kill -KILL $kubelet
  check "status notices that the kubelet has ended" eventually not "$CLUSTER" status
  check "up starts it again" "$CLUSTER" up --tier 3
  # It looks at its Pods a moment after it has started.
  check "which finds its Pods again" eventually says "$(first_pod)" \
    in_pod node-test "$(first_pod)" hostname
  check "and the containers have gone on" equal "$ids" "$(container_ids)"
}

test_down() {
  look_at_cluster
  check "there are processes to leave behind" has_processes
  check "and cgroups" has_cgroup
  check "down ends it" "$CLUSTER" down
  check "and leaves nothing" left_nothing
}

test_interrupted() {
  local pid code=0
  set -m  # a process group of its own, with INT not ignored, as a terminal gives it
  "$CLUSTER" up --tier 3 >"$WORK/interrupted.log" 2>&1 &
  pid=$!
  set +m
  check "up is under way" within 120 test -f "$REMORA_CLUSTER_DIR/processes/kube-apiserver"
  look_at_cluster
  kill -INT -- "-$pid"
  wait "$pid" || code=$?
  check "Ctrl-C ends it with 130" equal 130 "$code"
  check "and leaves nothing" left_nothing
}

main() {
  machine >"$WORK/machine"
  use_own_node busybox
  test_images
  test_cluster
  test_workloads
  test_repair
  test_down
  unset KUBECONFIG
  test_interrupted
  finish
}

main "$@"
