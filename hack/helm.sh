#!/usr/bin/env bash
# Prints the path of helm; the first time, it is built from its Go module, which takes minutes. What
# happens meanwhile is told on stderr.
#
# usage: helm=$(hack/helm.sh)
#
# It is kept beside the programs of hack/cluster.sh, in a folder that is named by what went into it.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/binary.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/binary.sh"

readonly HELM_MODULE=helm.sh/helm/v3
readonly HELM_VERSION=v3.22.0
readonly HELM_FLAGS=(
  -trimpath -buildvcs=false
  -ldflags "-s -w -X $HELM_MODULE/internal/version.version=$HELM_VERSION"
)

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

build_helm() {
  need_go
  mkdir -p "$CLUSTER_CACHE"
  local lock
  exec {lock}<"$CLUSTER_CACHE"
  flock "$lock"
  # Another build may have been ours.
  [[ -x $HELM_FOLDER/helm ]] || build_locked_helm
  exec {lock}<&-
}

build_locked_helm() {
  PARTIAL_FOLDER=$HELM_FOLDER.partial
  at_exit remove_partial_build
  remove_partial_build
  mkdir -p "$PARTIAL_FOLDER/tmp"
  run_slow "building helm $HELM_VERSION, once" "$CLUSTER_CACHE/helm.log" install_helm ||
    fail "helm could not be built; the whole log is $CLUSTER_CACHE/helm.log"
  rm -rf "$PARTIAL_FOLDER/tmp"
  mv "$PARTIAL_FOLDER" "$HELM_FOLDER"
}

install_helm() {
  # A module of its own: the version is the argument's, whatever folder we are in.
  CGO_ENABLED=0 GOTMPDIR=$PARTIAL_FOLDER/tmp GOBIN=$PARTIAL_FOLDER GOFLAGS='' \
    go install -v "${HELM_FLAGS[@]}" "$HELM_MODULE/cmd/helm@$HELM_VERSION"
}

main() {
  case ${1:-} in
    '') ;;
    -h | --help) usage && return ;;
    *) die "unknown argument $1; see hack/helm.sh --help" ;;
  esac
  HELM_FOLDER=$CLUSTER_CACHE/$(printf '%s\n' "$HELM_VERSION" "${HELM_FLAGS[@]}" | sha256sum |
    cut -c 1-16)
  [[ -x $HELM_FOLDER/helm ]] || build_helm >&2
  touch "$HELM_FOLDER"  # "used today"; see remove_unused_builds
  echo "$HELM_FOLDER/helm"
}

main "$@"
