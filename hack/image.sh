#!/usr/bin/env bash
# Builds the image of the Dockerfile, without a container engine and without a registry, into an
# archive that `ctr images import` and `skopeo copy docker-archive:FILE` take. Prints its size,
# compressed as a registry keeps it, and fails above the limit.
#
# The base is a minimal Debian that mmdebstrap makes from the host's own package sources; buildah
# runs the Dockerfile on it, as root or by sudo. Both, and the last archives, are kept in
# ~/.cache/remora/image: nothing changed takes no time. It shares ccache with hack/build.sh release,
# and compiles only what that has not compiled.
#
# usage: hack/image.sh [--output FILE] [--tag NAME:TAG]
#
#   --output FILE    the archive (default build/image/remora.tar)
#   --tag NAME:TAG   the image's name (default localhost/remora:VERSION, with the project's version)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly MOST_BYTES=40000000
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/remora/image
readonly LOGS=$CACHE/logs
readonly SUITE=bookworm
readonly BASE=localhost/debian:$SUITE-slim
readonly BASE_DAYS=30     # then it is made anew, for Debian's security updates
readonly KEPT_ARCHIVES=5  # of some 35 MB each

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# builder ARGUMENT...: buildah with a storage of its own
builder() {
  "${AS_ROOT[@]}" env STORAGE_DRIVER="$DRIVER" TMPDIR="$WORK" \
    buildah --root "$CACHE/storage" --runroot "$WORK/run" "$@"
}

# vfs copies whole file systems, but works everywhere.
choose_driver() {
  DRIVER=vfs
  if grep --quiet --word-regexp overlay /proc/filesystems &&
    [[ $(stat --file-system --format %T "$CACHE") != overlayfs ]]; then
    DRIVER=overlay
  fi
}

megabytes() { printf '%d.%d' $(($1 / 1000000)) $(($1 / 100000 % 10)); }

has_image() { builder inspect --type image "$1" >/dev/null 2>&1; }

# --- what the image is made from ------------------------------------------------------------------

# The files that the Dockerfile can see, as .dockerignore says, and those that say how.
inputs() {
  printf '%s\n' Dockerfile .dockerignore hack/image.sh
  sed --quiet 's/^!//p' .dockerignore
}

# hash_of FILE|FOLDER...: of names and contents
hash_of() {
  find "$@" -type f -print0 | sort --zero-terminated | xargs --null sha256sum | sha256sum | cut -c 1-16
}

# The last commit that changed the image: one that changes documents makes no new image.
commit() {
  local files hash changes
  mapfile -t files < <(inputs)
  hash=$(git log --max-count=1 --format=%H -- "${files[@]}" 2>/dev/null) || true
  if [[ -z $hash ]]; then echo unknown && return; fi
  changes=$(git --no-optional-locks status --porcelain -- "${files[@]}")
  echo "$hash${changes:+-dirty}"
}

version() { sed --quiet --regexp-extended 's/^project\(remora VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt; }

# --- the base, and the packages on it -------------------------------------------------------------

base_is_young() { [[ -n $(find "$CACHE/base" -mtime "-$BASE_DAYS" 2>/dev/null) ]]; }

prepare_base() {
  if base_is_young && has_image "$(<"$CACHE/base")"; then return; fi
  rm -f "$CACHE/base"
  run_slow "making a minimal Debian" "$LOGS/base.log" make_base ||
    fail "the base of the image could not be made; the whole log is $LOGS/base.log"
  builder inspect --type image --format '{{.FromImageID}}' "$BASE" >"$CACHE/base"
}

make_base() {
  local sources container
  # Without one, it takes Debian's own servers.
  sources=$(find /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list -size +0 2>/dev/null | head -n 1) || true
  # Proxies and the like, also for the Dockerfile's apt-get.
  apt-config dump Acquire >"$WORK/apt.conf"
  "${AS_ROOT[@]}" mmdebstrap --variant=minbase --aptopt="$WORK/apt.conf" "$SUITE" \
    "$WORK/base.tar" ${sources:+"$sources"} &&
    container=$(builder from scratch) &&
    builder add --quiet "$container" "$WORK/base.tar" / &&
    builder commit --quiet --rm "$container" "$BASE" || return
  "${AS_ROOT[@]}" rm "$WORK/base.tar"
}

# The Dockerfile's first stage alone. A build on it finds the packages installed.
prepare_packages() {
  PACKAGES=localhost/remora-packages:$({
    cat "$CACHE/base"
    sed '/^FROM packages /,$d' Dockerfile
    hash_of hack/lib.sh hack/setup.sh
  } | sha256sum | cut -c 1-16)
  has_image "$PACKAGES" && return
  run_slow "installing compiler and libraries in it" "$LOGS/packages.log" \
    build "$BASE" --target packages --tag "$PACKAGES" ||
    fail "the packages could not be installed; the whole log is $LOGS/packages.log"
}

# build BASE OPTION...
build() {
  local base=$1
  shift
  builder build --isolation chroot --network host --pull-never --build-arg BASE="$base" "$@" .
}

# --- the image ------------------------------------------------------------------------------------

# ccache counts the locale of the messages as an input: without hack/build.sh's there are no hits.
make_archive() {
  local ccache=$CACHE/ccache shared
  shared=$(ccache --get-config cache_dir)
  # By sudo, root's files would be in somebody else's.
  if ((EUID == 0)) && [[ -O $shared ]]; then ccache=$shared; fi
  mkdir -p "$ccache"
  build "$PACKAGES" --volume "$ccache:/var/cache/ccache" ${LANG:+--build-arg LANG="$LANG"} \
    --build-arg VERSION="$(version)" --build-arg COMMIT="$COMMIT" --tag "$TAG" || return
  builder push --quiet "$TAG" "docker-archive:$WORK/image.tar:$TAG" || return
  cp "$WORK/image.tar" "$ARCHIVE.partial"
  gzip --stdout "$ARCHIVE.partial" | wc --bytes >"$ARCHIVE.size"
  mv "$ARCHIVE.partial" "$ARCHIVE"
}

# All but what the next build begins with.
remove_leftovers() {
  local id name unused=()
  builder rm --all >/dev/null 2>&1 || true  # likewise
  while read -r id name; do
    [[ $name == "$BASE" || $name == "$PACKAGES" ]] || unused+=("$id")
  done < <(builder images --no-trunc --format '{{.ID}} {{.Name}}:{{.Tag}}')
  ((${#unused[@]} == 0)) || builder rmi --force "${unused[@]}" >/dev/null
  find "$CACHE" -maxdepth 1 -name '*.tar' -printf '%T@ %p\n' | sort --reverse --numeric-sort |
    tail -n "+$((KEPT_ARCHIVES + 1))" | while read -r _ name; do rm -f "$name" "$name.size"; done
}

remove_work() {
  end_slow_command  # it writes there
  "${AS_ROOT[@]}" rm -rf --one-file-system "$WORK"
}

build_image() {
  need_commands apt-config buildah ccache find flock git gzip mmdebstrap
  need_root_or_sudo "building the image"
  local lock
  exec {lock}<"$CACHE"
  if ! flock --nonblock "$lock"; then
    step "waiting for another build of the image"
    flock "$lock"
  fi
  "${AS_ROOT[@]}" rm -rf --one-file-system "$CACHE"/work.*  # of builds that were killed
  WORK=$(mktemp --directory "$CACHE/work.XXXXXX")
  at_exit remove_work
  choose_driver
  prepare_base
  ARCHIVE=$CACHE/$(key).tar
  if [[ ! -f $ARCHIVE ]]; then
    prepare_packages
    run_slow "compiling the programs in it (a minute; much longer without ccache)" "$LOGS/image.log" make_archive ||
      fail "the image could not be built; the whole log is $LOGS/image.log"
    remove_leftovers
  fi
  exec {lock}<&-
}

# The base's own id: with a new base everything is made anew.
key() {
  local files
  mapfile -t files < <(inputs)
  {
    echo "$TAG $COMMIT"
    hash_of "${files[@]}"
    if [[ -f $CACHE/base ]]; then cat "$CACHE/base"; fi
  } | sha256sum | cut -c 1-16
}

main() {
  local output=$ROOT/build/image/remora.tar
  cd "$ROOT"
  TAG=localhost/remora:$(version)
  while (($# > 0)); do
    case $1 in
      --output) output=$(realpath --canonicalize-missing "${2:?$1 needs a file}") && shift 2 ;;
      --tag) TAG=${2:?$1 needs a name} && shift 2 ;;
      -h | --help) usage && return ;;
      *) die "unknown argument $1; see hack/image.sh --help" ;;
    esac
  done
  [[ $TAG =~ ^[a-z0-9][a-z0-9._:/-]*:[A-Za-z0-9_][A-Za-z0-9._-]*$ ]] ||
    die "--tag $TAG is no name of an image: expected is NAME:TAG, such as registry.example.com/remora:$(version)"
  mkdir -p "$CACHE" "${output%/*}"
  COMMIT=$(commit)
  ARCHIVE=$CACHE/$(key).tar
  if ! base_is_young || [[ ! -f $ARCHIVE ]]; then build_image; fi
  touch --no-create "$ARCHIVE"  # "used now"; see remove_leftovers
  cp "$ARCHIVE" "$output.partial"
  mv "$output.partial" "$output"
  local bytes
  bytes=$(<"$ARCHIVE.size")
  step "${output#"$ROOT"/} has $TAG: $(megabytes "$bytes") MB compressed"
  ((bytes <= MOST_BYTES)) ||
    fail "the image is too large: $(megabytes "$bytes") MB compressed, at most $(megabytes "$MOST_BYTES") are allowed"
}

main "$@"
