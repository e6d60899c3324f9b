# shellcheck shell=bash
# Where the cluster's programs come from. Sourced by hack/cluster.sh.
#
# One Go binary is all of them (main.go beside this file). It is built once and kept outside the
# tree, in a folder that is named by what went into it; the folder has a link for each program.

CLUSTER_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly CLUSTER_SOURCE
readonly CLUSTER_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/remora/cluster
readonly ALL_PROGRAMS=(
  etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet kube-proxy
)
readonly UNUSED_DAYS=30  # binaries of other versions go after that; one is 140 MB

# find_programs PROGRAM...: sets PROGRAMS_FOLDER to a folder with these, building it if need be.
find_programs() {
  if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
    PROGRAMS_FOLDER=$(realpath -m "$KUBEBUILDER_ASSETS")
    local program missing=()
    for program in "$@"; do
      [[ -x $PROGRAMS_FOLDER/$program ]] || missing+=("$program")
    done
    ((${#missing[@]} == 0)) ||
      die "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which lacks ${missing[*]}"
    return
  fi
  read_build_flags
  PROGRAMS_FOLDER=$CLUSTER_CACHE/$(hash_of_inputs)
  [[ -d $PROGRAMS_FOLDER ]] || build_programs
  touch "$PROGRAMS_FOLDER"  # "used today"
}

# The version that the programs report has to be told to the linker; go.mod says which one it is.
read_build_flags() {
  local version minor
  version=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' "$CLUSTER_SOURCE/go.mod")
  minor=${version#v1.}
  # No symbols: 140 MB instead of 200. No stamp of the git commit: it would differ after every
  # commit.
  BUILD_FLAGS=(
    -trimpath -buildvcs=false
    -ldflags "-s -w
      -X k8s.io/component-base/version.gitVersion=$version
      -X k8s.io/component-base/version.gitMajor=1
      -X k8s.io/component-base/version.gitMinor=${minor%%.*}
      -X k8s.io/client-go/pkg/version.gitVersion=$version"
  )
}

hash_of_inputs() {
  (
    cd "$CLUSTER_SOURCE" || exit
    printf '%s\n' "${BUILD_FLAGS[@]}"
    sha256sum go.mod go.sum ./*.go
  ) | sha256sum | cut -c 1-16
}

build_programs() {
  need_go
  mkdir -p "$CLUSTER_CACHE"
  local lock
  exec {lock}<"$CLUSTER_CACHE"
  if ! flock --nonblock "$lock"; then
    step "waiting for another build of the cluster's programs"
    flock "$lock"
  fi
  # The other build may have been ours.
  if [[ ! -d $PROGRAMS_FOLDER ]]; then
    build_locked
    remove_unused_builds
  fi
  exec {lock}<&-
}

build_locked() {
  PARTIAL_FOLDER=$PROGRAMS_FOLDER.partial
  at_exit remove_partial_build
  remove_partial_build  # of a run that was killed
  mkdir -p "$PARTIAL_FOLDER/tmp"
  step "etcd, Kubernetes and kubectl are compiled once: ten minutes on two cores, 3 GB of disk"
  run_slow "building the cluster's programs" "$CLUSTER_CACHE/build.log" go_build ||
    fail "the cluster's programs could not be built; the whole log is $CLUSTER_CACHE/build.log"
  rm -rf "$PARTIAL_FOLDER/tmp"
  local program
  for program in "${ALL_PROGRAMS[@]}"; do
    ln -s remora-cluster "$PARTIAL_FOLDER/$program"
  done
  mv "$PARTIAL_FOLDER" "$PROGRAMS_FOLDER"
}

# -v names each package as it is compiled, which is what the heartbeat shows. Go may leave its
# temporary folder behind when it is interrupted: give it one that we remove.
go_build() {
  cd "$CLUSTER_SOURCE" || return
  CGO_ENABLED=0 GOTMPDIR=$PARTIAL_FOLDER/tmp \
    go build -v "${BUILD_FLAGS[@]}" -o "$PARTIAL_FOLDER/remora-cluster" .
}

remove_partial_build() { rm -rf "$PARTIAL_FOLDER"; }

remove_unused_builds() {
  find "$CLUSTER_CACHE" -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
    -regex '.*/[0-9a-f]{16}' -mtime "+$UNUSED_DAYS" -exec rm -rf {} +
}
