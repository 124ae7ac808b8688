{{- /*
The pod of the service, of a worker or of a cron job. Takes
  root        the chart's values and names
  component   web, worker-<name> or cron-<name>
  container   the container's name
  command     list, may be empty
  args        list, may be empty
  resources   like .Values.resources; what is missing there comes from it
  serves      "yes": it listens on the port and is asked for its health
  restart     the pod's restart policy; empty: Always
*/}}
{{- define "service.pod" -}}
{{- $values := .root.Values -}}
metadata:
  labels:
    {{- include "service.podLabels" . | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ .container }}
    {{- if $values.env }}
    podo.dev/config-checksum: {{ $values.env | toJson | sha256sum }}
    {{- end }}
    {{- if $values.secrets.keys }}
    podo.dev/secrets-fingerprint: {{ $values.secrets.fingerprint | quote }}
    {{- end }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "service.account" .root }}
  automountServiceAccountToken: {{ $values.serviceAccount.automount }}
  enableServiceLinks: false
  {{- with .restart }}
  restartPolicy: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ int $values.shutdown.graceSeconds }}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    {{- if $values.security.runAsNonRoot }}
    runAsNonRoot: true
    {{- end }}
    {{- if not (kindIs "invalid" $values.security.runAsUser) }}
    runAsUser: {{ int64 $values.security.runAsUser }}
    runAsGroup: {{ int64 $values.security.runAsUser }}
    fsGroup: {{ int64 $values.security.runAsUser }}
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: {{ .container }}
      image: {{ include "service.image" .root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      {{- with .command }}
      command: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .args }}
      args: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if and .serves $values.port }}
      ports:
        - name: http
          containerPort: {{ int $values.port }}
          protocol: TCP
      {{- end }}
      {{- include "service.environment" . | nindent 6 }}
      {{- include "service.resources" . | nindent 6 }}
      {{- if .serves }}
      {{- with include "service.probes" .root }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with include "service.drain" .root }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: {{ $values.security.readOnlyRootFilesystem }}
        capabilities:
          drop: [ALL]
      {{- with include "service.mounts" .root }}
      {{- . | nindent 6 }}
      {{- end }}
  {{- with include "service.volumes" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if not .restart }}
  {{- with include "service.spread" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $values $key }}
  {{ $key }}: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
{{- end }}

{{- define "service.environment" -}}
{{- $name := include "service.name" .root -}}
{{- if or .root.Values.env .root.Values.secrets.keys -}}
envFrom:
  {{- if .root.Values.env }}
  - configMapRef:
      name: {{ $name }}-config
  {{- end }}
  {{- if .root.Values.secrets.keys }}
  - secretRef:
      name: {{ $name }}-secrets
  {{- end }}
{{ end -}}
env:
  {{- range $key := list "project" "environment" "region" "release" }}
  {{- with index $.root.Values.podo $key }}
  - name: PODO_{{ upper $key }}
    value: {{ . | quote }}
  {{- end }}
  {{- end }}
  {{- if and .serves .root.Values.port }}
  - name: PORT
    value: {{ int .root.Values.port | quote }}
  {{- end }}
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
{{- end }}

{{- define "service.resources" -}}
{{- $own := .root.Values.resources -}}
{{- $said := default (dict) .resources -}}
{{- $limits := default (dict) $said.limits -}}
{{- $memory := default $own.memory $said.memory -}}
{{- $most := default $memory $limits.memory -}}
{{- if not (or $said.memory $limits.memory) }}{{ $most = default $memory $own.limits.memory }}{{ end -}}
resources:
  requests:
    cpu: {{ default $own.cpu $said.cpu | quote }}
    memory: {{ $memory | quote }}
  limits:
    {{- with default $own.limits.cpu $limits.cpu }}
    cpu: {{ . | quote }}
    {{- end }}
    memory: {{ $most | quote }}
{{- end }}

{{- define "service.probe" -}}
{{- if .health.command -}}
exec:
  command: {{- toYaml .health.command | nindent 4 }}
{{- else if .health.http -}}
httpGet:
  path: {{ .health.http | quote }}
  port: http
{{- else -}}
tcpSocket:
  port: http
{{- end }}
periodSeconds: {{ int .health.periodSeconds }}
timeoutSeconds: {{ int .health.timeoutSeconds }}
{{- end }}

{{- define "service.probes" -}}
{{- $health := .Values.health -}}
{{- if or .Values.port $health.command -}}
startupProbe:
  {{- include "service.probe" (dict "health" (merge (dict "periodSeconds" 2) $health)) | nindent 2 }}
  failureThreshold: {{ max 1 (div (int $health.startSeconds) 2) }}
readinessProbe:
  {{- include "service.probe" .Values | nindent 2 }}
  failureThreshold: 3
{{- if $health.restart }}
livenessProbe:
  {{- include "service.probe" .Values | nindent 2 }}
  failureThreshold: {{ max 3 (div 60 (int $health.periodSeconds)) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A pause that needs no shell in the image (Kubernetes 1.30), or one that does. */}}
{{- define "service.drain" -}}
{{- $drain := int .Values.shutdown.drainSeconds -}}
{{- if le (int .Values.shutdown.graceSeconds) $drain }}
{{- fail (printf "shutdown.graceSeconds (%d) must be more than shutdown.drainSeconds (%d), or the service is killed while it drains" (int .Values.shutdown.graceSeconds) $drain) }}
{{- end }}
{{- if $drain -}}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}
    sleep:
      seconds: {{ $drain }}
    {{- else }}
    exec:
      command: [sleep, {{ $drain | quote }}]
    {{- end }}
{{- end }}
{{- end }}

{{- define "service.mounts" -}}
{{- if or .Values.volumeMounts (and .Values.security.readOnlyRootFilesystem .Values.security.writable) -}}
volumeMounts:
  {{- if .Values.security.readOnlyRootFilesystem }}
  {{- range $at, $path := .Values.security.writable }}
  - name: writable-{{ $at }}
    mountPath: {{ $path }}
  {{- end }}
  {{- end }}
  {{- with .Values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "service.volumes" -}}
{{- if or .Values.volumes (and .Values.security.readOnlyRootFilesystem .Values.security.writable) -}}
volumes:
  {{- if .Values.security.readOnlyRootFilesystem }}
  {{- range $at, $path := .Values.security.writable }}
  - name: writable-{{ $at }}
    emptyDir: {}
  {{- end }}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "service.spread" -}}
{{- $keys := list -}}
{{- if .root.Values.spread.zones }}{{ $keys = append $keys "topology.kubernetes.io/zone" }}{{ end -}}
{{- if .root.Values.spread.hosts }}{{ $keys = append $keys "kubernetes.io/hostname" }}{{ end -}}
{{- if $keys -}}
topologySpreadConstraints:
  {{- range $keys }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.root.Values.spread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "service.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- /* How a Deployment replaces its pods: first more, then fewer, never too few. */}}
{{- define "service.rollout" -}}
minReadySeconds: {{ int .Values.rollout.minReadySeconds }}
progressDeadlineSeconds: {{ int .Values.rollout.deadlineSeconds }}
revisionHistoryLimit: {{ int .Values.rollout.historyLimit }}
strategy:
  type: RollingUpdate
  rollingUpdate:
    maxSurge: {{ .Values.rollout.maxSurge }}
    maxUnavailable: 0
{{- end }}
