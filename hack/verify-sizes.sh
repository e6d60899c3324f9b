#!/usr/bin/env bash
# Checks that no C++ header has more than 200 lines and no source more than 400. A file that has a
# reason says it on a line of its own: `// Longer than the house style because ...`.
#
# usage: hack/verify-sizes.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

readonly MOST_HEADER_LINES=200
readonly MOST_SOURCE_LINES=400
readonly EXCUSE='^// Longer than the house style because .'

[[ $# == 0 ]] || die "takes no arguments"
need_commands git
mapfile -t files < <(cpp_files)
too_long=0
for file in "${files[@]}"; do
  most=$MOST_SOURCE_LINES
  [[ $file != *.h ]] || most=$MOST_HEADER_LINES
  lines=$(wc -l <"$file")
  if ((lines > most)) && ! grep -q "$EXCUSE" "$file"; then
    echo "$file: $lines lines, $most allowed" >&2
    too_long=$((too_long + 1))
  fi
done
((too_long == 0)) || fail "$too_long files are too long: split them, or say why they are"
step "${#files[@]} C++ files are within $MOST_HEADER_LINES lines a header, $MOST_SOURCE_LINES a source"
