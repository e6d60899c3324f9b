{{- /* The patterns' own references, $(params.x), are Remora's and nothing to Helm. */ -}}

{{- /* Whether the values have a pattern. Takes (list . NAME). */ -}}
{{- define "remora-catalog.has" -}}
{{ if (index (index . 0).Values.patterns (index . 1)).enabled }}yes{{ end }}
{{- end }}

{{- /* Takes (list . NAME). */ -}}
{{- define "remora-catalog.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Values.namespace }}
labels:
  app.kubernetes.io/part-of: remora
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{- /* What all patterns have in common: everybody may use them, and none of their programs asks the API server. */ -}}
{{- define "remora-catalog.shared" -}}
allowedNamespaces: {from: All}
serviceAccountToken: Hide
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What all containers have in common. Takes (list . IMAGE). */ -}}
{{- define "remora-catalog.container" -}}
{{- $root := index . 0 }}{{- $image := index $root.Values.images (index . 1) -}}
image: {{ $root.Values.images.registry }}/{{ $image.repository }}:{{ $image.tag }}{{ with $image.digest }}@{{ . }}{{ end }}
imagePullPolicy: {{ $root.Values.images.pullPolicy }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
{{- end }}
