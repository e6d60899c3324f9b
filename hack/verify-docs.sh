#!/usr/bin/env bash
# Checks the documents: the files and folders that they name exist, their links lead somewhere, every
# fenced block says how it is run or what it is part of (hack/docs.py), and what is generated is not
# stale. tests/e2e/docs_test.sh runs the blocks.
#
# usage: hack/verify-docs.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

mapfile -t DOCUMENTS < <(source_files README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md \
  'crds/*.md' 'charts/*.md' tests/bench/README.md)
readonly DOCUMENTS
# What looks like a path there is the name of a figure.
readonly LINKS_ONLY=tests/bench/README.md
readonly FOLDERS='operator|webhook|crds|charts|tests|hack|\.ci'

# Prints LINE:NAME for what looks like a path of ours. `{h,cc}` and `*` are understood, as is
# `folder/<name>`, of which only the folder is looked for.
named_files() {
  grep -noP "(?<![\w/.-])(\./)?($FOLDERS)/[\w./{},*-]*" "$1" | sed -E 's/[.,]+$//' || true
}

# Prints LINE:NAME for links to files, seen from the root: a link starts at its document's folder.
linked_files() {
  local folder
  folder=$(dirname "$1")
  grep -noP '(?<=\]\()[^)#]+' "$1" | grep -vE ':(https?|mailto):' |
    sed "s|:|:$folder/|" || true
}

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
  done < <(
    [[ $document == "$LINKS_ONLY" ]] || named_files "$document"
    linked_files "$document"
  )
done
((dead == 0)) || fail "$dead names lead nowhere"
step "the $count files that ${#DOCUMENTS[@]} documents name exist"

/usr/bin/python3 hack/docs.py check || fail "a block that nothing runs may tell what is not true: see above"
step "every fenced block has a test, or is part of a file or of an output"
for script in reference pictures; do
  /usr/bin/python3 "hack/$script.py" check || fail "a document is stale or cannot be made: see above"
done
step "crds/REFERENCE.md and the pictures of crds/guide/ are up to date"
