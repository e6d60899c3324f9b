#!/usr/bin/env bash
# Formats all C++ as .clang-format says.
#
# usage: hack/update-format.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

[[ $# == 0 ]] || die "takes no arguments"
need_commands clang-format git
mapfile -t files < <(cpp_files)
clang-format -i "${files[@]}"
