"""What the stages of a pod write into its status: Go templates that kwok fills in, with sprig's functions.

Each is a patch of `status`. Containers are handled one by one: `$s` is the container's status (a copy, changed by `set`),
`$c` its spec, `$bad` whether it is one of those that fail. An annotation that asks for a failure means the first container.
"""

from __future__ import annotations

FAILURE = "simulate.podo.dev/failure"

_PRELUDE = """
{{ $now := Now }}{{ $uid := .metadata.uid | default "" }}{{ $statuses := .status.containerStatuses }}
{{ $told := index (.metadata.annotations | default dict) "FAILURE" | default "" }}
""".replace("FAILURE", FAILURE)
_ADDRESSES = """
{{ $host := NodeIPWith .spec.nodeName }}
{{ $ip := PodIPWith .spec.nodeName (.spec.hostNetwork | default false) $uid .metadata.name .metadata.namespace }}
hostIP: {{ $host | Quote }}
hostIPs: [{ip: {{ $host | Quote }}}]
podIP: {{ $ip | Quote }}
podIPs: [{ip: {{ $ip | Quote }}}]
startTime: {{ $now | Quote }}
"""
_FRESH = """
{{ $s := dict "name" $c.name "image" $c.image "restartCount" 0 "ready" false "started" true }}
{{ $_ := set $s "imageID" (printf "%s@sha256:%s" $c.image ($c.image | sha256sum)) }}
{{ $_ := set $s "containerID" (printf "kwok://%s" (printf "%s/%s/0" $uid $c.name | sha256sum)) }}
{{ $_ := set $s "state" (dict "running" (dict "startedAt" $now)) }}
"""
_SAME = "{{ $s := deepCopy (index $statuses $i) }}"
_INITS = (
    """
{{ with .spec.initContainers }}
initContainerStatuses:
{{ range $c := . }}
"""
    + _FRESH
    + """
{{ $_ := set $s "ready" true }}
{{ if ne ($c.restartPolicy | default "") "Always" }}
{{ $_ := set $s "started" false }}
{{ $_ := set $s "state" (dict "terminated" (dict "exitCode" 0 "reason" "Completed" "startedAt" $now "finishedAt" $now)) }}
{{ end }}
- {{ toJson $s }}
{{ end }}
{{ end }}
"""
)
_NO_IMAGE = '{{ $bad := or (and (eq $i 0) (eq $told "ImagePullBackOff")) (regexMatch "^[^/:]*[.]invalid[:/]" $c.image) }}'
_CRASHES = """
{{ $line := printf "%s %s" (join " " $c.command) (join " " $c.args) | trim }}
{{ $told_so := and (eq $i 0) (has $told (list "CrashLoopBackOff" "OOMKilled")) }}
{{ $bad := or $told_so (regexMatch "((^|/| )false|exit [1-9][0-9]*)$" $line) }}
{{ $code := regexFind "[0-9]+$" (regexFind "exit [1-9][0-9]*$" $line) | default "1" | int }}
{{ $why := "Error" }}
{{ if and $bad (eq $told "OOMKilled") }}{{ $code = 137 }}{{ $why = "OOMKilled" }}{{ end }}
{{ if not $bad }}{{ $code = 0 }}{{ $why = "Completed" }}{{ end }}
"""
_STOPPED = '{{ $code := 143 }}{{ $why := "Error" }}'
# Makes `$end`, how a container that ran has ended, of `$code` and `$why`.
_END = """
{{ $since := dig "running" "startedAt" $now ($s.state | default dict) }}
{{ $end := dict "exitCode" $code "reason" $why "startedAt" $since "finishedAt" $now "containerID" ($s.containerID | default "") }}
"""
_TERMINATE = (
    _END
    + """
{{ if $s.state.running }}
{{ $_ := set $s "state" (dict "terminated" $end) }}{{ $_ := set $s "ready" false }}{{ $_ := set $s "started" false }}
{{ end }}
"""
)


def _containers(first: str, change: str) -> str:
    return "\ncontainerStatuses:\n{{ range $i, $c := .spec.containers }}" + first + change + "\n- {{ toJson $s }}\n{{ end }}\n"


def _conditions(ready: bool, reason: str = "", probed: bool = False) -> str:
    """The conditions after containers changed; `probed` marks that a probe has spoken."""
    state = "True" if ready else "False"
    probe = ", lastProbeTime: {{ $now | Quote }}" if probed else ""
    why = f", reason: {reason}" if reason else ", reason: null"
    message = ', message: "containers with unready status"' if reason == "ContainersNotReady" else ", message: null"
    both = [f'- {{type: {t}, status: "{state}", lastTransitionTime: {{{{ $now | Quote }}}}{why}{message}{probe}}}'
            for t in ("Ready", "ContainersReady")]  # fmt: skip
    return "\nconditions:\n" + "\n".join(both) + "\n"


def _begun(why: str) -> str:
    gone = f", reason: {why}" if why else ""
    return "\n".join(
        f'- {{type: {t}, status: "True", lastTransitionTime: {{{{ $now | Quote }}}}{gone}}}'
        for t in ("PodReadyToStartContainers", "Initialized")
    )


_GATES = """
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
"""
NODE_READY = """
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- {{ merge (dict "lastHeartbeatTime" $now "lastTransitionTime" $now) . | toJson }}
{{ end }}
phase: Running
"""
_NOT_READY = _conditions(False, "ContainersNotReady")
_OPENING = _PRELUDE + _ADDRESSES + _NOT_READY + _begun("") + _INITS
STARTED = _OPENING + _containers(_FRESH, "") + "phase: Running"
IMAGE_PULL_ERROR = (
    _OPENING
    + _containers(
        _FRESH,
        _NO_IMAGE
        + """
{{ if $bad }}
{{ $text := printf "failed to pull and unpack image %s: no such host" ($c.image | quote) }}
{{ $_ := set $s "state" (dict "waiting" (dict "reason" "ErrImagePull" "message" $text)) }}
{{ $_ := set $s "started" false }}{{ $_ := set $s "imageID" "" }}{{ $_ := unset $s "containerID" }}
{{ end }}
""",
    )
    + "phase: Pending"
)
IMAGE_PULL_BACK_OFF = _PRELUDE + _containers(
    _SAME,
    """
{{ if eq (dig "waiting" "reason" "" $s.state) "ErrImagePull" }}
{{ $text := printf "Back-off pulling image %s" ($c.image | quote) }}
{{ $_ := set $s "state" (dict "waiting" (dict "reason" "ImagePullBackOff" "message" $text)) }}
{{ end }}
""",
)
READY = (
    _PRELUDE
    + _conditions(True)
    + _GATES
    + _containers(_SAME, '{{ if $s.state.running }}{{ $_ := set $s "ready" true }}{{ end }}')
)
UNREADY = _PRELUDE + _conditions(False, "ContainersNotReady", probed=True) + _containers(
    _SAME, '{{ if or (eq $i 0) (eq (join " " (dig "exec" "command" list ($c.readinessProbe | default dict))) "false") }}'
    '{{ $_ := set $s "ready" false }}{{ end }}',
)  # fmt: skip
CRASHED = (
    _PRELUDE
    + _NOT_READY
    + _containers(
        _SAME,
        _CRASHES
        + _END
        + """
{{ if and $bad $s.state.running }}
{{ $wait := 10 }}{{ range until (int $s.restartCount) }}{{ $wait = min 300 (mul 2 $wait) }}{{ end }}
{{ $of := printf "restarting failed container=%s pod=%s_%s(%s)" $c.name $.metadata.name $.metadata.namespace $uid }}
{{ $text := printf "back-off %ds %s" $wait $of }}
{{ $_ := set $s "lastState" (dict "terminated" $end) }}{{ $_ := set $s "ready" false }}{{ $_ := set $s "started" false }}
{{ $_ := set $s "state" (dict "waiting" (dict "reason" "CrashLoopBackOff" "message" $text)) }}
{{ end }}
""",
    )
)
RESTARTED = _PRELUDE + _containers(
    _SAME,
    """
{{ if eq (dig "waiting" "reason" "" $s.state) "CrashLoopBackOff" }}
{{ $n := add 1 (int $s.restartCount) }}
{{ $_ := set $s "restartCount" $n }}{{ $_ := set $s "started" true }}
{{ $_ := set $s "containerID" (printf "kwok://%s" (printf "%s/%s/%d" $uid $c.name $n | sha256sum)) }}
{{ $_ := set $s "state" (dict "running" (dict "startedAt" $now)) }}
{{ end }}
""",
)
COMPLETED = (
    _PRELUDE
    + _conditions(False, "PodCompleted")
    + _begun("PodCompleted")
    + _containers(_SAME, '{{ $code := 0 }}{{ $why := "Completed" }}' + _TERMINATE)
    + "phase: Succeeded"
)
FAILED = _PRELUDE + _conditions(False, "PodFailed") + _containers(_SAME, _CRASHES + _TERMINATE) + "phase: Failed"
STOPPED = _PRELUDE + _conditions(False, "PodFailed") + _containers(_SAME, _STOPPED + _TERMINATE) + "phase: Failed"
