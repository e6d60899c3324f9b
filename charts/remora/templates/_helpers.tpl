{{- /* Names are fixed, not made of the release's: the kinds, the webhook's entries and the Lease exist once in a cluster, and a
second release is refused by Helm with the name of the first. */ -}}

{{- define "remora.labels" -}}
app.kubernetes.io/part-of: remora
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "remora.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* A webhook that is down must not keep the cluster, or itself, from starting again. */ -}}
{{- define "remora.excludedNamespaces" -}}
{{ concat (list "kube-system" .Release.Namespace) .Values.excludedNamespaces | uniq | toJson }}
{{- end }}

{{- /* Takes (list . PATH). */ -}}
{{- define "remora.webhookService" -}}
name: remora-webhook
namespace: {{ (index . 0).Release.Namespace }}
path: {{ index . 1 }}
port: {{ (index . 0).Values.webhook.servicePort }}
{{- end }}

{{- /* What a Pod of either program has beside its container. Takes (list . PROGRAM VALUES). */ -}}
{{- define "remora.pod" -}}
{{- $root := index . 0 }}{{- $program := index . 1 }}{{- $values := index . 2 -}}
serviceAccountName: {{ $program }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {app.kubernetes.io/name: {{ $program }}}}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "remora.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "remora.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ index . 1 }}
  namespace: {{ (index . 0).Release.Namespace }}
  labels: {{- include "remora.labels" (index . 0) | nindent 4 }}
spec:
  maxUnavailable: 1
  # One that does not get ready must not keep a node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector: {matchLabels: {app.kubernetes.io/name: {{ index . 1 }}}}
{{- end }}
