"""How pods live on a local cluster: kwok's `Stage` objects, which stand in for kubelets that run no containers.

A pod starts, becomes ready, and, when its `restartPolicy` is not `Always`, completes. What makes a pod fail on any cluster
makes it fail here:

- an image on a host under `.invalid` cannot be pulled (`ImagePullBackOff`);
- a command that is `false` or ends with `exit N` crashes (`CrashLoopBackOff`; `Failed` where nothing restarts it);
- a readiness probe that runs `false` never succeeds.

Annotations on the pod say the same without a change to what it runs; a real kubelet knows nothing of them:

- `simulate.podo.dev/failure`: `ImagePullBackOff`, `CrashLoopBackOff`, `OOMKilled` or `Unready`;
- `simulate.podo.dev/failure-after`: a duration such as `20s`; the pod is ready until then;
- `simulate.podo.dev/ready-after`, `simulate.podo.dev/complete-after`: durations.

Without them a pod is ready after its probe's `initialDelaySeconds`, else within a second, and completes after the seconds
that its command sleeps, else after one. A crashed container waits 10 s, 20 s, 40 s … 300 s before it starts again, as
everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from podo.clients.kubernetes.local import statuses
from podo.clients.kubernetes.local.statuses import FAILURE

FAILURE_AFTER = "simulate.podo.dev/failure-after"
READY_AFTER = "simulate.podo.dev/ready-after"
COMPLETE_AFTER = "simulate.podo.dev/complete-after"

# Which values a jq expression over the object may give; True: any, False: none.
When = Mapping[str, Sequence[str] | bool]
Event = tuple[str, str, str]


def _annotation(name: str) -> str:
    return f'((.metadata.annotations // {{}})["{name}"] // "")'


_LINE = '((.command // []) + (.args // []) | join(" "))'
_FAILURE = f"""
{_annotation(FAILURE)} as $told
| if $told != "" then $told
  elif any(.spec.containers[]; .image | split("/")[0] | split(":")[0] | endswith(".invalid")) then "ImagePullBackOff"
  elif any(.spec.containers[]; {_LINE} | test("((^|/| )false|exit [1-9][0-9]*)$")) then "CrashLoopBackOff"
  elif any(.spec.containers[]; .readinessProbe.exec.command // [] | join(" ") == "false") then "Unready"
  else "none" end
"""
_LATER = f'if {_annotation(FAILURE_AFTER)} == "" then "no" else "yes" end'
_READY = '[.status.conditions[]? | select(.type == "Ready") | .status] | if length == 0 then "False" else .[0] end'
_PROBED = '.status.conditions[]? | select(.type == "Ready") | .lastProbeTime'
_WAITING = ".status.containerStatuses[]? | .state.waiting.reason"
_RUNNING = ".status.containerStatuses[]? | .state.running"
_FAILURE_DELAY = f'{_annotation(FAILURE_AFTER)} | if . != "" then . else empty end'
_READY_DELAY = rf"""
.spec.containers[0].readinessProbe.initialDelaySeconds as $probe
| {_annotation(READY_AFTER)} | if . != "" then . elif $probe then "\($probe)s" else empty end
"""
_COMPLETE_DELAY = rf"""
([.spec.containers[] | {_LINE} | capture("sleep (?<n>[0-9]+)").n | tonumber] | max) as $sleeps
| {_annotation(COMPLETE_AFTER)} | if . != "" then . elif $sleeps then "\($sleeps)s" else empty end
"""
_BACK_OFF = r"""
[.status.containerStatuses[]? | select(.state.waiting) | .restartCount] | max // 0
| [10 * pow(2; [., 5] | min), 300] | min | "\(.)s"
"""

_LIVING: When = {".metadata.deletionTimestamp": False}
_NEW: When = {**_LIVING, ".status.phase": ["Pending"], ".status.containerStatuses": False}
_UP: When = {**_LIVING, ".status.phase": ["Running"]}
_CRASHING = ("CrashLoopBackOff", "OOMKilled")
_RESTARTS = ".spec.restartPolicy"


def documents() -> str:
    """The `--config` file of kwok: one JSON document a stage."""
    node = _stage("node-ready", {_READY: ["False", "Unknown"]}, kind="Node", status=statuses.NODE_READY)
    return "\n---\n".join(json.dumps(stage, indent=1) for stage in (node, *_begin(), *_run(), *_crash(), *_end()))


def _begin() -> list[dict[str, Any]]:
    """From the node that the scheduler chose to running containers, or to an image that is not there."""
    pulled: Event = ("Normal", "Pulled", "Container image already present on machine")
    started: Event = ("Normal", "Started", "Started container")
    failed: Event = ("Warning", "Failed", "Failed to pull image: no such host")
    waits: Event = ("Warning", "BackOff", "Back-off pulling image")
    works = ["none", "Unready", *_CRASHING]
    return [
        _stage("pod-start", {**_NEW, _FAILURE: works}, delay=100, events=[pulled, started], status=statuses.STARTED),
        _stage(
            "pod-no-image", {**_NEW, _FAILURE: ["ImagePullBackOff"]}, delay=100, events=[failed], status=statuses.IMAGE_PULL_ERROR
        ),
        _stage(
            "pod-no-image-again",
            {**_LIVING, _WAITING: ["ErrImagePull"]},
            delay=1000,
            events=[waits],
            status=statuses.IMAGE_PULL_BACK_OFF,
        ),
    ]


def _run() -> list[dict[str, Any]]:
    """Readiness. Each stage names what no other matches: of several, kwok would take one by chance."""
    unready: Event = ("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    rising = {**_UP, _READY: ["False"], _RUNNING: True, _PROBED: False}
    ready: dict[str, Any] = {"delay": 500, "delay_from": _READY_DELAY, "status": statuses.READY}
    silent: dict[str, Any] = {"delay": 1000, "delay_from": _FAILURE_DELAY, "events": [unready], "status": statuses.UNREADY}
    return [
        _stage("pod-ready", {**rising, _FAILURE: ["none"], _WAITING: False}, **ready),
        _stage("pod-ready-for-a-while", {**rising, _FAILURE: [*_CRASHING, "Unready"], _LATER: ["yes"], _WAITING: False}, **ready),
        _stage("pod-unready", {**rising, _FAILURE: ["Unready"], _LATER: ["no"]}, **silent),
        _stage("pod-unready-later", {**_UP, _READY: ["True"], _FAILURE: ["Unready"]}, **silent),
    ]


def _crash() -> list[dict[str, Any]]:
    """A container that exits, waits and starts again; a pod that nothing restarts fails for good."""
    back_off: Event = ("Warning", "BackOff", "Back-off restarting failed container")
    bad = {**_UP, _FAILURE: _CRASHING, _RUNNING: True, _WAITING: False}
    again = {**bad, _RESTARTS: ["Always", "OnFailure"]}
    never = {**bad, _RESTARTS: ["Never"]}
    soon = {_LATER: ["no"]}
    later = {_LATER: ["yes"], _READY: ["True"]}
    crash: dict[str, Any] = {"delay": 500, "delay_from": _FAILURE_DELAY, "events": [back_off], "status": statuses.CRASHED}
    fail: dict[str, Any] = {"delay": 500, "delay_from": _FAILURE_DELAY, "status": statuses.FAILED}
    waits = {**_UP, _WAITING: ["CrashLoopBackOff"]}
    return [
        _stage("pod-crash", {**again, **soon}, **crash),
        _stage("pod-crash-later", {**again, **later}, **crash),
        _stage("pod-fail", {**never, **soon}, **fail),
        _stage("pod-fail-later", {**never, **later}, **fail),
        _stage("pod-restart", waits, delay=10_000, delay_from=_BACK_OFF, status=statuses.RESTARTED),
    ]


def _end() -> list[dict[str, Any]]:
    """Completion, and removal as a kubelet does it: whoever holds a finalizer sees the pod ended before it goes."""
    ends = {**_UP, _RESTARTS: ["Never", "OnFailure"], _READY: ["True"], _FAILURE: ["none"]}
    leaving: When = {".metadata.deletionTimestamp": True}
    held: When = {**leaving, ".metadata.finalizers[]?": True, ".status.phase": ["Pending", "Running"]}
    return [
        _stage("pod-complete", ends, delay=1000, delay_from=_COMPLETE_DELAY, status=statuses.COMPLETED),
        _stage("pod-stop", held, delay=100, status=statuses.STOPPED),
        _stage("pod-delete", {**leaving, ".metadata.finalizers[]?": False}, delay=100, delete=True),
        _stage(
            "pod-delete-ended",
            {**leaving, ".metadata.finalizers[]?": True, ".status.phase": ["Succeeded", "Failed"]},
            delete=True,
        ),
    ]


def _stage(
    name: str,
    when: When,
    *,
    kind: str = "Pod",
    delay: int = 0,
    delay_from: str = "",
    events: Sequence[Event] = (),
    status: str = "",
    delete: bool = False,
) -> dict[str, Any]:
    """A stage for objects that fit `when`: after `delay` ms (or what `delay_from` says) tell, patch the status, delete."""
    wait: dict[str, Any] = {"durationMilliseconds": delay}
    if delay_from:
        wait["durationFrom"] = {"expressionFrom": delay_from}
    steps: list[dict[str, Any]] = [{"event": {"type": t, "reason": r, "message": m}} for t, r, m in events]
    if status:
        steps.append({"patch": {"subresource": "status", "root": "status", "template": status}})
    if delete:
        steps.append({"delete": True})
    selector = {"matchExpressions": [{"key": key, **_operator(wanted)} for key, wanted in when.items()]}
    spec = {"resourceRef": {"apiGroup": "v1", "kind": kind}, "selector": selector, "delay": wait, "steps": steps}
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}, "spec": spec}


def _operator(wanted: Sequence[str] | bool) -> dict[str, Any]:
    if isinstance(wanted, bool):
        return {"operator": "Exists" if wanted else "DoesNotExist"}
    return {"operator": "In", "values": list(wanted)}
