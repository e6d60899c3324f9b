#!/usr/bin/env bash
# Tests charts/remora-catalog on a real API server: that all its patterns are taken, and that the annotations in its README add
# them, also where Pod security enforces `restricted`. Nothing runs; tests/node/catalog_test.sh is about that.
#
# usage: tests/e2e/catalog_test.sh

# shellcheck disable=SC2016  # the references are Remora's, not the shell's

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly CHART=$E2E_ROOT/charts/remora-catalog
readonly README=$CHART/README.md
readonly REMORA=${REMORA_BINARIES:-$E2E_ROOT/build/release}/operator/cli/remora
readonly SHOP=e2e-catalog
readonly RESTRICTED=e2e-catalog-restricted
# A digest, of nothing.
readonly DIGEST=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

catalog() { /usr/bin/python3 "$E2E_ROOT/tests/e2e/catalog.py" "$@"; }

find_helm() {
  HELM=$("$E2E_ROOT/hack/helm.sh")
  export HELM_CACHE_HOME=$WORK/helm HELM_CONFIG_HOME=$WORK/helm HELM_DATA_HOME=$WORK/helm
}

helm() { "$HELM" "$@"; }

# render [FLAG...]
# shellcheck disable=SC2120  # some have no flags
render() {
  helm template remora-catalog "$CHART" --namespace remora-catalog --kube-version 1.36 "$@"
}

apply_disguised() { catalog disguise "$@" <"$WORK/patterns/all.yaml" | kubectl apply --filename -; }

# deployment NAMESPACE PATTERN: asks for it with the README's annotations, and is restricted itself
deployment() {
  catalog annotations "$README" "$2" | jq --arg namespace "$1" --arg name "$2" '{
    apiVersion: "apps/v1", kind: "Deployment", metadata: {$name, $namespace},
    spec: {selector: {matchLabels: {app: $name}}, template: {
      metadata: {labels: {app: $name}, annotations: .},
      spec: {
        securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: "RuntimeDefault"}},
        containers: [{name: "app", image: "app:1", ports: [{name: "http", containerPort: 8080}],
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}}]}}}}'
}

# Without a warning, too: that of the webhook about workloads, or that of Pod security.
applied_quietly() {
  local output
  output=$(deployment "$@" | kubectl apply --filename - 2>&1) || { echo "$output" && return 1; }
  echo "$output"
  [[ $output != *Warning* ]]
}

# has_companion NAMESPACE PATTERN: so has its Pod
has_companion() {
  kubectl --namespace "$1" get pods --selector "app=$2" --output json | jq --exit-status --arg name "$2" '
    [.items[] | (.spec.containers[], .spec.initContainers[]?) | select(.name == $name)] | length == 1'
}

files() {
  check "helm lint finds no fault" \
    helm lint "$CHART" --namespace remora-catalog --kube-version 1.36 --strict
  mkdir "$WORK/patterns"
  # shellcheck disable=SC2119
  render >"$WORK/patterns/all.yaml"
  check "it has ten patterns" equal 10 "$(grep --count '^kind:' "$WORK/patterns/all.yaml")"
  check "each is pinned, small, restricted, tested, and described in the README" \
    catalog complaints "$README" <"$WORK/patterns/all.yaml"
  check "remora lint finds no fault" "$REMORA" lint -f "$WORK/patterns/all.yaml"
  check "remora test: the tests of all pass" says "0 failed" "$REMORA" test "$WORK/patterns"
}

values() {
  check "a pattern can be left out" \
    not says "name: git-sync" render --set patterns.git-sync.enabled=false
  check "the images can come from a registry, by digest" \
    says "image: registry.example.com/mirror/haproxy:2.8.1@$DIGEST" render \
    --set images.registry=registry.example.com/mirror,images.haproxy.tag=2.8.1,images.haproxy.digest=$DIGEST
  check "with a Secret" says "imagePullSecrets:" render --set 'imagePullSecrets[0].name=mirror'
  check "a misspelt pattern is refused" refuses "not allowed" render --set patterns.gitsync.enabled=false
  check "so is a tag for a digest" refuses "does not match pattern" render --set images.git.digest=2.39.5
  check "and the namespace default" refuses "must be the catalog namespace" render --set namespace=default
}

patterns() {
  check "helm installs it: the API server and the webhook take all of them" says "STATUS: deployed" \
    helm install remora-catalog "$CHART" --namespace remora-catalog
  check "an edit by kubectl is no obstacle to an upgrade" \
    kubectl --namespace remora-catalog label rsc log-saver team=a
  check "which helm makes" says "STATUS: deployed" \
    helm upgrade remora-catalog "$CHART" --namespace remora-catalog --set images.rsyslog.tag=8.2302.1
  check "remora lint --server finds no fault" "$REMORA" lint --server -f "$WORK/patterns/all.yaml"
  check "the webhook runs their tests" refuses 'the test "the target says localhost' \
    apply_disguised redis-haproxy '"value": "127.0.0.1"' '"value": "127.0.0.2"'
  check "and refuses a reference to nothing" refuses "params.upstreams" \
    apply_disguised redis-twemproxy '$(params.upstream)' '$(params.upstreams)'
}

uninstallation() {
  check "helm uninstalls it" says uninstalled helm uninstall remora-catalog --namespace remora-catalog --wait
  check "the companions stay" has_companion "$SHOP" log-saver
  check "new Pods that asked to wait are refused" \
    eventually refused_without_catalog redis-haproxy
  check "and it can be installed again" says "STATUS: deployed" \
    helm install remora-catalog "$CHART" --namespace remora-catalog
}

refused_without_catalog() {
  deployment "$SHOP" "$1" | jq '{apiVersion: "v1", kind: "Pod", spec: .spec.template.spec,
    metadata: (.spec.template.metadata + {namespace: .metadata.namespace, generateName: "late-"})}' >"$WORK/late.json"
  refuses PatternNotFound kubectl create --dry-run=server --filename "$WORK/late.json"
}

workloads() {
  local pattern
  for pattern in $(catalog names "$README"); do
    check "$pattern: the README's annotations are taken" applied_quietly "$SHOP" "$pattern"
    check "$pattern: they add it" eventually has_companion "$SHOP" "$pattern"
    check "$pattern: also under restricted, without a warning" applied_quietly "$RESTRICTED" "$pattern"
    check "$pattern: its Pod is admitted there" eventually has_companion "$RESTRICTED" "$pattern"
  done
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl
find_helm
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace remora-catalog
new_namespace "$SHOP"
new_namespace "$RESTRICTED" pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted

files
values
patterns
workloads
uninstallation
finish
