#!/usr/bin/env bash
# Checks all shell scripts with shellcheck.
#
# usage: hack/verify-shell.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

[[ $# == 0 ]] || die "takes no arguments"
need_commands shellcheck git xargs nproc
mapfile -t files < <(shell_files)
printf '%s\0' "${files[@]}" |
  xargs --null --max-procs="$(nproc)" --max-args=8 shellcheck --external-sources ||
  fail "shellcheck complains: see above"
step "shellcheck has nothing to say about ${#files[@]} scripts"
