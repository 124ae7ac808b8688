{{- /* The name of everything. */}}
{{- define "service.name" -}}
{{ default .Release.Name .Values.name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* What a Deployment selects its pods by; never changes. Takes root and component. */}}
{{- define "service.selector" -}}
app.kubernetes.io/name: {{ include "service.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- /* Where it belongs; changes with nobody's deployment. */}}
{{- define "service.place" -}}
{{- with .Values.podo }}
{{- range $key := list "project" "environment" "region" }}
{{- with index $.Values.podo $key }}
podo.dev/{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Which release it is of, for what bears the release itself. */}}
{{- define "service.release" -}}
{{- with .Values.podo.release }}
podo.dev/release: {{ . | quote }}
{{- end }}
{{- end }}

{{- /* Labels of an object in which no pod is described: a release that does not change it does not touch it. Controllers write
       a Service's labels on to every list of its addresses, and each node hears of those. Takes root and component. */}}
{{- define "service.labels" -}}
{{ include "service.selector" . }}
{{- with .root.Values.podo.project }}
app.kubernetes.io/part-of: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: podo
{{- include "service.place" .root }}
{{- end }}

{{- /* Labels of a workload. Takes root and component. */}}
{{- define "service.workloadLabels" -}}
{{ include "service.labels" . }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- include "service.release" .root }}
{{- with .root.Values.podo.deployment }}
podo.dev/deployment: {{ . | quote }}
{{- end }}
{{- end }}

{{- /* Labels of a pod: only what may change with a release. Takes root and component. */}}
{{- define "service.podLabels" -}}
{{ include "service.selector" . }}
{{- include "service.place" .root }}
{{- include "service.release" .root }}
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "service.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "service.name" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "service.image" -}}
{{- $image := required "image.repository is missing: it says which image runs" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $image }}@{{ .Values.image.digest }}
{{- else if .Values.image.tag -}}
{{ $image }}:{{ .Values.image.tag }}
{{- else -}}
{{ fail "image.digest and image.tag are both missing: one of them says which version runs" }}
{{- end }}
{{- end }}

{{- /* Where the port is served: there is one, and it is wanted. */}}
{{- define "service.served" -}}
{{- if and .Values.port .Values.service.enabled }}yes{{ end }}
{{- end }}

{{- /* How often a pod looks after itself is more than one. */}}
{{- define "service.several" -}}
{{- if .Values.autoscaling.enabled }}yes{{ else if gt (int .Values.replicas) 1 }}yes{{ end }}
{{- end }}

{{- /* Refuses two of the same name: one would overwrite the other. Takes of and list. */}}
{{- define "service.distinct" -}}
{{- $seen := dict -}}
{{- range .list -}}
{{- if hasKey $seen .name }}{{ fail (printf "two of %s are called %s" $.of .name) }}{{ end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- end }}
