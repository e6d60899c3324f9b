#!/usr/bin/env bash
# Tests that the API server, LimitRanger, Pod Security and quotas find nothing to add to what the
# webhook has written, and refuse nothing of it, on a real API server.
#
# usage: tests/e2e/one_call_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OURS=one-call

# pod KIND NAME SPEC: a Pod that asks for a pattern; SPEC in JSON, without containers
pod() {
  jq --null-input --arg key "patterns.remora.dev/$1" --arg name "$2" --argjson spec "$3" '
    {apiVersion: "v1", kind: "Pod", metadata: {generateName: "p-", annotations: {($key): $name}},
     spec: ({containers: [{name: "web", image: "web:1"}]} * $spec)}'
}

# created NAMESPACE KIND NAME [SPEC]: the Pod as it was created
created() {
  local spec=${4:-}
  pod "$2" "$3" "${spec:-"{}"}" | kubectl --namespace "$1" create --output json --filename -
}

# admits WANT COMMAND...: one call, and the jq filter WANT is true of what COMMAND prints
admits() {
  local want=$1 before
  shift
  before=$(calls named)
  "$@" >"$WORK/pod.json" || return
  equal 1 "$(($(calls named) - before))" || return
  jq --exit-status "$want" "$WORK/pod.json" && return
  jq .spec "$WORK/pod.json"
  return 1
}

patterns() {
  kubectl --namespace "$1" apply --filename - >/dev/null <<'PATTERNS'
apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: proxy}
spec:
  endpoints: [{name: redis, port: 6379, upstream: "redis:6379"}]
  initContainers: [{name: setup, image: "setup:1"}]
  container: {image: "proxy:1"}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: plain}
spec: {onError: Deny, container: {image: "agent:1"}}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: limited}
spec:
  onError: Deny
  container: {image: "agent:1", resources: {limits: {cpu: 100m, memory: 32Mi}}}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: big}
spec:
  onError: Deny
  container: {image: "agent:1", resources: {limits: {memory: 4Gi}}}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: root}
spec:
  onError: Deny
  container: {image: "agent:1", securityContext: {runAsUser: 0}}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: hidden}
spec:
  onError: Deny
  serviceAccountToken: Hide
  container: {image: "agent:1"}
PATTERNS
}

limits() {
  kubectl --namespace "$1" apply --filename - >/dev/null <<'LIMITS'
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec:
  limits:
    - type: Container
      min: {memory: 24Mi}
      max: {memory: 2Gi}
      default: {cpu: 500m}
      defaultRequest: {memory: 64Mi}
      maxLimitRequestRatio: {cpu: 10}
LIMITS
}

# The fields that Pod Security's `restricted` wants of the user's own container.
readonly RESTRICTED='{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
  "containers":[{"name":"web","image":"web:1","securityContext":{"allowPrivilegeEscalation":false,
  "capabilities":{"drop":["ALL"]}}}]}'
readonly GUARANTEED='{"containers":[{"name":"web","image":"web:1",
  "resources":{"limits":{"cpu":"1","memory":"64Mi"}}}]}'
readonly LIMITED='{"containers":[{"name":"web","image":"web:1",
  "resources":{"limits":{"cpu":"1","memory":"64Mi"},"requests":{"cpu":"100m"}}}]}'

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
use_cluster
# shellcheck disable=SC2119  # no flags
use_remora
new_namespace "$OURS"
new_namespace "$OURS-limits" pod-security.kubernetes.io/enforce=restricted
new_namespace "$OURS-quota"
for namespace in "$OURS" "$OURS-limits" "$OURS-quota"; do patterns "$namespace"; done
limits "$OURS-limits"
kubectl --namespace "$OURS-quota" create quota compute \
  --hard=limits.cpu=10,limits.memory=10Gi,pods=20 >/dev/null
# The quota is counted by the controller, and the caches of both sides take a moment.
check "the quota is in force" eventually refuses 'QuotaFields' created "$OURS-quota" sidecar plain "$LIMITED"
check "the LimitRange is in force" eventually refuses 'LimitRange' \
  created "$OURS-limits" sidecar big "$RESTRICTED"

check "case 65: one call for a Pod with an Ambassador" \
  admits '.spec.initContainers | map(.name) == ["proxy--setup", "proxy", "proxy--wait"]' \
  created "$OURS" ambassador proxy
check "cases 45, 65: one call in a restricted namespace with a LimitRange" \
  admits '[.spec.initContainers[].resources.limits.cpu] == ["500m", "500m", "500m"]' \
  created "$OURS-limits" ambassador proxy "$RESTRICTED"
check "case 65: LimitRanger has added to the user's container alone" \
  jq --exit-status '.metadata.annotations["kubernetes.io/limit-ranger"] |
    contains("container web") and (contains("proxy") | not)' "$WORK/pod.json"
check "case 45: and the API server admits what it says of restricted" \
  admits '.spec.initContainers[0].securityContext.capabilities.drop == ["ALL"]' \
  created "$OURS-limits" sidecar plain "$RESTRICTED"
check "case 45: root is refused with the field" refuses 'securityContext.runAsUser: 0' \
  created "$OURS-limits" sidecar root "$RESTRICTED"
check "case 46: more than the maximum is refused with the LimitRange" \
  refuses 'memory at most 2Gi, but a limit of 4Gi' created "$OURS-limits" sidecar big "$RESTRICTED"
check "case 46: a quota that demands limits, and a companion without" \
  refuses 'ResourceQuota compute' created "$OURS-quota" sidecar plain "$LIMITED"
check "case 46: and one with them is admitted" \
  admits '.spec.initContainers[0].resources.limits.memory == "32Mi"' \
  created "$OURS-quota" sidecar limited "$LIMITED"
check "case 47: a Pod that refuses root, and a companion that is root" refuses 'RunAsNonRoot' \
  created "$OURS" sidecar root '{"securityContext":{"runAsNonRoot":true}}'
check "a Guaranteed Pod stays so, in one call" admits '.status.qosClass == "Guaranteed"' \
  created "$OURS" sidecar limited "$GUARANTEED"
check "and is refused a companion without limits" refuses 'Resources' \
  created "$OURS" sidecar plain "$GUARANTEED"
check "a Pod with resources of its own and a LimitRange: one call" \
  admits '.spec.initContainers[0].resources.limits.cpu == "500m"' \
  created "$OURS-limits" sidecar limited \
  "$(jq --null-input --argjson spec "$RESTRICTED" \
    '$spec + {resources: {limits: {cpu: "4", memory: "8Gi"}}}')"
check "a hidden token: one call, and an empty directory" admits '
    .spec.initContainers[0].volumeMounts | length == 1 and .[0].name == "hidden--token"' \
  created "$OURS" sidecar hidden
finish
