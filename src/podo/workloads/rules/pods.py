"""Health of a pod, with the reason in words, and the one word for its square in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.kernel.errors import N_
from podo.workloads.types import Health, HealthStatus

Manifest = Mapping[str, Any]
_NOTHING: Manifest = {}
_HEALTHY = Health(HealthStatus.healthy)
_BAD_WAITS = frozenset({"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"})


def pod_health(pod: Manifest) -> Health:
    """A pod: crashing and unpullable images are Degraded, not ready is Progressing."""
    status = pod.get("status", {})
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    if (bad := _crashing(containers)) is not None:
        return bad
    match status.get("phase"):
        case "Failed":
            return _failed_pod(status, containers)
        case "Succeeded":
            return _HEALTHY
        case "Running":
            return _running_pod(pod, status, containers)
        case "Pending":
            return _pending_pod(status, containers)
        case _:
            return Health(HealthStatus.unknown, "no_phase", N_("the cluster does not say how it is"))


def _crashing(containers: Sequence[Manifest]) -> Health | None:
    for c in containers:
        waiting = c.get("state", {}).get("waiting") or _NOTHING
        reason = waiting.get("reason", "")
        if reason not in _BAD_WAITS and not reason.endswith("Error") and not reason.startswith("ErrImage"):
            continue
        facts = {"container": c.get("name", ""), "image": c.get("image", ""), "restarts": c.get("restartCount", 0)}
        match reason:
            case "CrashLoopBackOff":
                ended = c.get("lastState", {}).get("terminated") or c.get("state", {}).get("terminated") or _NOTHING
                facts |= {"exit": ended.get("exitCode", "?")}
                if ended.get("reason") == "OOMKilled":
                    return Health(
                        HealthStatus.degraded, "out_of_memory", N_("{container} runs out of memory and restarts"), facts
                    )
                words = N_("{container} crashes and restarts: exit {exit}, {restarts} times so far")
                return Health(HealthStatus.degraded, "crash_loop", words, facts)
            case "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull":
                return Health(HealthStatus.degraded, "image_pull", N_("the image {image} cannot be pulled"), facts)
            case _:
                facts |= {"reason": reason, "message": waiting.get("message", "")}
                return Health(HealthStatus.degraded, "not_startable", N_("{container} cannot start: {reason} {message}"), facts)
    return None


def _failed_pod(status: Manifest, containers: Sequence[Manifest]) -> Health:
    for c in containers:
        ended = c.get("state", {}).get("terminated") or _NOTHING
        if ended.get("reason") == "OOMKilled":
            facts = {"container": c.get("name", "")}
            return Health(HealthStatus.degraded, "out_of_memory", N_("{container} ran out of memory"), facts)
        if ended.get("exitCode"):
            facts = {"container": c.get("name", ""), "exit": ended["exitCode"]}
            return Health(HealthStatus.degraded, "exited", N_("{container} ended with exit {exit}"), facts)
    facts = {"reason": status.get("reason") or status.get("message") or "?"}
    return Health(HealthStatus.degraded, "failed", N_("it failed: {reason}"), facts)


def _running_pod(pod: Manifest, status: Manifest, containers: Sequence[Manifest]) -> Health:
    restart = pod.get("spec", {}).get("restartPolicy", "Always")
    if restart != "Always" and not _policy_is_ignored(pod):
        return Health(HealthStatus.progressing, "running", N_("it runs until it ends by itself"))
    if condition(status, "Ready") == "True":
        return _HEALTHY
    if any((c.get("lastState", {}).get("terminated") or _NOTHING) for c in containers):
        facts = {"restarts": sum(c.get("restartCount", 0) for c in containers)}
        return Health(HealthStatus.degraded, "restarting", N_("it restarted {restarts} times and is not ready"), facts)
    return Health(HealthStatus.progressing, "not_ready", N_("it runs and is not ready yet"))


def _policy_is_ignored(pod: Manifest) -> bool:
    annotations = pod.get("metadata", {}).get("annotations") or _NOTHING
    return annotations.get("argocd.argoproj.io/ignore-restart-policy") == "true"


def _pending_pod(status: Manifest, containers: Sequence[Manifest]) -> Health:
    for condition in status.get("conditions", ()):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            facts = {"message": condition.get("message", "")}
            return Health(HealthStatus.progressing, "unschedulable", N_("no node takes it: {message}"), facts)
    waiting = next((c["state"]["waiting"].get("reason", "") for c in containers if c.get("state", {}).get("waiting")), "")
    return Health(HealthStatus.progressing, "starting", N_("it is starting: {reason}"), {"reason": waiting or "Pending"})


def condition(status: Manifest, kind: str) -> str:
    """The status of a condition, empty where there is none."""
    return next((c.get("status", "") for c in status.get("conditions") or () if c.get("type") == kind), "")


# The words of `pod_state`, and what a container does.
STATES = (N_("ready"), N_("starting"), N_("crashing"), N_("failed"), N_("succeeded"), N_("ending"))
CONTAINER_STATES = (N_("running"), N_("waiting"), N_("terminated"))


def pod_state(phase: str, health: Health, *, ready: bool, ending: bool) -> str:
    """One word for a square in the list: ready, starting, crashing, failed, succeeded or ending."""
    if ending:
        return "ending"
    if phase == "Succeeded":
        return "succeeded"
    if health.status is HealthStatus.degraded:
        return "failed" if phase == "Failed" else "crashing"
    return "ready" if ready else "starting"
