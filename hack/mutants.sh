#!/usr/bin/env bash
# Plants the faults of tests/property/mutants.txt in the engine, one at a time, in a copy of the
# committed tree, and checks that the tests find each: laws_test, the golden cases, injection_test.
#
# usage: hack/mutants.sh [NAME...]   these faults (default: all)
#        hack/mutants.sh --check     only that the text of each fault is there exactly once
#
# The copy is build/mutants/, whose compiled files are used again at the next run. It takes about a
# minute a fault.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly LIST=$ROOT/tests/property/mutants.txt
readonly COPY=$ROOT/build/mutants
# The golden cases also run through programs; what they find there, the first route finds.
readonly TARGETS=(laws_test injection_test golden_test)
readonly CASES=3000  # of each law: enough for a fault that a test is to find in a normal run
readonly MUTANT_SECONDS=300

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# Each mutant is four lines: a name after "= ", the file, the old text after "- ", the new after "+ ".
read_mutants() {
  names=() files=() olds=() news=()
  local line
  while IFS= read -r line; do
    case $line in
      "= "*) names+=("${line#= }") ;;
      "@ "*) files+=("${line#@ }") ;;
      "- "*) olds+=("${line#- }") ;;
      "+ "*) news+=("${line#+ }") ;;
      "" | "#"*) ;;
      *) die "${LIST#"$ROOT"/} has a line that begins with none of = @ - +: $line" ;;
    esac
  done <"$LIST"
  ((${#names[@]} == ${#files[@]} && ${#names[@]} == ${#olds[@]} && ${#names[@]} == ${#news[@]})) ||
    die "${LIST#"$ROOT"/}: each fault needs four lines"
}

# occurrences FOLDER NUMBER: how often the old text is there
occurrences() {
  grep --fixed-strings --only-matching -- "${olds[$2]}" "$1/${files[$2]}" 2>/dev/null | wc -l
}

check_texts() {
  local i count wrong=0
  for i in "${!names[@]}"; do
    count=$(occurrences "$ROOT" "$i")
    ((count == 1)) && continue
    echo "${names[i]}: its text is $count times in ${files[i]}, expected once: ${olds[i]}" >&2
    wrong=$((wrong + 1))
  done
  ((wrong == 0)) || fail "$wrong faults no longer fit the code: adapt tests/property/mutants.txt"
  step "the texts of ${#names[@]} faults are there, once each"
}

make_copy() {
  git -C "$ROOT" worktree prune
  [[ -e $COPY/.git ]] || git -C "$ROOT" worktree add --quiet --detach "$COPY" HEAD
  git -C "$COPY" checkout --quiet --force --detach "$(git -C "$ROOT" rev-parse HEAD)"
}

build_copy() { "$COPY/hack/build.sh" release "${TARGETS[@]}" >"$COPY/build/mutant.log" 2>&1; }

# Succeeds where every test succeeds.
run_tests() {
  local tests=$COPY/build/release/tests
  {
    timeout "$MUTANT_SECONDS" "$tests/unit/injection_test" --gtest_brief=1 &&
      timeout "$MUTANT_SECONDS" "$tests/golden/golden_test" --gtest_brief=1 \
        --gtest_filter='*ibrary*' &&
      REMORA_LAW_CASES=$CASES timeout "$MUTANT_SECONDS" "$tests/property/laws_test" \
        --gtest_brief=1
  } >"$COPY/build/mutant-tests.log" 2>&1
}

# The test that failed first.
finder() {
  sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$COPY/build/mutant-tests.log" | head -n 1
}

# plant NUMBER: sets RESULT
plant() {
  local file=$COPY/${files[$1]} text
  (($(occurrences "$COPY" "$1") == 1)) || { RESULT="its text is not there once" && return 1; }
  text=$(cat "$file" && echo x)
  text=${text%x}
  printf '%s' "${text/"${olds[$1]}"/"${news[$1]}"}" >"$file"
  if ! build_copy; then
    RESULT="does not compile: see build/mutants/build/mutant.log"
  elif run_tests; then
    RESULT="SURVIVES"
  else
    RESULT="found by $(finder)"
  fi
  git -C "$COPY" checkout --quiet -- "${files[$1]}"
  [[ $RESULT == found* ]]
}

run_mutants() {
  local wanted=("$@") i failed=0 planted=0
  mkdir -p "$COPY/build"
  run_slow "building without a fault" "$COPY/build/mutant.log" build_copy ||
    fail "the copy does not build"
  run_tests || fail "the tests fail without a fault: see build/mutants/build/mutant-tests.log"
  for i in "${!names[@]}"; do
    [[ ${#wanted[@]} == 0 || " ${wanted[*]} " == *" ${names[i]} "* ]] || continue
    planted=$((planted + 1))
    plant "$i" || failed=$((failed + 1))
    step "$(printf '%-34s %s' "${names[i]}" "$RESULT")"
  done
  ((planted > 0)) || die "no such fault: ${wanted[*]}"
  ((failed == 0)) || fail "$failed of $planted faults are not found"
  step "all $planted faults are found"
}

main() {
  case ${1:-} in
    -h | --help) usage && return ;;
  esac
  read_mutants
  check_texts
  [[ ${1:-} != --check ]] || return 0
  need_commands git cmake ninja
  make_copy
  run_mutants "$@"
}

main "$@"
