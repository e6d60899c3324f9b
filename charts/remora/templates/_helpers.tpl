{{- /* Names are fixed, not made of the release's: the kinds, the webhook's entries and the Lease exist once in a cluster, and a
second release is refused by Helm with the name of the first. */ -}}

{{- /* Of every object. */ -}}
{{- define "remora.labels" -}}
{{- $ours := dict
  "app.kubernetes.io/part-of" "remora"
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version) -}}
{{ merge $ours .Values.commonLabels | toYaml }}
{{- end }}

{{- define "remora.image" -}}
{{- with .Values.image -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
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

{{- /* What every Pod of ours has beside its containers. Takes (list . ACCOUNT). */ -}}
{{- define "remora.anyPod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ index . 1 }}
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
{{- end }}

{{- /* What a Pod of either program has beside its container. Takes (list . PROGRAM VALUES). */ -}}
{{- define "remora.pod" -}}
{{- $root := index . 0 }}{{- $program := index . 1 }}{{- $values := index . 2 -}}
{{ include "remora.anyPod" (list $root $program) }}
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

{{- /* The metadata of such a Pod; what is the user's gives way to ours. Takes (list . PROGRAM VALUES CONTAINER). */ -}}
{{- define "remora.podMetadata" -}}
{{- $root := index . 0 }}{{- $values := index . 2 }}
{{- $name := dict "app.kubernetes.io/name" (index . 1) }}
{{- $container := dict "kubectl.kubernetes.io/default-container" (index . 3) -}}
labels: {{- merge $name (include "remora.labels" $root | fromYaml) $values.podLabels | toYaml | nindent 2 }}
annotations: {{- merge $container $values.podAnnotations | toYaml | nindent 2 }}
{{- end }}

{{- /* The flags of a program: the chart's, as YAML, and those of the user. A flag that is said twice would end the program.
Takes (list PROGRAM FLAGS MORE). */ -}}
{{- define "remora.flags" -}}
{{- $program := index . 0 }}{{- $flags := index . 1 | fromYamlArray }}
{{- range $more := index . 2 }}
{{- $name := (splitList "=" $more) | first }}
{{- range $flags }}
{{- if eq $name ((splitList "=" .) | first) }}
{{- fail (printf "%s.extraArgs must not have %s: it is there already, as %s; there is a value for what the chart sets." $program $more .) }}
{{- end }}
{{- end }}
{{- $flags = append $flags $more }}
{{- end }}
{{- toYaml $flags }}
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
