#!/usr/bin/env bash
# Makes the images of charts/remora-catalog, those that are not there yet, and prints the paths of their archives, one a line.
# They are of the kind that containerd imports and skopeo copies. hack/catalog-images.txt lists them.
#
# usage: hack/catalog-images.sh [PROGRAM]...   without any, all
#        hack/catalog-images.sh --versions     prints each program with its version instead; makes none
#
# hack/cluster/debian_image.py, which makes them, says where they are kept. What is a Go module is built once and kept beside
# the programs of hack/cluster.sh.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=cluster/binary.sh
source "$(dirname "${BASH_SOURCE[0]}")/cluster/binary.sh"

HACK=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HACK
readonly REPOSITORY=localhost/remora-catalog
readonly NOBODY=65532  # the user of the patterns; some programs look for its home

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

images() { sed 's/#.*//; /^ *$/d' "$HACK/catalog-images.txt"; }

is_module() { [[ $1 == */*@* ]]; }

# version_of SOURCE: without Debian's epoch, revision and mark of repacked sources
version_of() {
  if is_module "$1"; then
    echo "${1##*@v}"
    return
  fi
  local version
  version=$(awk -v package="$1:" '$1 == package { found = 1 } found && $1 == "Candidate:" { print $2; exit }' \
    <<<"$policy")
  [[ $version == *[0-9]* ]] || die "apt knows no package $1; does it need apt-get update?"
  version=${version#*:}
  version=${version%-*}
  echo "${version%%[+~]*}"
}

# module_program MODULE@VERSION: the path of its program, built the first time
module_program() {
  local folder
  need_go
  folder=$CLUSTER_CACHE/$(printf '%s\n' "$1" "$(go env GOVERSION)" | sha256sum | cut -c 1-16)
  mkdir -p "$folder"
  local lock program=${1%@*}
  program=$folder/${program##*/}
  exec {lock}<"$folder"
  flock "$lock"
  if [[ ! -x $program ]]; then
    # A module of its own: the version is the argument's, whatever folder we are in.
    # go install writes it whole or not at all.
    CGO_ENABLED=0 GOBIN=$folder GOFLAGS='' run_slow "building $1, once" "$program.log" \
      go install -trimpath -ldflags '-s -w' "$1" >&2 ||
      fail "$1 could not be built; the whole log is $program.log"
  fi
  exec {lock}<&-
  touch "$folder"  # "used today"; see remove_unused_builds
  echo "$program"
}

# make_image PROGRAM SOURCE [ARGUMENT...]
make_image() {
  local name=$1 source=$2 version program
  shift 2
  version=$(version_of "$source")
  if is_module "$source"; then
    program=$(module_program "$source")
    "$HACK/cluster/debian_image.py" --bare --file "$program=/bin/${program##*/}" --user "$NOBODY" \
      --entrypoint "[\"/bin/${program##*/}\"]" "$@" "$REPOSITORY/$name:$version"
  else
    "$HACK/cluster/debian_image.py" --account "nonroot:$NOBODY:/tmp" --user "$NOBODY" \
      "$REPOSITORY/$name:$version" "$source" "$@"
  fi
}

# for_each COMMAND [PROGRAM...]: calls it with the words of each line, or of each of these programs
for_each() {
  local command=$1 name words wanted=("${@:2}") policy sources
  mapfile -t sources < <(images | awk '$2 !~ /@/ { print $2 }')
  policy=$(apt-cache policy "${sources[@]}")  # of all at once: apt reads its lists for a second
  for name in "${wanted[@]}"; do
    images | grep --quiet "^$name " || die "there is no image $name; see hack/catalog-images.txt"
  done
  while read -ra words; do
    ((${#wanted[@]} > 0)) && [[ " ${wanted[*]} " != *" ${words[0]} "* ]] && continue
    "$command" "${words[@]}" </dev/null
  done < <(images)
}

print_version() { echo "$1 $(version_of "$2")"; }

case ${1:-} in
  -h | --help) usage ;;
  --versions) for_each print_version ;;
  -*) die "unknown argument $1; see hack/catalog-images.sh --help" ;;
  *) for_each make_image "$@" ;;
esac
