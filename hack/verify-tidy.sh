#!/usr/bin/env bash
# Checks the product's C++ with clang-tidy, by the rules of .clang-tidy. Tests are left out: their
# headers alone would take ten minutes. Files that have not changed since the last run cost nothing.
#
# usage: hack/verify-tidy.sh [FILE...]    (default: all sources of operator/ and webhook/)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

readonly COMMANDS=build/release/compile_commands.json
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/remora/tidy
readonly LOG=build/tidy.log

[[ ${1:-} != -* ]] || die "takes names of files only, not $1"
need_commands clang-tidy cmake git
files=("$@")
(($# > 0)) || mapfile -t files < <(source_files 'operator/*.cc' 'webhook/*.cc')
cmake --preset release >/dev/null || fail "cmake could not configure the preset release: see above"
run_slow "clang-tidy on ${#files[@]} files" "$LOG" \
  /usr/bin/python3 hack/tidy.py "$COMMANDS" "$CACHE" "${files[@]}" ||
  fail "clang-tidy complains: the whole log is $LOG"
