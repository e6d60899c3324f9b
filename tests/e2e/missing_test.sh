#!/usr/bin/env bash
# Pods that the webhook did not see, on a real control plane: told by an Event, and evicted under all
# guards where the pattern says replaceMissing (case 51).
#
# usage: tests/e2e/missing_test.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../hack/operator.sh
source "$E2E_ROOT/hack/operator.sh"

readonly NS=e2e-missing
readonly LIMITED=e2e-missing-limited
readonly SYSTEM=e2e-missing-system
readonly FLAGS=(--namespace="$SYSTEM" --catalog-namespace=e2e-missing-catalog --lease-seconds=4
  --certificates=none)
# In which an eviction that should not come would have come.
readonly QUIET_SECONDS=6

status() { kubectl --namespace "$NS" get rsc saver --output "jsonpath={.status.$1}"; }
status_is() { equal "$2" "$(status "$1")"; }
events() {  # events SELECTOR JSONPATH
  kubectl --namespace "$NS" get events.events.k8s.io --field-selector "$1" --output "jsonpath={range .items[*]}{$2}{\"\\n\"}{end}"
}

saver() {  # saver SPEC-LINE
  kubectl --namespace "$NS" apply --filename - >/dev/null <<PATTERN
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  container: {image: saver:1}
  $1
PATTERN
}

deployment() {  # deployment NAME REPLICAS
  kubectl --namespace "$NS" apply --filename - >/dev/null 2>&1 <<DEPLOYMENT
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}, annotations: {patterns.remora.dev/sidecar: saver}}
    spec: {containers: [{name: web, image: web}]}
DEPLOYMENT
}

bare_pod() {  # bare_pod NAME
  kubectl --namespace "$NS" apply --filename - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}, annotations: {patterns.remora.dev/sidecar: saver}}
spec: {containers: [{name: web, image: web}]}
POD
}

# A pattern that the LimitRange of its namespace denies to new Pods.
limited_workload() {
  kubectl --namespace "$LIMITED" apply --filename - >/dev/null 2>&1 <<OBJECTS
apiVersion: v1
kind: LimitRange
metadata: {name: small}
spec: {limits: [{type: Container, max: {memory: 64Mi}}]}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: saver}
spec:
  container: {image: saver:1, resources: {limits: {memory: 1Gi}}}
  onError: Deny
  update: {replaceMissing: true}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: limited}
spec:
  replicas: 2
  selector: {matchLabels: {app: limited}}
  template:
    metadata: {labels: {app: limited}, annotations: {patterns.remora.dev/sidecar: saver}}
    spec: {containers: [{name: web, image: web}]}
OBJECTS
}

# A policy that lets a dry run pass and then refuses the eviction itself.
refuse_evictions_of() {  # refuse_evictions_of APP
  kubectl apply --filename - >/dev/null <<POLICY
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: e2e-missing}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods/eviction]}]
  validations: [{expression: "request.dryRun || !request.name.startsWith('$1-')", message: not this one}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: e2e-missing}
spec: {policyName: e2e-missing, validationActions: [Deny]}
POLICY
}
allow_evictions() {
  kubectl delete validatingadmissionpolicybindings,validatingadmissionpolicies e2e-missing \
    --ignore-not-found >/dev/null
}

# What the endpoints of the webhook's Service would say; there is no node here that they could be on.
webhook_endpoint() {  # webhook_endpoint READY
  kubectl --namespace "$SYSTEM" apply --filename - >/dev/null <<SLICE
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: remora-webhook, labels: {kubernetes.io/service-name: remora-webhook}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.1], conditions: {ready: $1}}]
ports: [{name: https, port: 10250}]
SLICE
}

# As the kubelet would say: only running Pods are protected by a budget.
make_ready() {  # make_ready APP
  local pod
  while read -r pod; do
    kubectl --namespace "$NS" patch pod "$pod" --subresource=status --type=merge --patch \
      '{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}' >/dev/null
  done < <(pod_names "$NS" "app=$1")
}

stays() {  # stays COMMAND...: it holds now, and after QUIET_SECONDS
  "$@" && sleep "$QUIET_SECONDS" && "$@"
}

missing_of() {  # missing_of APP NAMESPACE
  kubectl --namespace "$2" get pods --selector "app=$1,!patterns.remora.dev/injected" --output name | wc -l
}
has_missing() { equal "$1" "$(missing_of "$2" "${3:-$NS}")"; }  # has_missing COUNT APP [NAMESPACE]
has_told_of() { equal "$1" "$(events reason=PodsMissing .regarding.name | wc -l)"; }
is_counted() { says "Deployment/$1\"" events reason=PodReplaced .metadata.annotations; }
not_limited() {
  kubectl --namespace "$LIMITED" delete limitrange small >/dev/null
  # An edit ends the pause.
  kubectl --namespace "$LIMITED" patch rsc saver --type=merge --patch '{"spec":{"description":"Again."}}' >/dev/null
  eventually has_missing 1 limited "$LIMITED"
}
pattern_generation_is_seen() {
  equal "$(kubectl --namespace "$NS" get rsc saver --output 'jsonpath={.metadata.generation}')" \
    "$(status observedGeneration)"
}

end() {
  stop_operator "$WORK/a"
  allow_evictions
}

main() {
  use_cluster
  at_exit end
  use_remora --catalog-namespace=e2e-missing-catalog
  new_namespace "$NS"
  new_namespace "$LIMITED"
  new_namespace "$SYSTEM"
  unregister_webhook
  refuse_evictions_of refused
  deployment older 1
  eventually has_pods 1 "$NS" app=older
  sleep 1.1  # times of objects are whole seconds
  saver ''
  deployment web 2
  deployment guarded 1
  bare_pod bare
  limited_workload
  kubectl --namespace "$NS" create poddisruptionbudget guarded --selector=app=guarded --min-available=1 >/dev/null
  eventually has_pods 2 "$NS" app=web
  eventually has_pods 1 "$NS" app=guarded
  make_ready guarded
  eventually has_pods 2 "$LIMITED" app=limited
  sleep 1.1
  deployment refused 1  # the youngest, and so the first to be evicted
  eventually has_pods 1 "$NS" app=refused
  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}"

  check "case 13: Pods that are older than the pattern are missing, too" eventually status_is pods.missing 6
  check "an Event tells the controller of missing Pods" \
    eventually says "asked for Sidecar $NS/saver and came without it" \
    events reason=PodsMissing,regarding.kind=ReplicaSet .note
  check "related to the pattern" says "saver" events reason=PodsMissing .related.name
  check "kubectl describe shows it" eventually says PodsMissing \
    kubectl --namespace "$NS" describe replicasets --selector app=web
  check "or the Pod itself, where it has none" \
    eventually equal bare "$(events reason=PodsMissing,regarding.kind=Pod .regarding.name)"
  check "one for a workload" eventually has_told_of 5

  register_webhook "$WORK/webhook"
  webhook_endpoint true
  check "without replaceMissing nobody is evicted" stays has_missing 2 web
  webhook_endpoint false
  saver 'update: {replaceMissing: true}'
  eventually pattern_generation_is_seen
  check "nor while no webhook is ready" stays has_missing 2 web
  webhook_endpoint true
  check "case 51: then one Pod of a workload is evicted, and comes with its companion" \
    eventually has_missing 1 web
  check "the workload keeps its number of Pods" eventually has_pods 2 "$NS" app=web
  check "an Event about the pattern says which" eventually says "of Deployment $NS/web" \
    events reason=PodReplaced,regarding.name=saver .note
  check "one is enough for an hour" stays has_missing 1 web
  check "and is counted" is_counted web
  check "a budget holds" has_missing 1 guarded
  check "and no Event tells of what it forbids" not says "of Deployment $NS/guarded" \
    events reason=PodReplaced .note
  check "an eviction that is refused although its dry run was not" \
    says "of Deployment $NS/refused" events reason=PodReplaced .note
  check "is not counted" not is_counted refused
  check "who is older than the pattern is left alone" has_missing 1 older
  check "and who has no controller" has_missing 1 bare
  check "and whose successor a LimitRange would deny" has_missing 2 limited "$LIMITED"
  check "as the log says" says LimitRange grep 'a new one would not get the pattern' "$WORK/a/logs/remora-operator.log"
  check "without the LimitRange it is replaced" not_limited
  allow_evictions
  stop_operator "$WORK/a"
  # shellcheck disable=SC2119
  start_operator "$WORK/a" "${FLAGS[@]}"
  check "another leader knows of the hour" stays has_missing 1 web
  check "and that the refused one has none" eventually has_missing 0 refused
  kubectl --namespace "$NS" delete poddisruptionbudget guarded >/dev/null
  check "without the budget the guarded one is replaced" eventually has_missing 0 guarded
  kubectl --namespace "$NS" delete pods --selector app=web --wait=false >/dev/null
  kubectl --namespace "$NS" delete pods --selector 'app in (older, bare)' --wait=false >/dev/null
  check "in the end none is missing" eventually status_is pods.missing 0
  finish
}

main "$@"
