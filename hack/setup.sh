#!/usr/bin/env bash
# Installs the Debian packages that building and testing Remora need, those of them that are
# missing, and checks for Go. Does nothing, fast, when everything is there.
#
# usage: hack/setup.sh               everything
#        hack/setup.sh --for-image   what compiles the programs, and nothing else: for the Dockerfile

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly COMPILER=(g++ cmake ninja-build ccache pkg-config ca-certificates)

readonly TOOLS=(
  build-essential
  clang libclang-rt-14-dev  # fuzzers and thread-safety analysis
  clang-format clang-tidy shellcheck
  git
  mmdebstrap buildah                       # the image, without a container engine
)

readonly LIBRARIES=(
  libcpprest-dev zlib1g-dev                # the API server's client
  libboost-dev libboost-system-dev         # Beast, and what cpprest's CMake file asks for
  libboost-atomic-dev libboost-chrono-dev libboost-date-time-dev libboost-filesystem-dev
  libboost-random-dev libboost-regex-dev libboost-thread-dev
  libssl-dev
  nlohmann-json3-dev libsimdjson-dev
  libyaml-cpp-dev libyaml-dev              # values; where in a text they stand
  libspdlog-dev libfmt-dev prometheus-cpp-dev libcivetweb-dev
  libcli11-dev libre2-dev libmimalloc-dev
)

readonly FOR_TESTS=(
  libgmock-dev libgtest-dev libbenchmark-dev
  libcurl4-openssl-dev                     # a second HTTP client, to test our server with
  jq python3 python3-yaml curl openssl procps
  prometheus                               # and promtool: the chart's alerts, dashboard and monitors
)

# hack/cluster.sh up --tier 3 and the images for it.
readonly FOR_NODES=(
  containerd runc containernetworking-plugins
  conntrack iptables iproute2 kmod mount util-linux
)

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# Prints those of the packages that are not installed, all asked for in one call.
missing_packages() {
  comm -23 <(printf '%s\n' "$@" | sort -u) <(
    # It complains about, and exits 1 for, packages that it has never heard of: they are missing,
    # which is the answer.
    dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
      awk '$1 == "installed" { print $2 }' | sort -u
  )
}

install_packages() {
  local log_folder=${XDG_CACHE_HOME:-$HOME/.cache}/remora/logs
  need_root_or_sudo "installing packages"
  local apt=("${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  run_slow "updating the list of packages" "$log_folder/apt-update.log" "${apt[@]}" update ||
    fail "apt-get update failed; its output is above"
  run_slow "installing packages" "$log_folder/apt-install.log" \
    "${apt[@]}" install --yes --no-install-recommends "$@" ||
    fail "apt-get install failed; its output is above"
}

main() {
  local packages=("${COMPILER[@]}" "${LIBRARIES[@]}") missing also=
  case ${1:-} in
    '')
      need_go
      packages+=("${TOOLS[@]}" "${FOR_TESTS[@]}" "${FOR_NODES[@]}")
      also=", and $(go env GOVERSION) is on the PATH"
      ;;
    --for-image) ;;
    -h | --help) usage && return ;;
    *) die "unknown argument $1; see hack/setup.sh --help" ;;
  esac

  command -v apt-get >/dev/null ||
    die "this installs Debian packages, and there is no apt-get; Remora needs: ${packages[*]}"
  mapfile -t missing < <(missing_packages "${packages[@]}")
  if ((${#missing[@]} > 0)); then
    step "missing: ${missing[*]}"
    install_packages "${missing[@]}"
  fi
  step "all ${#packages[@]} packages are installed$also"
}

main "$@"
