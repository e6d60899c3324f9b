#!/usr/bin/env bash
# Asks kubectl how it reads YAML, and compares: tests/golden/yaml/scalars.tsv, by which our reader types scalars, and what
# `remora inject` writes. No API server is needed: `kubectl patch --local` reads an object and prints it.
#
# usage: tests/e2e/yaml_table_test.sh [--update] [REMORA]
#
#   --update  write kubectl's answers into the table; its first column says what is asked
#   REMORA    the program to test the writer of; without it only the table is compared
#
# kubectl is $KUBECTL, else that of the PATH, else that of hack/cluster. Prints PASS or FAIL for each check, and exits with 1
# when one has failed.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../hack/lib.sh
source "$ROOT/hack/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/cluster/binary.sh
source "$ROOT/hack/cluster/binary.sh"

readonly FOLDER=$ROOT/tests/golden/yaml
readonly TABLE=$FOLDER/scalars.tsv
readonly HEAD='apiVersion: example.test/v1
kind: Scalars
metadata: {name: scalars}'
WORK=$(mktemp -d)
FAILED=0
at_exit rm -rf "$WORK"

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

find_kubectl() {
  KUBECTL=${KUBECTL:-$(command -v kubectl || true)}
  [[ -n $KUBECTL ]] && return
  find_programs kubectl
  KUBECTL=$PROGRAMS_FOLDER/kubectl
}

# as_kubectl_reads FILE: the object in it as JSON
as_kubectl_reads() {
  KUBECONFIG=/dev/null "$KUBECTL" patch --local --type=merge --patch='{}' --output=json --filename="$1"
}

# members PYTHON: each element of the list that the expression on `o` gives, as JSON, one a line
members() {
  /usr/bin/python3 -c "
import json, sys
o = json.load(sys.stdin)
for element in $1:
    print(json.dumps(element, ensure_ascii=False))"
}

rows() { grep -v '^# ' "$TABLE"; }

# meaning_of FORM SCALAR: as a value or as a key, alone
meaning_of() {
  local expression='[o["v"]]'
  if [[ $1 == key ]]; then
    printf '%s\nv:\n  %s: x\n' "$HEAD" "$2" >"$WORK/one.yaml"
    expression='list(o["v"])'
  else
    printf '%s\nv: %s\n' "$HEAD" "$2" >"$WORK/one.yaml"
  fi
  local object
  if object=$(as_kubectl_reads "$WORK/one.yaml" 2>"$WORK/complaint"); then
    members "$expression" <<<"$object"
  else
    echo refused
  fi
}

update_table() {
  local scalar
  grep '^# ' "$TABLE" >"$WORK/table"
  while IFS= read -r scalar; do
    printf '%s\t%s\t%s\n' "$scalar" "$(meaning_of value "$scalar")" "$(meaning_of key "$scalar")" >>"$WORK/table"
  done < <(rows | cut -f 1)
  cp "$WORK/table" "$TABLE"
  step "$(rows | wc -l) rows were written to $TABLE"
}

# --- checks -----------------------------------------------------------------------------------------------------------

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

# What kubectl does not refuse is asked for all at once: it starts in a tenth of a second.
values_are_read_so() {
  rows | awk -F '\t' '$2 != "refused"' >"$WORK/rows"
  { echo "$HEAD"; echo "v:"; cut -f 1 "$WORK/rows" | sed 's/^/- /'; } >"$WORK/all.yaml"
  as_kubectl_reads "$WORK/all.yaml" | members 'o["v"]' >"$WORK/read"
  diff <(cut -f 2 "$WORK/rows") "$WORK/read"
}

keys_are_read_so() {
  rows | awk -F '\t' '$3 != "refused"' >"$WORK/rows"
  { echo "$HEAD"; echo "v:"; cut -f 1 "$WORK/rows" | sed 's/^/- /; s/$/: x/'; } >"$WORK/all.yaml"
  as_kubectl_reads "$WORK/all.yaml" | members '[list(m)[0] for m in o["v"]]' >"$WORK/read"
  diff <(cut -f 3 "$WORK/rows") "$WORK/read"
}

# refused_so FORM COLUMN
refused_so() {
  local scalar
  while IFS= read -r scalar; do
    echo "$1 $scalar: $(meaning_of "$1" "$scalar")"
  done < <(rows | awk -F '\t' -v column="$2" '$column == "refused" { print $1 }') >"$WORK/refused"
  cat "$WORK/refused"
  [[ -s $WORK/refused ]] && ! grep -v ': refused$' "$WORK/refused"
}

# Strings that are hard to write, as variables of a Pod that gets a companion and so is written anew.
what_we_write_is_read_back() {
  as_pod <"$FOLDER/strings.json" >"$WORK/pod.json"
  "$REMORA" inject -f "$WORK/pod.json" --patterns "$FOLDER/pattern.yaml" -o yaml >"$WORK/pod.yaml"
  grep -q 'patterns.remora.dev/injected' "$WORK/pod.yaml"
  as_kubectl_reads "$WORK/pod.yaml" | members '[e.get("value") for e in o["spec"]["containers"][0]["env"]]' \
    >"$WORK/read"
  diff <(members o <"$FOLDER/strings.json") "$WORK/read"
}

as_pod() {
  /usr/bin/python3 -c '
import json, sys
env = [{"name": "V%d" % i, "value": v} for i, v in enumerate(json.load(sys.stdin))]
print(json.dumps({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "strings", "annotations": {"patterns.remora.dev/sidecar": "companion"}},
    "spec": {"containers": [{"name": "app", "image": "app", "env": env}]}}))'
}

main() {
  local update=false
  case ${1:-} in
    -h | --help) usage && return ;;
    --update) update=true && shift ;;
    -*) die "unknown flag $1; see tests/e2e/yaml_table_test.sh --help" ;;
  esac
  REMORA=${1:-}
  [[ -z $REMORA || -x $REMORA ]] || die "$REMORA is no program"
  find_kubectl
  if $update; then update_table; fi
  check "kubectl reads the values as the table says" values_are_read_so
  check "kubectl reads the keys as the table says" keys_are_read_so
  check "kubectl refuses the values that the table says" refused_so value 2
  check "kubectl refuses the keys that the table says" refused_so key 3
  if [[ -n $REMORA ]]; then
    check "kubectl reads back what remora inject writes" what_we_write_is_read_back
  fi
  ((FAILED == 0)) || fail "$FAILED checks failed"
}

main "$@"
