#!/usr/bin/env bash
# Builds the fuzzers and runs them, as many at a time as there are cores. Fails where one finds
# something or reaches fewer edges than tests/fuzz/floors.txt says. What was found earlier
# (tests/fuzz/crashes) is tried first.
#
# usage: hack/fuzz.sh [--seconds N] [--seed N] [TARGET...]
#
#   --seconds N   how long each of them runs (default: 60)
#   --seed N      starts the random numbers (default: another one each time); CI has a fixed one, so
#                 that what is red there is red because of the change
#   TARGET        review, pattern, annotations, references, record or http (default: all)

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly FLOORS=tests/fuzz/floors.txt
readonly PROGRAMS=build/fuzz/tests/fuzz
readonly WORK=build/fuzz/run  # seeds made from the golden cases, what was reached, logs
readonly FOUND=build/fuzz/found
SEED=0  # libFuzzer takes one of its own

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

floor_of() { awk -v target="$1" '$1 == target { print $2 }' "$FLOORS"; }

# fuzz TARGET SECONDS: what was found earlier, then new inputs.
fuzz() {
  local target=$1 seconds=$2 seeds=() folder
  local program=$PROGRAMS/${target}_fuzzer old=(tests/fuzz/crashes/"$target"/*)
  if [[ -e ${old[0]} ]]; then "$program" "${old[@]}" || return; fi
  for folder in "$WORK/seeds/$target" "tests/fuzz/seeds/$target"; do
    if [[ -d $folder ]]; then seeds+=("$folder"); fi
  done
  mkdir -p "$WORK/corpus/$target"
  exec "$program" -max_total_time="$seconds" -seed="$SEED" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -dict="tests/fuzz/dictionaries/$target.dict" \
    -artifact_prefix="$FOUND/$target-" "$WORK/corpus/$target" "${seeds[@]}"
}

# report TARGET STATUS
report() {
  local target=$1 log=$WORK/$1.log floor edges file
  floor=$(floor_of "$target")
  edges=$(grep --text --only-matching --perl-regexp '^#\d+\s+DONE\s+cov: \K\d+' "$log" || true)
  if (($2 != 0)); then
    file=$(grep --text --only-matching --perl-regexp 'Test unit written to \K.*' "$log" || true)
    grep --text --extended-regexp --after-context=1 --max-count=3 \
      '^not as demanded|ERROR: |SUMMARY: |^Running: ' "$log" >&2 || tail -n 5 "$log" >&2
    step "FAIL $target: the whole log is $log"
    if [[ -n $file ]]; then
      step "  again: $PROGRAMS/${target}_fuzzer $file"
      step "  make it a case: cp $file tests/fuzz/crashes/$target/WHAT-IT-SHOWS"
    fi
  elif ((${edges:-0} < floor)); then
    step "FAIL $target: ${edges:-0} edges, at least $floor expected"
  else
    step "PASS $target: $edges edges, at least $floor expected"
    return 0
  fi
  return 1
}

# Ends what is still running when this script is ended.
end_fuzzers() {
  local pid
  for pid in "${!RUNNING[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

# Waits for one of them and reports it.
finish_one() {
  local pid status=0
  wait -n -p pid "${!RUNNING[@]}" || status=$?
  report "${RUNNING[$pid]}" "$status" || FAILED=$((FAILED + 1))
  unset "RUNNING[$pid]"
}

main() {
  local seconds=60 targets=() target cores
  while (($# > 0)); do
    case $1 in
      -h | --help) usage && return ;;
      --seconds)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--seconds needs a number; see hack/fuzz.sh --help"
        seconds=$2
        shift
        ;;
      --seed)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--seed needs a number; see hack/fuzz.sh --help"
        SEED=$2
        shift
        ;;
      *) targets+=("$1") ;;
    esac
    shift
  done
  cd "$ROOT"
  ((${#targets[@]} > 0)) || mapfile -t targets < <(awk '!/^(#|$)/ { print $1 }' "$FLOORS")
  for target in "${targets[@]}"; do
    [[ -n $(floor_of "$target") ]] || die "there is no fuzzer $target; see hack/fuzz.sh --help"
  done
  need_commands python3 nproc
  "$ROOT/hack/build.sh" fuzz
  rm -rf "$WORK"
  mkdir -p "$WORK" "$FOUND"
  python3 tests/fuzz/seeds.py "$WORK/seeds"

  declare -gA RUNNING=()
  FAILED=0
  at_exit end_fuzzers
  cores=$(nproc)
  step "fuzzing for $seconds s each: ${targets[*]}"
  for target in "${targets[@]}"; do
    ((${#RUNNING[@]} < cores)) || finish_one
    fuzz "$target" "$seconds" >"$WORK/$target.log" 2>&1 </dev/null &
    RUNNING[$!]=$target
  done
  while ((${#RUNNING[@]} > 0)); do finish_one; done
  ((FAILED == 0)) || fail "$FAILED of ${#targets[@]} fuzzers failed"
}

main "$@"
