#!/usr/bin/env bash
# Configures and builds, and shows how far it is.
#
# usage: hack/build.sh [PRESET] [TARGET...]
#
#   PRESET   dev (the default: AddressSanitizer and UndefinedBehaviorSanitizer), tsan, release or
#            fuzz (the fuzzers alone, by clang); the result is in build/PRESET/
#   TARGET   what to build (default: everything)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

main() {
  local preset=${1:-dev} targets=("${@:2}") what
  case $preset in
    -h | --help) usage && return ;;
    dev | tsan | release | fuzz) ;;
    *) die "there is no preset $preset; dev, tsan, release and fuzz are known, see hack/build.sh --help" ;;
  esac
  need_commands cmake ninja
  cd "$ROOT"
  what="building ${targets[*]:-everything} ($preset)"
  run_slow "configuring $preset" "build/$preset/configure.log" cmake --preset "$preset" ||
    fail "cmake could not configure $preset; the whole log is build/$preset/configure.log"
  run_slow "$what" "build/$preset/build.log" \
    cmake --build "build/$preset" ${targets:+--target "${targets[@]}"} ||
    fail "$what failed; the whole log is build/$preset/build.log"
}

main "$@"
