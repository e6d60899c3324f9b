#!/usr/bin/env bash
# Checks the CRDs: crds/*.yaml are what crds/source/ says, every field has a description and an example, every list and
# string is bounded, and no file is too large. With a cluster also: the API server takes the CRDs, and takes the example of
# every field.
#
# usage: hack/verify-crds.sh
#
# environment:
#   KUBECONFIG   the cluster, to which the CRDs are applied; without it only the files are checked. Patterns are sent with
#                --dry-run=server, so none is created

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly SERVED_SECONDS=10

crds() { /usr/bin/python3 "$ROOT/hack/crds.py" "$@"; }

apply_crds() {
  kubectl apply -f "$ROOT/crds/" >/dev/null
  kubectl wait --for=condition=Established --timeout="${SERVED_SECONDS}s" -f "$ROOT/crds/" >/dev/null
}

# Established comes a moment before the first request is served.
served() {
  local i
  for ((i = 0; i < SERVED_SECONDS * 5; i++)); do
    kubectl get sidecars.patterns.remora.dev,ambassadors.patterns.remora.dev,adapters.patterns.remora.dev >/dev/null 2>&1 &&
      return 0
    sleep 0.2
  done
  return 1
}

[[ $# == 0 ]] || die "takes no arguments"
crds check || fail "crds/ is not as it should be: see above"
step "crds/: described, bounded, up to date"

if [[ -z ${KUBECONFIG:-} ]]; then
  step "KUBECONFIG is not set: the examples were not sent to an API server"
  exit 0
fi
need_commands kubectl
apply_crds || fail "the API server does not take the CRDs: see above"
served || fail "the API server does not serve the patterns $SERVED_SECONDS s after it took the CRDs"

examples=$(mktemp)
at_exit rm -f "$examples"
crds examples >"$examples"
kubectl apply --dry-run=server -f "$examples" >/dev/null || fail "the API server refuses examples of descriptions: see above"
step "the API server takes the CRDs, and each of the $(grep -c '^---' "$examples") examples in their descriptions"
