#!/usr/bin/env bash
# Makes the images that a node and the tests on it need, those that are not there yet, and prints
# the paths of their archives, one a line. hack/cluster/debian_image.py, which makes them, says
# where they are kept and when one is made anew.
#
# usage: hack/cluster/images.sh [pause|busybox|apps]...   without any, all
#
#   pause     localhost/pause:1             every Pod's first container, always imported
#   busybox   localhost/busybox:1           a shell
#   apps      localhost/remora-test/apps:1  what tests inject companions into, and ask them with:
#                                           nginx, redis, prometheus, git, curl, nc, psql, openssl,
#                                           ps

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly FOLDER

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

make_image() { "$FOLDER/debian_image.py" "$@"; }

make_pause() {
  need_commands cc
  local work
  work=$(mktemp --directory)
  at_exit rm -rf "$work"
  cc -Os -static -s -o "$work/pause" "$FOLDER/pause.c"
  make_image --bare --file "$work/pause=/pause" --entrypoint '["/pause"]' localhost/pause:1
}

make_busybox() { make_image localhost/busybox:1; }

make_apps() {
  make_image localhost/remora-test/apps:1 ca-certificates curl git netcat-openbsd nginx-light \
    openssl postgresql-client-15 procps prometheus redis-server redis-tools \
    --link /usr/lib/postgresql/15/bin/psql=/usr/bin/psql --link nc.openbsd=/usr/bin/nc \
    --link ../sites-available/default=/etc/nginx/sites-enabled/default \
    --account redis:101:/var/lib/redis --folder /var/lib/redis:redis:750
}

main() {
  local image images=("$@")
  ((${#images[@]} > 0)) || images=(pause busybox apps)
  for image in "${images[@]}"; do
    case $image in
      -h | --help) usage && return ;;
      pause | busybox | apps) ;;
      *) die "there is no image $image; see hack/cluster/images.sh --help" ;;
    esac
  done
  for image in "${images[@]}"; do
    "make_$image"
  done
}

main "$@"
