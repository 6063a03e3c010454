{{- define "tidemark.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tidemark.selector" -}}
app.kubernetes.io/name: tidemark
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tidemark.labels" -}}
{{ include "tidemark.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{/* The chart's own keys, then the configuration of the values. */}}
{{- define "tidemark.config" -}}
data: /var/lib/tidemark
listen: 0.0.0.0:{{ .Values.grpc.port }}
{{- if .Values.grpc.tlsSecret }}
tls:
  cert: /run/secrets/tidemark-tls/tls.crt
  key: /run/secrets/tidemark-tls/tls.key
  {{- if .Values.grpc.clientCertificates }}
  client_ca: /run/secrets/tidemark-tls/ca.crt
  {{- end }}
{{- else if .Values.grpc.insecure }}
insecure: true
{{- else }}
{{- fail "grpc.tlsSecret is missing: name a secret with tls.crt and tls.key, or say grpc.insecure: true if everybody who reaches the port may read all data" }}
{{- end }}
{{- if .Values.grpc.tokensSecret }}
tokens:
  file: /run/secrets/tidemark-tokens/tokens
{{- end }}
http:
  listen: 0.0.0.0:{{ .Values.http.port }}
  {{- if .Values.http.tlsSecret }}
  tls:
    cert: /run/secrets/tidemark-http-tls/tls.crt
    key: /run/secrets/tidemark-http-tls/tls.key
  {{- else }}
  insecure: true
  {{- end }}
  {{- if .Values.http.tokensSecret }}
  tokens:
    file: /run/secrets/tidemark-http-tokens/tokens
  {{- end }}
{{ toYaml .Values.config }}
{{- end -}}

{{/* Of the kubelet's probes, which trust any certificate and need no token. */}}
{{- define "tidemark.scheme" -}}
{{- if .Values.http.tlsSecret }}, scheme: HTTPS{{ end -}}
{{- end -}}

{{/* In mode kafka each source has to be published, or a new pod would not know where to go on. */}}
{{- define "tidemark.check" -}}
{{- if and .Values.grpc.clientCertificates (not .Values.grpc.tlsSecret) }}
{{- fail "grpc.clientCertificates needs grpc.tlsSecret, with the authority of the clients as ca.crt" }}
{{- end }}
{{- if eq .Values.mode "kafka" }}
{{- if not .Values.config.kafka }}
{{- fail "mode kafka needs config.kafka: the state of a new pod is restored from there" }}
{{- end }}
{{- range .Values.config.sources }}
{{- if not (hasKey . "publish") }}
{{- fail (printf "mode kafka needs `publish` of source %s: the state of a new pod is restored from Kafka" .name) }}
{{- end }}
{{- if eq (toString .publish.acknowledge_after_kafka) "false" }}
{{- fail (printf "mode kafka needs acknowledge_after_kafka of source %s: else its server may drop log that a new pod needs" .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
