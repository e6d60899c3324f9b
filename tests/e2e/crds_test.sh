#!/usr/bin/env bash
# Tests the CRDs on a real API server: that it takes them, serves them under their short names, explains them, and accepts
# and refuses the patterns of tests/golden/patterns/ as their files say. The same files are fed to the decoder.
#
# usage: KUBECONFIG=... tests/e2e/crds_test.sh
#
# Prints PASS or FAIL for each check, and exits with 1 when one has failed. Applies the CRDs; what else it creates it removes.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../hack/lib.sh
source "$ROOT/hack/lib.sh"

readonly CORPUS=$ROOT/tests/golden/patterns
readonly OURS=crds-test-$$  # the name of the patterns that are created for good
WORK=$(mktemp -d)
FAILED=0

clean_up() {
  kubectl delete rsc,ramb,radp "$OURS" --ignore-not-found >/dev/null 2>&1
  rm -rf "$WORK"
}

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

# says TEXT COMMAND...: succeeds, with TEXT in its output
says() {
  local output
  output=$("${@:2}" 2>&1) || { echo "$output"; return 1; }
  echo "$output"
  [[ $output == *"$1"* ]]
}

refusals() { /usr/bin/python3 "$ROOT/hack/crds.py" refusals "$CORPUS/invalid" "$1"; }

# --- the API server's side --------------------------------------------------------------------------------------------

names_are_served() {
  kubectl api-resources --categories=patterns --no-headers | awk '{print $1, $2}' | sort >"$WORK/names"
  printf '%s\n' 'adapters radp' 'ambassadors ramb' 'sidecars rsc' | diff - "$WORK/names"
}

columns_are_filled() {
  local file
  for file in "$CORPUS"/valid/least-*.yaml; do
    sed "s/{name: least}/{name: $OURS}/; s/^spec:/&\n  description: A test./" "$file" | kubectl create -f - >/dev/null
  done
  kubectl get patterns -o wide --no-headers | grep -F "/$OURS " >"$WORK/table"
  cat "$WORK/table"
  [[ $(grep -c 'busybox:1.37 .*A test\.' "$WORK/table") == 3 ]]
}

invalid_is_refused() {
  kubectl create --dry-run=server -f "$CORPUS/invalid/" >"$WORK/accepted" 2>"$WORK/said" || true
  cat "$WORK/accepted"
  refusals "$WORK/said"
}

# --- tripwires: the checks themselves must be able to fail ------------------------------------------------------------

acceptance_of_invalid_is_noticed() {
  local noticed files
  mapfile -t files < <(grep --files-without-match '^# by: webhook$' "$CORPUS"/invalid/*.yaml)
  noticed=$(refusals /dev/null 2>&1 || true)
  [[ $(grep -c 'accepted, but should be refused' <<<"$noticed") == "${#files[@]}" ]]
}

# is_noticed TEXT FILE SED: with this edit of a copy, the check of the CRDs says TEXT
is_noticed() {
  local copy=$WORK/copy said
  rm -rf "$copy"
  mkdir "$copy"
  cp -r "$ROOT/crds" "$copy"
  mkdir "$copy/hack"
  cp "$ROOT/hack/crds.py" "$copy/hack"
  sed -i "$3" "$copy/$2"
  ! cmp -s "$copy/$2" "$ROOT/$2" || { echo "the edit changes nothing"; return 1; }
  if said=$(/usr/bin/python3 "$copy/hack/crds.py" check 2>&1); then return 1; fi
  echo "$said"
  [[ $said == *"$1"* ]]
}

# --- all of it --------------------------------------------------------------------------------------------------------

[[ $# == 0 ]] || die "takes no arguments"
[[ -n ${KUBECONFIG:-} ]] || die "set KUBECONFIG to a cluster to try the CRDs on, such as by hack/cluster.sh env"
need_commands kubectl
at_exit clean_up

check "the API server takes the CRDs and the example of each field" "$ROOT/hack/verify-crds.sh"
check "the kinds have their short names and the category" names_are_served
check "kubectl get patterns shows image and description" columns_are_filled
check "kubectl explain shows an example of the whole" \
  says "upstream: 'redis.cache.svc:6379'" kubectl explain ramb.spec.endpoints
check "every valid pattern is accepted" kubectl create --dry-run=server -f "$CORPUS/valid/"
check "every invalid pattern is refused, for its one reason, at its field" invalid_is_refused

check "tripwire: an invalid pattern that is accepted" acceptance_of_invalid_is_noticed
check "tripwire: a stale file" is_noticed "is stale" crds/sidecars.yaml 's/Populate/Provide/'
check "tripwire: a field without description" is_noticed "no description" \
  crds/source/fields.yaml.in '/^ *description: Its value\.$/d'
check "tripwire: a field without example" is_noticed "does not end in" \
  crds/source/fields.yaml.in '/^ *example: REDIS_HOST$/d'
check "tripwire: a string without bound" is_noticed "no maxLength" crds/source/fields.yaml.in '/maxLength: 8192/d'
check "tripwire: a list without bound" is_noticed "no maxItems" crds/source/fields.yaml.in '/maxItems: 64/d'

((FAILED == 0)) || fail "$FAILED failed"
