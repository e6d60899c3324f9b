#!/usr/bin/env bash
# Prints the cases of tests/cases.txt and the tests that name them, and fails where one has none.
#
# usage: hack/cases.sh [--holes]    (--holes: only those without a test)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Every number after "case": "case 4", "cases 14, 15", "cases 52-55".
numbers_of() {
  grep --extended-regexp --only-matching --ignore-case \
    '\bcases? [0-9]+((, | and |-)[0-9]+)*' "$1" |
    grep --extended-regexp --only-matching '[0-9]+(-[0-9]+)?' |
    while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done
}

# NUMBER FILE, a line for each mention
mentions() {
  local file
  while IFS= read -r file; do
    numbers_of "$file" | sort --numeric-sort --unique | sed "s|\$| ${file#tests/}|"
  done < <(grep --recursive --files-with-matches --ignore-case --extended-regexp '\bcases? [0-9]' tests |
    grep --invert-match --extended-regexp 'cases\.txt$|/want\.' | sort)
}

main() {
  local only_holes= holes=0 late number text tests
  case ${1:-} in
    '') ;;
    --holes) only_holes=yes ;;
    *) die "unknown argument $1; expected --holes or nothing" ;;
  esac
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  local all
  all=$(mentions)
  while read -r number text; do
    late=
    [[ $number != later ]] || { late=yes && read -r number text <<<"$text"; }
    tests=$(awk -v n="$number" '$1 == n { print "      " $2 }' <<<"$all")
    if [[ -z $tests && -z $late ]]; then
      holes=$((holes + 1))
      tests='      NO TEST names it'
    elif [[ -n $only_holes ]]; then
      continue
    fi
    printf '%3s %s%s\n' "$number" "$text" "${late:+ (later)}"
    [[ -z $tests ]] || echo "$tests"
  done < <(grep --invert-match '^#' tests/cases.txt)
  ((holes == 0)) || fail "$holes cases of tests/cases.txt have no test"
}

main "$@"
