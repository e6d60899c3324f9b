#!/usr/bin/env bash
# Installs packages, builds, and runs every test; this is what CI runs.
#
# Builds release (the programs as shipped, for the tests that start them), the fuzzers, dev
# (AddressSanitizer and UndefinedBehaviorSanitizer) and, of what has threads, tsan. The tests on a real API server
# share one control plane; beside them run those that have one of their own. Those on a real node, which need root,
# come last (hack/e2e.sh). The last line counts all tests: `N passed, N failed`.
#
# usage: hack/test.sh           what CI runs
#        hack/test.sh --quick   release only, no sanitizers, no fuzzers, no node
#        hack/test.sh --all     and clang-tidy

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly LOGS=$ROOT/build/test-logs
# What has threads, or is used by several.
readonly TSAN_TARGETS=(base_test reflector_test store_test work_queue_test kube_client_test
  certificate_reconciler_test webhook_test webhook_listener_test operator_faults_test
  operator_process_test manager_test event_recorder_test missing_pod_reconciler_test
  pattern_acceptance_test)
# Of tests/e2e: what measures how fast something is runs alone, before all others; what has a cluster of its own,
# and waits for most of its time, runs beside the others.
readonly ALONE=(certificates reflector)
readonly BESIDE=(operator_faults chart_rights docs chart doctor cluster)

PASSED=0
FAILED=0
BESIDE_PID=  # of the tests beside the others

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# count LOG: sets STAGE_PASSED and STAGE_FAILED to what the runners in the log say of themselves:
# gtest's programs, and the checks of the scripts. ctest shows what a failed program printed a second time.
count() {
  STAGE_PASSED=$(grep --text --count --extended-regexp \
    '(^|: )\[       OK \]|^\[ *[0-9.]+ s\] PASS ' "$1" || true)
  STAGE_FAILED=$( (grep --text --extended-regexp \
    '(^|: )\[  FAILED  \] .*\([0-9]+ ms\)$|^\[ *[0-9.]+ s\] FAIL ' "$1" || true) |
    sed -E 's/^[0-9]+: //' | sort --unique | wc --lines)
}

# stage NAME COMMAND...: runs it and counts. A command that fails without a failed test in its log (a
# crash, a sanitizer) counts as one failed test; one that succeeds without any is one test.
stage() {
  local name=$1 log=$LOGS/${1//[^a-z0-9]/-}.log status=0
  shift
  run_slow "$name" "$log" "$@" || status=$?
  count "$log"
  if ((status != 0)); then
    ((STAGE_FAILED > 0)) || STAGE_FAILED=1
    step "$name: FAILED; the whole log is ${log#"$ROOT"/}"
    grep --text --extended-regexp --max-count=20 \
      '\[  FAILED  \]|FAIL  |Failure$|ERROR: |WARNING: ThreadSanitizer' "$log" || true
  elif ((STAGE_PASSED == 0)); then
    STAGE_PASSED=1
  fi
  PASSED=$((PASSED + STAGE_PASSED))
  FAILED=$((FAILED + STAGE_FAILED))
  step "$name: $STAGE_PASSED passed, $STAGE_FAILED failed"
}

# tests PRESET [CTEST ARGUMENT...]
tests() { ctest --preset "$1" --verbose --parallel "$(nproc)" --no-tests=error "${@:2}"; }

# build_and_test PRESET [TEST...]: these test programs; without any, all of them
build_and_test() {
  local preset=$1 targets=("${@:2}") names
  "$ROOT/hack/build.sh" "$preset" "${targets[@]}" || { FAILED=$((FAILED + 1)) && return; }
  names=$(IFS='|' && echo "${targets[*]}")
  stage "tests of $preset" tests "$preset" ${names:+--tests-regex "^($names)\$"}
}

# One of its own, whatever is up (a caller may have settings of another one in the environment), but
# for REMORA_USE_EXISTING_CLUSTER=1.
use_cluster() {
  CLUSTER_PARENT=$(mktemp --directory "${TMPDIR:-/tmp}/remora-test.XXXXXX")
  at_exit end_cluster
  export REMORA_CLUSTER_DIR=$CLUSTER_PARENT/cluster
  [[ ${REMORA_USE_EXISTING_CLUSTER:-} == 1 ]] || unset KUBECONFIG
  "$ROOT/hack/cluster.sh" up
  eval "$("$ROOT/hack/cluster.sh" env)"
}

# Silent: the closing line has been printed.
end_cluster() {
  "$ROOT/hack/cluster.sh" down >/dev/null
  rm -rf "$CLUSTER_PARENT"
}

# e2e NAME...: these scripts of tests/e2e, one after the other
e2e() {
  local name arguments
  for name in "$@"; do
    arguments=()
    [[ $name != yaml_table ]] || arguments=(build/release/operator/cli/remora)
    stage "${name}_test" "$ROOT/tests/e2e/${name}_test.sh" "${arguments[@]}"
  done
}

# All of them but those named above.
e2e_names() {
  local path name
  for path in "$ROOT"/tests/e2e/*_test.sh; do
    name=$(basename "$path" _test.sh)
    [[ " ${ALONE[*]} ${BESIDE[*]} " == *" $name "* ]] || echo "$name"
  done
}

# In a process of its own, from whose log end_beside takes the counts.
start_beside() {
  set -m  # so that INT is not ignored in it, for the tests end what they have started by INT
  (
    set +m
    exit_hooks=()
    at_exit end_slow_command
    trap run_exit_hooks EXIT
    trap 'exit 143' TERM
    e2e "${BESIDE[@]}"
  ) >"$LOGS/beside.log" 2>&1 &
  BESIDE_PID=$!
  set +m
  at_exit stop_beside
}

stop_beside() {
  [[ -n $BESIDE_PID ]] || return 0
  kill "$BESIDE_PID"
  wait "$BESIDE_PID"
}

end_beside() {
  local count=0 passed failed
  while kill -0 "$BESIDE_PID" 2>/dev/null; do
    step "the tests with a cluster of their own: $(tail -n 1 "$LOGS/beside.log" | cut -c 1-80)"
    sleep "$HEARTBEAT_SECONDS"
  done
  wait "$BESIDE_PID" || true
  BESIDE_PID=
  grep --text --invert-match ' s so far ' "$LOGS/beside.log" || true
  while read -r passed failed; do
    count=$((count + 1))
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
  done < <(sed -nE 's/^\[.*_test: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$LOGS/beside.log")
  ((count == ${#BESIDE[@]})) || FAILED=$((FAILED + 1))
}

test_on_api_server() {
  local names
  stage "verify crds" "$ROOT/hack/verify-crds.sh"
  mapfile -t names < <(e2e_names)
  e2e "${ALONE[@]}"
  start_beside
  e2e "${names[@]}"
  end_beside
}

# A node makes namespaces and mounts.
on_node() {
  need_root_or_sudo "a node"
  stage "a real node" "${AS_ROOT[@]}" env "PATH=$PATH" "HOME=$HOME" "$ROOT/hack/e2e.sh"
}

verify() {
  local check
  for check in format sizes edges docs shell chart catalog; do
    stage "verify $check" "$ROOT/hack/verify-$check.sh"
  done
  stage "verify cases" "$ROOT/hack/cases.sh" --holes
  stage "verify mutants" "$ROOT/hack/mutants.sh" --check
}

main() {
  local extent=${1:-}
  case $extent in
    "" | --quick | --all) ;;
    -h | --help) usage && return ;;
    *) die "unknown argument $1; see hack/test.sh --help" ;;
  esac
  cd "$ROOT"
  "$ROOT/hack/setup.sh"
  rm -rf "$LOGS" && mkdir -p "$LOGS"

  verify
  use_cluster
  build_and_test release
  test_on_api_server
  [[ $extent == --quick ]] || stage "fuzzers" "$ROOT/hack/fuzz.sh" --seconds 30 --seed 1
  if [[ $extent != --quick ]]; then
    build_and_test dev
    build_and_test tsan "${TSAN_TARGETS[@]}"
  fi
  [[ $extent == --quick ]] || on_node
  [[ $extent != --all ]] || stage "verify tidy" "$ROOT/hack/verify-tidy.sh"
  step "the end"
  echo "$PASSED passed, $FAILED failed"
  ((FAILED == 0))
}

main "$@"
