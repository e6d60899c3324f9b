#!/usr/bin/env bash
# Tests hack/cluster.sh by running it: what it says, what it starts, and above all that it leaves
# nothing behind.
#
# usage: tests/e2e/cluster_test.sh
#
# Prints PASS or FAIL for each check, and exits with 1 when one has failed. Uses state folders of
# its own, so that it may run beside a cluster that is in use.

set -euo pipefail
# Who starts this in the background may have INT ignored, and bash cannot take that back.
if [[ -z ${INT_IS_DEFAULT:-} ]]; then
  INT_IS_DEFAULT=1 exec env --default-signal=INT "$BASH" "${BASH_SOURCE[0]}" "$@"
fi
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../hack/lib.sh
source "$ROOT/hack/lib.sh"

unset KUBECONFIG KUBEBUILDER_ASSETS REMORA_USE_EXISTING_CLUSTER REMORA_APISERVER_ARGS
WORK=$(mktemp -d)
FIRST=$WORK/first
SECOND="$WORK/second, with spaces"
FAILED=0

on_cluster() { REMORA_CLUSTER_DIR=$1 "$ROOT/hack/cluster.sh" "${@:2}"; }
first() { on_cluster "$FIRST" "$@"; }
second() { on_cluster "$SECOND" "$@"; }

clean_up() {
  first down >/dev/null 2>&1
  second down >/dev/null 2>&1
  rm -rf "$WORK"
}
at_exit clean_up

# check SENTENCE COMMAND...: the output is shown when the command fails
check() {
  local sentence=$1
  shift
  if "$@" >"$WORK/check.log" 2>&1; then
    step "PASS  $sentence"
  else
    step "FAIL  $sentence"
    sed 's/^/          | /' "$WORK/check.log"
    FAILED=$((FAILED + 1))
  fi
}

not() { ! "$@"; }

# refuses CODE TEXT COMMAND...: exits with CODE and says one sentence with TEXT on stderr, nothing
# on stdout
refuses() {
  local want=$1 text=$2 code=0
  shift 2
  "$@" >"$WORK/stdout" 2>"$WORK/stderr" || code=$?
  cat "$WORK/stdout" "$WORK/stderr"
  [[ $code == "$want" && ! -s $WORK/stdout && $(wc -l <"$WORK/stderr") == 1 ]] &&
    grep -qF -- "$text" "$WORK/stderr"
}

# says TEXT COMMAND...: succeeds, with TEXT on stdout
says() {
  local output
  output=$("${@:2}") || return
  echo "$output"
  [[ $output == *"$1"* ]]
}

# kubectl_of FOLDER ARGUMENT...: as a user would, by `env`
kubectl_of() {
  (
    eval "$(on_cluster "$1" env)"
    kubectl "${@:2}"
  )
}

process_of() { cut -d ' ' -f 1 "$1/processes/$2"; }

# No process mentions the folder, nothing listens on the ports, the folder is gone.
left_nothing() {
  local folder=$1 port
  for port in "${@:2}"; do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && echo "something listens on $port" && return 1
  done
  pgrep --full --list-full -- "$folder" && return 1
  [[ ! -e $folder ]] || { ls -lA "$folder" && return 1; }
}

eventually() {
  local i
  for ((i = 0; i < 100; i++)); do
    "$@" && return
    sleep 0.1
  done
  return 1
}

has_three_pods() {
  [[ $(kubectl_of "$FIRST" -n "$1" get pods --no-headers 2>/dev/null | wc -l) == 3 ]]
}

# --- the tests ------------------------------------------------------------------------------------

test_bad_usage() {
  check "an unknown flag is refused" refuses 2 "up does not take --bogus" first up --bogus
  check "a flag of another command is refused" \
    refuses 2 "down does not take --tier" first down --tier 1
  check "an unknown tier is refused" refuses 2 "--tier takes 1, 2 or 3" first up --tier 4
  check "a flag without its value is refused" refuses 2 "--tier takes 1, 2 or 3" first up --tier
  check "an unknown command is refused" refuses 2 "unknown command sideways" first sideways
  check "no command is refused" refuses 2 "up, down, env, run, image or status" first
  check "run without a command is refused" refuses 2 "run takes a command" first run
  check "an image without a node is refused" \
    refuses 2 "--image is for --tier 3" first up --image archive.tar
  check "--help explains" says "usage: hack/cluster.sh up" first --help
}

test_without_a_cluster() {
  check "down without a cluster succeeds" first down
  check "run without a cluster fails" refuses 1 "no cluster is up" first run true
  check "status without a cluster fails" not first status
  check "env without a cluster prints nothing to evaluate" refuses 1 "no cluster is up" first env
  mkdir "$WORK/foreign" && touch "$WORK/foreign/file"
  check "a folder with somebody's files is refused" \
    refuses 2 "is no cluster's" on_cluster "$WORK/foreign" up --tier 1
  check "down leaves such a folder alone" on_cluster "$WORK/foreign" down
  check "and its files are still there" test -f "$WORK/foreign/file"
}

test_up() {
  first up --tier 1  # not in a check: the first time it builds, and shows that it does
  check "status says what runs" says "kube-apiserver" first status
  check "env leads kubectl to a ready API server" says "ok" kubectl_of "$FIRST" get --raw=/readyz
  check "run runs a command with these settings" says "ok" first run kubectl get --raw=/readyz
  check "and leaves the cluster up" says "is up" first status
  check "images are refused without a node" \
    refuses 2 "has no node" first image import "${BASH_SOURCE[0]}"
  check "a Pod can be created in default at once" kubectl_of "$FIRST" run pod --image=example
  check "up again says that it is up" says "already up" first up --tier 1
}

test_two_clusters() {
  check "a second cluster beside it, in a command substitution" says "is up" timeout 120 \
    env REMORA_CLUSTER_DIR="$SECOND" "$ROOT/hack/cluster.sh" up --tier 1
  check "the second has its own API server" not kubectl_of "$SECOND" get pod pod
  local ports
  read -ra ports <"$SECOND/ports"
  check "down ends the second" second down
  check "and leaves nothing of it" left_nothing "$SECOND" "${ports[@]}"
  check "the first still answers" says "ok" kubectl_of "$FIRST" get --raw=/readyz
}

test_repair() {
  kill -KILL "$(process_of "$FIRST" kube-apiserver)"
  check "status notices that a program has ended" eventually not first status
  check "up starts what is missing, and nothing else" first up --tier 1
  check "the data is still there" kubectl_of "$FIRST" get pod pod
}

test_tier_2() {
  check "up --tier 2 adds to tier 1" says "kube-scheduler are ready" first up --tier 2
  check "status names the scheduler" says "kube-scheduler" first status
  if ((EUID == 0)); then
    check "no node is added to what is up" \
      refuses 2 "up without a node, which cannot be added" first up --tier 3
  fi
  check "a namespace can be created" kubectl_of "$FIRST" create namespace fresh
  local namespace
  for namespace in default fresh; do
    kubectl_of "$FIRST" -n default delete pod pod --ignore-not-found --now >"$WORK/check.log" 2>&1
    check "a Deployment can be created in $namespace" \
      kubectl_of "$FIRST" -n "$namespace" create deployment three --image=example --replicas=3
    check "it gets its three Pods" eventually has_three_pods "$namespace"
  done
}

test_existing_cluster() {
  local settings=(REMORA_USE_EXISTING_CLUSTER=1 KUBECONFIG="$FIRST/kubeconfig"
    REMORA_CLUSTER_DIR="$WORK/unused" PATH="$FIRST/bin:$PATH")
  check "with an existing cluster, up starts nothing" says "nothing was started" \
    env "${settings[@]}" "$ROOT/hack/cluster.sh" up
  check "status asks it" says "is ready" env "${settings[@]}" "$ROOT/hack/cluster.sh" status
  check "env names its kubeconfig" says "KUBECONFIG=$FIRST/kubeconfig" \
    env "${settings[@]}" "$ROOT/hack/cluster.sh" env
  check "down ends nothing" says "nothing was ended" \
    env "${settings[@]}" "$ROOT/hack/cluster.sh" down
  check "a missing kubeconfig is refused" refuses 2 "no kubeconfig at $WORK/none" \
    env "${settings[@]}" KUBECONFIG="$WORK/none" "$ROOT/hack/cluster.sh" up
  check "no state folder appeared" not test -e "$WORK/unused"
  check "it still answers" says "ok" kubectl_of "$FIRST" get --raw=/readyz
}

test_down() {
  local ports
  read -ra ports <"$FIRST/ports"
  check "down ends the first" first down
  check "and leaves nothing of it" left_nothing "$FIRST" "${ports[@]}"
  check "status fails again" not first status
}

# The process id of a program that has ended may belong to somebody else.
test_foreign_process() {
  sleep 300 &
  local stranger=$! record=$FIRST/processes/etcd identity
  check "up works again after down" first up --tier 1
  kill -KILL "$(process_of "$FIRST" etcd)"
  read -r _ identity <"$record"
  echo "$stranger $identity" >"$record"
  check "a foreign process is not taken for ours" \
    says "has ended; log: $FIRST/logs/etcd.log" status_text
  check "down with its process id in a record" first down
  check "does not end it" kill -0 "$stranger"
  check "and leaves nothing of the cluster" left_nothing "$FIRST"
  kill "$stranger"
}

status_text() { first status || true; }

test_interrupted() {
  local pid code=0
  set -m  # a process group of its own, with INT not ignored, as a terminal gives it
  first up --tier 2 >"$WORK/interrupted.log" 2>&1 &
  pid=$!
  set +m
  check "up is under way" eventually test -f "$FIRST/processes/kube-apiserver"
  kill -INT -- "-$pid"
  wait "$pid" || code=$?
  check "Ctrl-C ends it with 130" test "$code" == 130
  check "and leaves nothing" left_nothing "$FIRST"
}

test_failure() {
  local code=0
  REMORA_APISERVER_ARGS=--no-such-flag first up --tier 1 >"$WORK/failure.log" 2>&1 || code=$?
  check "up fails with the API server" test "$code" == 1
  check "it shows why" grep -q "unknown flag: --no-such-flag" "$WORK/failure.log"
  check "nothing runs" not pgrep --full --list-full -- "--data-dir=$FIRST"
  check "the log is kept" test -s "$FIRST/logs/kube-apiserver.log"
}

test_assets() {
  mkdir "$WORK/assets"
  check "KUBEBUILDER_ASSETS without the programs is refused" \
    refuses 2 "lacks etcd kube-apiserver kubectl" env KUBEBUILDER_ASSETS="$WORK/assets" \
    REMORA_CLUSTER_DIR="$FIRST" "$ROOT/hack/cluster.sh" up --tier 1
  cp -P "$BUILT"/* "$WORK/assets"
  exec {lock}>"$WORK/lock"
  flock "$lock"
  check "KUBEBUILDER_ASSETS is used, and up works after a failure" env \
    KUBEBUILDER_ASSETS="$WORK/assets" REMORA_APISERVER_ARGS="--profiling=false --v=1" \
    REMORA_CLUSTER_DIR="$FIRST" "$ROOT/hack/cluster.sh" up --tier 1
  check "its programs run" test "$WORK/assets/remora-cluster" == \
    "$(readlink "/proc/$(process_of "$FIRST" etcd)/exe")"
  exec {lock}>&-
  check "the cluster does not hold the caller's lock" flock --nonblock "$WORK/lock" true
  check "down ends it" first down
  check "and leaves nothing" left_nothing "$FIRST"
}

main() {
  test_bad_usage
  test_without_a_cluster
  test_up
  BUILT=$(readlink "$FIRST/bin")
  test_two_clusters
  test_repair
  test_tier_2
  test_existing_cluster
  test_down
  test_foreign_process
  test_interrupted
  test_failure
  test_assets
  ((FAILED == 0)) || fail "$FAILED checks failed"
  step "all checks passed"
}

main "$@"
