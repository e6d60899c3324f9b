#!/usr/bin/env bash
# The image of hack/image.sh: what is in it, as whom it runs, and that its programs run there, on a
# root that nobody can write, and find a real API server by its name, as they do in a Pod.
#
# usage: tests/e2e/image_test.sh    (as root or by sudo)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly USER_ID=65532
readonly NAME_SERVER=127.0.0.153
# All but the last are in the API server's certificate.
readonly API_SERVER_NAME=kubernetes.default.svc
readonly NAME_IN_HOSTS=kubernetes.default
readonly UNKNOWN_NAME=nobody.test
readonly READY_MS=1000
readonly UNCHANGED_SECONDS=2
readonly ARCHIVE=$WORK/remora.tar
readonly UNPACKED=$WORK/unpacked
readonly IMAGE_ROOT=$WORK/root

unpack() {
  local layer
  mkdir "$UNPACKED" "$IMAGE_ROOT"
  tar --extract --file "$ARCHIVE" --directory "$UNPACKED"
  jq --raw-output '.[0].Layers[]' "$UNPACKED/manifest.json" | while read -r layer; do
    tar --extract --preserve-permissions --file "$UNPACKED/$layer" --directory "$IMAGE_ROOT"
  done
}

# setting JQ_EXPRESSION: of the image's configuration
setting() { jq --raw-output ".config$1" "$UNPACKED/$(jq --raw-output '.[0].Config' "$UNPACKED/manifest.json")"; }

# Sets IN_IMAGE to what makes a command that follows a container's first process: on a root that is
# read-only, with the image's user and environment.
prepare_container() {
  # shellcheck disable=SC2016  # the shell inside expands it
  IN_IMAGE=(unshare --mount bash -c '
    set -e
    mount --bind "$1" "$1"
    mount -o remount,bind,ro "$1"
    mount --rbind /proc "$1/proc"
    exec env --ignore-environment $3 /usr/sbin/chroot --userspec="$2" --groups= "$1" "${@:4}"'
    in_image "$IMAGE_ROOT" "$(setting .User)" "$(setting '.Env[]')")
}

run_image() {
  local entry_point
  mapfile -t entry_point < <(setting '.Entrypoint[]')
  "${IN_IMAGE[@]}" "${entry_point[@]}" "$@"
}

project_version() {
  sed --quiet --regexp-extended 's/^project\(remora VERSION ([0-9.]+) .*/\1/p' "$E2E_ROOT/CMakeLists.txt"
}

# --- what is in it --------------------------------------------------------------------------------

describes_itself() {
  equal "$USER_ID:$USER_ID" "$(setting .User)" &&
    equal '["remora"]' "$(setting .Entrypoint | jq --compact-output .)" &&
    equal remora "$(setting '.Labels["org.opencontainers.image.title"]')" &&
    equal "$(project_version)" "$(setting '.Labels["org.opencontainers.image.version"]')" &&
    equal Apache-2.0 "$(setting '.Labels["org.opencontainers.image.licenses"]')"
}

# A container's own mount points aside.
programs() { find "$IMAGE_ROOT" -type f -perm /111 -not -name '*.so*' -printf '/%P\n' | sort; }

has_licences() {
  local package
  for package in "$IMAGE_ROOT"/var/lib/dpkg/status.d/*; do
    [[ -s $IMAGE_ROOT/usr/share/doc/${package##*/}/copyright ]] || { echo "no licence of ${package##*/}" && return 1; }
  done
  # The one of the C library as a sample of those that ldd finds.
  [[ -s $IMAGE_ROOT/var/lib/dpkg/status.d/libc6 ]]
}

no_debug_information() { ! readelf --section-headers --wide "$IMAGE_ROOT"/usr/bin/* | grep --fixed-strings .debug_; }

unchanged_image_is_quick() {
  local began archive=$WORK/again.tar
  began=$(now_us)
  "$E2E_ROOT/hack/image.sh" --output "$archive" && cmp "$ARCHIVE" "$archive" || return
  echo "it took $(seconds_since "$began") s"
  (($(now_us) - began < UNCHANGED_SECONDS * 1000000))
}

# --- it runs --------------------------------------------------------------------------------------

# What the kubelet adds to a container: a name server, /etc/hosts, which has not the API server's
# name, and volumes.
add_what_a_pod_has() {
  local port name
  port=$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
  port=${port##*:}
  mkdir "$IMAGE_ROOT"/{proc,pki}
  echo "nameserver $NAME_SERVER" >"$IMAGE_ROOT/etc/resolv.conf"
  echo "127.0.0.1 localhost $NAME_IN_HOSTS" >"$IMAGE_ROOT/etc/hosts"
  for name in "$API_SERVER_NAME" "$NAME_IN_HOSTS" "$UNKNOWN_NAME"; do
    kubectl config view --raw --minify --flatten |
      sed "s|server: https://.*|server: https://$name:$port|" >"$IMAGE_ROOT/pki/$name"
  done
  create_certificate_authority "$IMAGE_ROOT/pki"
  issue_certificate "$IMAGE_ROOT/pki" webhook /CN=remora-webhook serverAuth DNS:localhost,IP:127.0.0.1
  chown --recursive "$USER_ID" "$IMAGE_ROOT/pki"
}

start() {
  STATE=$WORK/state
  mkdir --parents "$STATE"/{logs,processes}
  start_program "$@"
}

stop_programs() {
  local name
  STATE=$WORK/state
  for name in remora-webhook remora-operator; do stop_program "$name"; done
}

start_name_server() {
  /usr/bin/python3 "$E2E_ROOT/tests/e2e/name_server.py" "$NAME_SERVER" "$API_SERVER_NAME" &
  NAME_SERVER_PID=$!
  at_exit stop_name_server
}

stop_name_server() {
  kill "$NAME_SERVER_PID"
  wait "$NAME_SERVER_PID" 2>/dev/null  # it has been ended, which the shell need not tell
}

# free_port: one that nobody listens on
free_port() { /usr/bin/python3 "$E2E_ROOT/hack/cluster/free_ports.py" 1; }

answers() { curl --silent --fail --noproxy '*' --max-time 1 --cacert "$IMAGE_ROOT/pki/ca.crt" "$1" >/dev/null; }

# ready_in_time NAME URL BEGAN
ready_in_time() {
  STATE=$WORK/state
  until answers "$2"; do
    if ! is_running "$1" || (($(now_us) - $3 > EVENTUALLY_SECONDS * 1000000)); then
      cat "$STATE/logs/$1.log"
      return 1
    fi
    sleep 0.01
  done
  READY_AFTER_MS=$((($(now_us) - $3) / 1000))
  echo "it took $READY_AFTER_MS ms"
  ((READY_AFTER_MS <= READY_MS))
}

webhook_gets_ready() {
  local port began
  port=$(free_port)
  began=$(now_us)
  start remora-webhook "https://localhost:$port" "${IN_IMAGE[@]}" remora-webhook --kubeconfig="/pki/$API_SERVER_NAME" \
    --bind-address=127.0.0.1 --port="$port" --drain-seconds=0 \
    --tls-cert-file=/pki/webhook.crt --tls-private-key-file=/pki/webhook.key
  ready_in_time remora-webhook "https://localhost:$port/readyz" "$began"
}

operator_gets_ready() {
  local port began
  port=$(free_port)
  began=$(now_us)
  start remora-operator "http://127.0.0.1:$port" "${IN_IMAGE[@]}" remora-operator --kubeconfig="/pki/$API_SERVER_NAME" \
    --bind-address=127.0.0.1 --port="$port"
  ready_in_time remora-operator "http://127.0.0.1:$port/readyz" "$began"
}

# runs_as NAME: the user, the group, and no other groups
runs_as() {
  STATE=$WORK/state
  is_running "$1" || return
  equal "Uid:$USER_ID Gid:$USER_ID Groups: " \
    "$(awk '$1 ~ /^(Uid|Gid|Groups):$/ { printf "%s%s ", $1, $2 }' "/proc/$RECORD_PID/status")"
}

ends_on_term() {
  STATE=$WORK/state
  is_running "$1" && kill -TERM "$RECORD_PID" && within "$EVENTUALLY_SECONDS" not is_running "$1"
}

if ((EUID != 0)); then
  need_root_or_sudo "running programs in the image"
  rm -rf "$WORK"
  exec sudo --preserve-env "${BASH_SOURCE[0]}"
fi
need_commands jq readelf unshare
"$E2E_ROOT/hack/image.sh" --output "$ARCHIVE"
unpack

check "the image says its user, its entry point and what it is" describes_itself
check "its programs are the three, and there is no shell" \
  equal $'/usr/bin/remora\n/usr/bin/remora-operator\n/usr/bin/remora-webhook' "$(programs)"
check "no file changes the user" equal "" "$(find "$IMAGE_ROOT" -perm /6000)"
check "nobody but root may change a file" equal "" "$(find "$IMAGE_ROOT" -not -type l \( -perm /022 -o -not -user 0 \))"
check "it has no debug information" no_debug_information
check "it names its packages, with their licences" has_licences
check "an unchanged image takes no time" unchanged_image_is_quick

use_cluster
at_exit stop_programs
apply_crds
add_what_a_pod_has
prepare_container
start_name_server

check "the entry point is the command" says "remora $(project_version) (commit " run_image version
check "remora-webhook is on the PATH" says "--tls-cert-file" "${IN_IMAGE[@]}" remora-webhook --help
check "remora-operator is on the PATH" says "--lease-seconds" "${IN_IMAGE[@]}" remora-operator --help
check "a wait container ends when nobody listens" refuses "127.0.0.1:1" run_image wait --timeout=1s tcp://127.0.0.1:1
check "it finds the API server by a name in /etc/hosts" run_image status --kubeconfig="/pki/$NAME_IN_HOSTS"
check "it finds it by a name that the name server knows" \
  run_image status --kubeconfig="/pki/$API_SERVER_NAME"
check "it does not find it by a name that nobody knows" \
  refuses "$UNKNOWN_NAME" run_image status --kubeconfig="/pki/$UNKNOWN_NAME"
check "the webhook finds the API server by its name and is ready within a second" webhook_gets_ready
step "it took ${READY_AFTER_MS:-too many} ms"
check "it runs as the image's user" runs_as remora-webhook
check "it ends on TERM" ends_on_term remora-webhook
check "the operator, likewise" operator_gets_ready
check "it runs as the image's user, too" runs_as remora-operator
check "it ends on TERM, too" ends_on_term remora-operator

finish
