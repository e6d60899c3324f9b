#!/usr/bin/env bash
# Checks that the files and folders named in README.md, ARCHITECTURE.md and CONTRIBUTING.md exist,
# and that their links lead somewhere.
#
# usage: hack/verify-docs.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

readonly DOCUMENTS=(README.md ARCHITECTURE.md CONTRIBUTING.md)
readonly FOLDERS='operator|webhook|crds|charts|tests|hack|\.ci'

# Prints LINE:NAME for what looks like a path of ours. `{h,cc}` and `*` are understood, as is
# `folder/<name>`, of which only the folder is looked for.
named_files() {
  grep -noP "(?<![\w/.-])(\./)?($FOLDERS)/[\w./{},*-]*" "$1" | sed -E 's/[.,]+$//' || true
}

# Prints LINE:NAME for links to files.
linked_files() { grep -noP '(?<=\]\()[^)#]+' "$1" | grep -vE ':(https?|mailto):' || true; }

exists() {
  local expanded=() file
  [[ $1 =~ ^[][A-Za-z0-9_./{},*-]+$ ]] || return 1  # it is evaluated
  eval "expanded=($1)"
  for file in "${expanded[@]}"; do
    [[ -e $file ]] || return 1
  done
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands git
dead=0 count=0
for document in "${DOCUMENTS[@]}"; do
  [[ -f $document ]] || fail "there is no $document"
  while IFS=: read -r line name; do
    count=$((count + 1))
    exists "$name" && continue
    echo "$document:$line: there is no $name" >&2
    dead=$((dead + 1))
  done < <(named_files "$document"; linked_files "$document")
done
((dead == 0)) || fail "$dead names lead nowhere"
step "the $count files that ${DOCUMENTS[*]} name exist"
