#!/usr/bin/env bash
# Tests what `kubectl apply` prints about the Pods that a workload will make, on a real API server:
# for each of the five kinds, also where nothing is wrong, and that no workload is ever refused.
#
# usage: tests/e2e/workloads_test.sh

# shellcheck disable=SC2016  # the references are Remora's, not the shell's

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OURS=workloads-test ENABLED=workloads-test-enabled DISABLED=workloads-test-disabled
readonly LENGTH=120 # characters of a warning

# workload KIND NAME POD_ANNOTATIONS [OWN_ANNOTATIONS [SPEC]]: SPEC is of the Pod, annotations are
# JSON; `none` leaves the metadata of the template out
workload() {
  local kind=$1 pods template labels='"labels": {"app": "w"},'
  local containers='"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 6379}]}]'
  [[ $kind != *Job ]] || labels='' containers+=', "restartPolicy": "Never"'
  pods="\"metadata\": {$labels \"annotations\": $3},"
  [[ $3 != none ]] || pods=''
  template="\"template\": {$pods \"spec\": {${5:-$containers}}}"
  local group='apps' spec="\"selector\": {\"matchLabels\": {\"app\": \"w\"}}, $template"
  case $kind in
    StatefulSet) spec+=', "serviceName": "w", "volumeClaimTemplates": [{"metadata": {"name": "data"},
      "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]' ;;
    Job) group='batch' spec="\"suspend\": true, $template" ;;
    CronJob)
      group='batch'
      spec="\"suspend\": true, \"schedule\": \"0 0 1 1 *\", \"jobTemplate\": {
        \"metadata\": {\"annotations\": ${JOB_ANNOTATIONS:-null}}, \"spec\": {$template}}"
      ;;
  esac
  cat <<JSON
{"apiVersion": "$group/v1", "kind": "$kind", "spec": {$spec},
 "metadata": {"name": "$2", "namespace": "${IN:-$OURS}", "annotations": ${4:-null}}}
JSON
}
apply() { workload "$@" | kubectl apply --filename -; }
dry_run() { workload "$@" | kubectl apply --dry-run=server --filename -; }

# warns LINE COMMAND...: it succeeds, and prints a warning that begins so
warns() { says "Warning: $1" "${@:2}"; }
# quiet COMMAND...: it succeeds, without any warning
quiet() {
  local output
  output=$("$@" 2>&1) || { echo "$output" && return 1; }
  echo "$output"
  [[ $output != *Warning* ]]
}
# warnings_are COUNT COMMAND...: it succeeds with so many, each short enough
warnings_are() {
  local output
  output=$("${@:2}" 2>&1) || { echo "$output" && return 1; }
  echo "$output"
  equal "$1" "$(grep --count '^Warning: ' <<<"$output")" &&
    awk -v most="$LENGTH" '/^Warning: / && !/PodSecurity/ { if (length - 9 > most) exit 1 }' <<<"$output"
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands jq curl awk
use_cluster
# shellcheck disable=SC2119  # its arguments are flags of the webhook
use_remora
new_namespace "$OURS"
new_namespace "$ENABLED" patterns.remora.dev/injection=enabled
new_namespace "$DISABLED" patterns.remora.dev/injection=disabled

for namespace in "$OURS" "$ENABLED"; do
  kubectl --namespace "$namespace" apply --filename - >/dev/null <<'PATTERNS'
apiVersion: patterns.remora.dev/v1alpha1
kind: Ambassador
metadata: {name: redis}
spec:
  endpoints: [{name: redis, protocol: TCP, port: 6379}]
  container: {image: "redis:1"}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: log-saver}
spec:
  share: [{name: logs, path: /logs, targetPath: /var/log/app}]
  container: {image: "saver:1"}
---
apiVersion: patterns.remora.dev/v1alpha1
kind: Sidecar
metadata: {name: backup}
spec:
  share: [{name: data, path: /data, targetPath: /data, volumeName: data}]
  container: {image: "backup:1"}
PATTERNS
done
# In one namespace, the Ambassador comes by itself.
kubectl --namespace "$ENABLED" patch ramb redis --type merge --patch '{"spec": {"selector": {}}}' >/dev/null

readonly MISSPELT='{"patterns.remora.dev/ambassador": "reddis"}'
readonly GOOD='{"patterns.remora.dev/sidecar": "log-saver"}'
readonly TAKEN='{"patterns.remora.dev/ambassador": "redis"}'
eventually warns 'Deployment' dry_run Deployment probe "$MISSPELT" ||
  fail "the API server does not ask the webhook about workloads"

for kind in Deployment StatefulSet DaemonSet Job CronJob; do
  lower=${kind,,}
  place=spec.template.metadata.annotations
  [[ $kind != CronJob ]] || place=spec.jobTemplate.spec.template.metadata.annotations
  check "$kind: good annotations, and kubectl prints nothing but its own line" \
    quiet apply "$kind" "$lower-good" "$GOOD"
  check "$kind: a misspelt Ambassador: it is applied, and its Pods will be denied" \
    warns "$kind $lower-bad: its Pods will be denied: Ambassador reddis (PatternNotFound)" \
    apply "$kind" "$lower-bad" "$MISSPELT"
  check "$kind: with the sentence that the Pod will get" \
    warns "PatternNotFound: no Ambassador \"reddis\" in namespace $OURS or remora-catalog; did you mean" \
    dry_run "$kind" "$lower-dry" "$MISSPELT"
  check "$kind: a port that the application declares" warns "PortTaken: " dry_run "$kind" "$lower-dry" "$TAKEN"
  check "case 12, $kind: the annotation stands on the workload itself" \
    warns "$kind $lower-own: patterns.remora.dev/sidecar in metadata reaches no Pod; expected in" \
    apply "$kind" "$lower-own" null "$GOOD"
  check "case 12, $kind: also where the template has no metadata at all, and the place is named" \
    says "$place" dry_run "$kind" "$lower-bare" "$([[ $kind == *Job ]] && echo none || echo null)" "$GOOD"
  check "$kind: where tools write it on both, nothing is said" \
    quiet dry_run "$kind" "$lower-dry" "$GOOD" "$GOOD"
done
check "all of these are stored" equal 15 "$(kubectl --namespace "$OURS" get --output name \
  deployments,statefulsets,daemonsets,jobs,cronjobs | wc -l)"

JOB_ANNOTATIONS=$GOOD check "case 12, CronJob: the annotation stands on its Jobs" \
  warns 'CronJob tick: patterns.remora.dev/sidecar in spec.jobTemplate.metadata reaches no Pod; expected in' \
  dry_run CronJob tick null
for key in params.patterns.remora.dev/x.y target.patterns.remora.dev/x patterns.remora.dev/x; do
  check "$key on the workload reaches no Pod" warns "Deployment own: $key in metadata" \
    dry_run Deployment own null "{\"$key\": \"z\"}"
done
check "a record, or a key that is none of ours, is let be" quiet dry_run Deployment own null \
  '{"patterns.remora.dev/status": "{}", "remora.dev/sidecar": "log-saver"}'
check "an unreadable key: the nearest one" \
  says 'did you mean patterns.remora.dev/sidecar?' \
  dry_run Deployment key '{"patterns.remora.dev/sidcar": "log-saver"}'
check "a Sidecar that is not there: the Pods will be created without it" \
  warns 'Deployment without: its Pods will be created without: Sidecar log-savr (PatternNotFound)' \
  dry_run Deployment without '{"patterns.remora.dev/sidecar": "log-savr"}'
check "nothing is printed twice, and no line is too long" warnings_are 2 \
  dry_run Deployment once "$MISSPELT"
check "however much is wrong, there are no more than 8" warnings_are 8 dry_run Deployment many \
  '{"patterns.remora.dev/ambassador": "a,b,c,d", "patterns.remora.dev/sidecar": "e,f,g,h"}' "$GOOD"
check "case 32: a claim of a StatefulSet is a volume of its Pods" \
  quiet dry_run StatefulSet claim '{"patterns.remora.dev/sidecar": "backup"}'
check "which other kinds have not" warns 'VolumeNotFound: ' \
  dry_run Deployment claim '{"patterns.remora.dev/sidecar": "backup"}'
check "a template that opts out is not warned of" quiet dry_run Deployment out \
  '{"patterns.remora.dev/ambassador": "reddis", "patterns.remora.dev/inject": "false"}'

edited() { kubectl --namespace "$OURS" annotate --overwrite deployment deployment-good "note=$1"; }
check "an edit elsewhere says nothing" quiet edited 1
check "a Deployment before its Ambassador: its Pods will be denied" \
  warns 'Deployment early: its Pods will be denied: Ambassador late' \
  apply Deployment early '{"patterns.remora.dev/ambassador": "late"}'
together() {
  { printf '%s\n---\n' '{"apiVersion": "patterns.remora.dev/v1alpha1", "kind": "Sidecar", "metadata":
      {"name": "'"$1"'", "namespace": "'"$OURS"'"}, "spec": {"container": {"image": "x:1"}}}' &&
    workload Deployment "$1" "{\"patterns.remora.dev/sidecar\": \"$1\"}"; } | kubectl apply --filename -
}
check "a pattern and its Deployment in one file: nothing is said" quiet together together-1
check "nor the second time" quiet together together-2

IN=$ENABLED check "an automatic pattern that cannot be added is warned of, without an annotation" \
  warns 'Deployment auto: its Pods will be created without: Ambassador redis (PortTaken)' \
  dry_run Deployment auto null
IN=$ENABLED check "once: its line, and the sentence in two" warnings_are 3 dry_run Deployment auto null
IN=$ENABLED check "as where an annotation asks for another" warnings_are 3 dry_run Deployment auto "$GOOD"
IN=$DISABLED check "in a namespace labelled disabled: one warning that nothing is added" \
  warns 'Deployment off: its Pods get no companion: NamespaceDisabled' dry_run Deployment off "$MISSPELT"
IN=$DISABLED check "which is all" warnings_are 1 dry_run Deployment off "$MISSPELT"
IN=kube-system check "case 7: and in kube-system" \
  warns 'Deployment off: its Pods get no companion: NamespaceExcluded' dry_run Deployment off "$GOOD"
check "a workload without any of our keys is not sent" quiet dry_run Deployment none null

as_controller() {
  workload "$@" | kubectl --as="system:serviceaccount:kube-system:cronjob-controller" \
    --as-group=system:serviceaccounts:kube-system create --filename -
}
check "a controller, which reads no warnings, is given none" quiet as_controller Job by-controller "$MISSPELT"

kubectl label namespace "$OURS" pod-security.kubernetes.io/warn=restricted >/dev/null
check "what the API server says of a template itself is not said again" \
  eventually warnings_are 1 dry_run Deployment restricted "$GOOD"
kubectl label namespace "$OURS" pod-security.kubernetes.io/warn- >/dev/null

stop_webhook "$WORK/webhook"
check "webhook down: a Deployment that asks is stored all the same" \
  quiet apply Deployment down "$MISSPELT"
check "webhook down: as are the others" quiet apply CronJob down "$MISSPELT"
start_webhook "$WORK/webhook"
check "webhook up again: a change is warned of again" \
  eventually warns 'Deployment down: its Pods will be denied' \
  apply Deployment down '{"patterns.remora.dev/ambassador": "redddis"}'
finish
