{{- /* The name of everything. */}}
{{- define "podo.name" -}}
{{ default .Release.Name .Values.name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- /* What a Deployment selects its pods by; never changes. Takes root and component. */}}
{{- define "podo.selector" -}}
app.kubernetes.io/name: podo
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- /* Labels of an object. Takes root and component. */}}
{{- define "podo.labels" -}}
{{ include "podo.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{- define "podo.image" -}}
{{- $image := required "image.repository is missing: push the image that `make image` builds, and name it here" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $image }}@{{ .Values.image.digest }}
{{- else -}}
{{ $image }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- /* Several processes on PostgreSQL: "yes". One on SQLite: empty. */}}
{{- define "podo.several" -}}
{{- if .Values.database.secret -}}
{{- if not .Values.seal.secret }}{{ fail "seal.secret is missing: several processes share one key, kept in a Secret" }}{{ end -}}
yes
{{- end }}
{{- end }}

{{- /* The components there are, each with the roles of its process. */}}
{{- define "podo.components" -}}
{{- if include "podo.several" . -}}
web: web
worker: worker
watcher: watcher
{{- else -}}
web: web,worker,watcher
{{- end }}
{{- end }}
