{{- /*
Where Podo finds its settings and may write. Takes root, roles (empty: as the settings say), and bare: before an installation
there is no ConfigMap and no account yet, so that variables must be enough.
*/}}
{{- define "podo.environment" -}}
{{- $values := .root.Values -}}
{{- if not .bare -}}
- name: PODO_CONFIG
  value: /etc/podo/podo.toml
{{ end -}}
- name: PODO_SERVER_HOST
  value: 0.0.0.0
- name: PODO_SERVER_PORT
  value: "8080"
- name: PODO_SERVER_DIRECTORY
  value: /var/lib/podo
- name: PODO_SERVER_LOG_STYLE
  value: json
{{- with .roles }}
- name: PODO_SERVER_ROLES
  value: {{ . | quote }}
{{- end }}
{{- with $values.url }}
- name: PODO_SERVER_URL
  value: {{ . | quote }}
{{- end }}
{{- range $name := list "database" "seal" }}
{{- with index $values $name }}
{{- if .secret }}
- name: {{ get (dict "database" "PODO_DATABASE_URL" "seal" "PODO_SEAL_KEYS") $name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- end }}
- name: HOME
  value: /var/lib/podo
{{- with $values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* A container of Podo. Takes root, container, args, roles, resources and bare. */}}
{{- define "podo.container" -}}
name: {{ .container }}
image: {{ include "podo.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{ toJson .args }}
env:
  {{- include "podo.environment" . | nindent 2 }}
resources:
  requests:
    cpu: {{ .resources.cpu }}
    memory: {{ .resources.memory }}
  limits:
    memory: {{ .resources.memory }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  {{- if not .bare }}
  - name: config
    mountPath: /etc/podo
    readOnly: true
  {{- end }}
  {{- if .root.Values.secretFiles }}
  - name: secrets
    mountPath: /etc/podo-secrets
    readOnly: true
  {{- end }}
  - name: data
    mountPath: /var/lib/podo
  - name: tmp
    mountPath: /tmp
{{- end }}

{{- /* What is the same for every pod of Podo: no account of the cluster, no root, nothing written but the two volumes. */}}
{{- define "podo.pod" -}}
{{- $values := .root.Values -}}
# Podo's pods ask this cluster for nothing: a cluster is reached by the kubeconfig that somebody enters in the site.
automountServiceAccountToken: false
{{- if not .bare }}
serviceAccountName: {{ include "podo.name" .root }}
{{- end }}
# A Service called podo would be told to us in variables PODO_…, which are no settings of ours, and would be refused.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ int $values.shutdown.graceSeconds }}
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
volumes:
  {{- if not .bare }}
  - name: config
    configMap:
      name: {{ .config }}
  {{- end }}
  {{- with $values.secretFiles }}
  - name: secrets
    secret:
      secretName: {{ . }}
      defaultMode: 0440
  {{- end }}
  - name: data
    {{- if .claim }}
    persistentVolumeClaim:
      claimName: {{ .claim }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  - name: tmp
    emptyDir: {}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with index $values $key }}
{{ $key }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "podo.config" -}}
podo.toml: {{ .Values.config | quote }}
{{- range $name, $text := .Values.files }}
{{ $name }}: {{ $text | quote }}
{{- end }}
{{- end }}
