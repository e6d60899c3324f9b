#!/usr/bin/env bash
# Checks that all C++ is formatted as .clang-format says; hack/update-format.sh formats it.
#
# usage: hack/verify-format.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

[[ $# == 0 ]] || die "takes no arguments"
need_commands clang-format git
mapfile -t files < <(cpp_files)
clang-format --dry-run -Werror "${files[@]}" ||
  fail "not formatted as .clang-format says: see above; hack/update-format.sh mends it"
step "${#files[@]} C++ files are formatted as .clang-format says"
