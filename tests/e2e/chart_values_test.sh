#!/usr/bin/env bash
# What the chart makes of its values, without a cluster: what is refused, and what each switch adds.
#
# usage: tests/e2e/chart_values_test.sh

# shellcheck disable=SC2016  # the variables are jq's

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=chart.sh
source "$(dirname "${BASH_SOURCE[0]}")/chart.sh"

readonly DIGEST=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
# The specs of all Pods that the chart brings, hooks included.
readonly PODS='map(if .kind == "Pod" then . else .spec.template? // empty end)'

# The entries of a configuration, without where they lead but for the path.
entries() {
  /usr/bin/python3 -c '
import json, sys, yaml
for document in yaml.safe_load_all(sys.stdin):
    for entry in document["webhooks"]:
        client = entry.pop("clientConfig")
        path = client["service"]["path"] if "service" in client else client["url"].removeprefix("URL")
        print(document["kind"], path, json.dumps(entry, sort_keys=True))'
}

entries_of_hack() {
  sed 's|@URL@|URL|; s|@CA_BUNDLE@||' "$E2E_ROOT/hack/webhook-configuration.yaml.in" | entries
}

entries_of_chart() { template --show-only templates/webhook-configurations.yaml | entries; }

files() {
  check "helm lint finds no fault" helm lint "$CHART" --namespace "$SYSTEM" --kube-version 1.36 --strict
  check "its webhooks are those of hack/webhook-configuration.yaml.in" \
    diff <(entries_of_hack) <(entries_of_chart)
}

wrong_values() {
  check "an unknown value is refused" \
    refuses "additional properties 'replica' not allowed" template --set webhook.replica=1
  check "so is one out of its range" refuses "minimum" template --set webhook.replicas=0
  check "and a word that is none of those" \
    refuses "must be one of" template --set webhook.failurePolicy.named=Never
  check "the namespace default is refused" refuses "must have a namespace of its own" \
    template --namespace default
  check "a sealed namespace in use is refused" \
    refuses "its quota admits no Pods" template --set "sealedNamespace.name=$SYSTEM"
  check "so is the release's namespace as the catalog" \
    refuses "catalogNamespace.name must not be $SYSTEM" template --set "catalogNamespace.name=$SYSTEM"
  check "and a namespace that is excluded twice" \
    refuses "kube-system: it is excluded already" template --set 'excludedNamespaces={kube-system}'
  check "the kubelet's port is refused" \
    refuses "there it is the kubelet's" template --set webhook.hostNetwork=true
  check "another port is not" says "hostNetwork: true" \
    template --set webhook.hostNetwork=true,webhook.port=10255
  check "a server older than 1.33 is refused" \
    refuses "which is incompatible with Kubernetes v1.32" template --kube-version 1.32
  check "a short digest is refused" refuses "image/digest" template --set image.digest=sha256:abc
  check "a flag that the chart sets is refused" \
    refuses "webhook.extraArgs must not have --port=1: it is there already, as --port=10250" \
    template --set-json 'webhook.extraArgs=["--port=1"]'
  check "so is a label that Pods are found by" refuses "objects are found by it" \
    template --set 'operator.podLabels.app\.kubernetes\.io/name=x'
  check "evictions are refused where the webhook is not shown all Pods" \
    refuses "the operator would evict Pods that the webhook is never shown" \
    template --set replaceMissing.enabled=true,webhook.objectSelector.matchLabels.a=b
  check "an issuer is refused without cert-manager" refuses "certificates.certManager.issuerRef is of no use" \
    template --set certificates.certManager.issuerRef.name=mine
}

images() {
  check "the image is of the chart's version" \
    has "$PODS"' | all(.spec.containers[].image == "remora:'"$(helm show chart "$CHART" | sed -n 's/^appVersion: //p')"'")'
  check "of a registry and a digest, with all Pods and wait containers" \
    has "$PODS"' | length == 4 and all(.spec.containers[].image == "r.example/x/remora@'$DIGEST'") and
      any(.[].spec.containers[0].args[]; . == "--wait-image=r.example/x/remora@'$DIGEST'")' \
    --set "image.registry=r.example,image.repository=x/remora,image.digest=$DIGEST"
  check "pull secrets reach all Pods" has "$PODS"' | all(.spec.imagePullSecrets == [{name: "mine"}])' \
    --set 'imagePullSecrets[0].name=mine'
  check "all Pods are restricted" has "$PODS"' | all(.spec.securityContext.runAsNonRoot and
    (.spec.containers[].securityContext | .readOnlyRootFilesystem and .capabilities.drop == ["ALL"]))'
}

additions() {
  local program
  check "common labels are on all objects and Pods, the namespaces and kinds included" \
    has 'all(.metadata.labels.team == "x") and ('"$PODS"' | all(.metadata.labels.team == "x"))' \
    --set commonLabels.team=x,networkPolicy.enabled=true,monitoring.dashboard.enabled=true
  for program in webhook operator; do
    check "the $program takes labels, annotations, flags and variables" has '
      map(select(.kind == "Deployment" and .metadata.name == "remora-'$program'"))[0].spec.template |
      .metadata.labels.a == "b" and .metadata.annotations.c == "d" and
      (.spec.containers[0] | .args[-1] == "--version" and .env == [{name: "E", value: "f"}])' \
      --set "$program.podLabels.a=b,$program.podAnnotations.c=d,$program.extraArgs={--version}" \
      --set "$program.extraEnv[0].name=E,$program.extraEnv[0].value=f"
  done
  check "more objects are templates, as objects or as text" \
    has '[.[] | select(.metadata.name == "remora-one" or .metadata.name == "remora-two") | .kind] == ["ConfigMap", "ConfigMap"]' \
    --set-json 'extraObjects=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-one", "labels": {}}},
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Release.Name }}-two\"}"]'
}

# selector_of ENTRY: what jq finds it by
selector_of() { printf 'map(select(.webhooks?) | .webhooks[] | select(.name == "%s.patterns.remora.dev"))[0]' "$1"; }

selectors() {
  local entry
  for entry in named automatic automatic-workloads; do
    check "a namespace selector of the user's is added to that of $entry" has "$(selector_of $entry)"'.namespaceSelector |
      (.matchExpressions | length == 3 and .[2].key == "tier") and .matchLabels == {team: "a"}' \
      --set-json 'webhook.namespaceSelector={"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}'
  done
  check "it is that of workloads" has "$(selector_of workloads)"'.namespaceSelector == {matchLabels: {team: "a"}}' \
    --set webhook.namespaceSelector.matchLabels.team=a
  check "an object selector is for Pods only" \
    has '[.[] | .webhooks[]? | select(.objectSelector == {matchLabels: {team: "a"}}) | .name] ==
      ["named.patterns.remora.dev", "automatic.patterns.remora.dev"]' \
    --set webhook.objectSelector.matchLabels.team=a
}

certificates() {
  local source='--set=certificates.source=cert-manager'
  check "no object is cert-manager's by default" has 'all(.apiVersion != "cert-manager.io/v1")'
  check "with it, the chart brings an authority and a certificate" \
    has '[.[] | select(.apiVersion == "cert-manager.io/v1") | "\(.kind) \(.metadata.name)"] | sort ==
      ["Certificate remora-authority", "Certificate remora-webhook", "Issuer remora-authority", "Issuer remora-self-signed"]' "$source"
  check "which is for the Service and in the Secret that the webhook mounts" \
    has '[.[] | select(.kind == "Certificate" and .metadata.name == "remora-webhook").spec] | .[0] |
      .secretName == "mine" and any(.dnsNames[]; . == "'"$SERVICE"'") and .issuerRef.name == "remora-authority"' \
    "$source" --set certificates.secretName=mine
  check "an issuer of the user's signs it, and there is no other" \
    has '[.[] | select(.apiVersion == "cert-manager.io/v1")] | length == 1 and
      .[0].spec.issuerRef == {name: "mine", kind: "ClusterIssuer", group: "cert-manager.io"}' \
    "$source" --set certificates.certManager.issuerRef.name=mine,certificates.certManager.issuerRef.kind=ClusterIssuer
  check "or the certificate is the user's" has 'all(.apiVersion != "cert-manager.io/v1")' \
    "$source" --set certificates.certManager.create=false
}

network_policies() {
  check "no network policies by default" has 'all(.kind != "NetworkPolicy")'
  check "with the switch there are two, for Pods that exist" has '. as $all | [.[] | select(.kind == "NetworkPolicy")] |
    length == 2 and all(.spec.podSelector.matchLabels as $wanted |
      any($all[]; .kind == "Deployment" and .spec.selector.matchLabels == $wanted))' --set networkPolicy.enabled=true
  check "which let the API server's port out, and nothing but it and DNS" \
    has '[.[] | select(.kind == "NetworkPolicy")] | all([.spec.egress[].ports[].port] == [53, 53, 7443])' \
    --set 'networkPolicy.enabled=true,networkPolicy.apiServerPorts={7443}'
  check "the operator's metrics are for whom one names" \
    has 'any(.[]; .metadata.name == "remora-operator" and .spec.ingress? and .spec.ingress[0].from == [{podSelector: {}}])' \
    --set-json 'networkPolicy={"enabled": true, "metricsFrom": [{"podSelector": {}}]}'
  check "none for a webhook on the node's address" has '[.[] | select(.kind == "NetworkPolicy").metadata.name] == ["remora-operator"]' \
    --set networkPolicy.enabled=true,webhook.hostNetwork=true,webhook.port=10255
}

hooks() {
  check "a Job removes the webhooks first on uninstallation" \
    has 'any(.[]; .kind == "Job" and .metadata.annotations["helm.sh/hook"] == "pre-delete" and
      .spec.template.spec.containers[0].args[0] == "remove-webhooks")'
  check "unless one does without" has 'all(.metadata.annotations["helm.sh/hook"] != "pre-delete")' \
    --set uninstallHook.enabled=false
  check "helm test asks for the pattern that it brings, where it is" \
    has 'map(select(.kind == "Sidecar"))[0].metadata as $pattern | map(select(.kind == "Pod"))[0].spec.containers[0] |
      .command == ["remora"] and .args == ["doctor", "--try-pattern=sidecar/\($pattern.name)", "--namespace=\($pattern.namespace)"]' \
    --set catalogNamespace.name=house
  check "it does not ask about a catalog that is excluded" has 'all(.metadata.annotations["helm.sh/hook"] != "test")' \
    --set 'excludedNamespaces={remora-catalog}'
}

main() {
  need_commands jq
  at_exit rm -rf "$WORK"
  find_helm
  files
  wrong_values
  images
  additions
  selectors
  certificates
  network_policies
  hooks
  finish
}

main "$@"
