"""Health of built-in kinds, with the reason in words. Values only; the words are Argo CD's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from podo.kernel.errors import N_
from podo.workloads.types import Health, HealthStatus, Pod, Reach, View, Workload

Manifest = Mapping[str, Any]
_NOTHING: Manifest = {}
_ORDER = tuple(HealthStatus)
_HEALTHY = Health(HealthStatus.healthy)
_BAD_WAITS = frozenset({"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"})


def health_of(manifest: Manifest) -> Health | None:
    """The health of one object as the cluster shows it; None for kinds that have none of their own."""
    version, kind = manifest.get("apiVersion", ""), manifest.get("kind", "")
    group = version.rpartition("/")[0]
    judge = _JUDGES.get((group, kind))
    if judge is None:
        return None
    if manifest.get("metadata", {}).get("deletionTimestamp"):
        return Health(HealthStatus.progressing, "ending", N_("it is being deleted"))
    return judge(manifest)


def worst(found: Iterable[Health | None]) -> Health:
    """The worst of several, Healthy when there are none."""
    known = [h for h in found if h is not None]
    return max(known, key=lambda h: _ORDER.index(h.status), default=_HEALTHY)


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
                ended = (c.get("lastState", {}).get("terminated") or c.get("state", {}).get("terminated") or _NOTHING)
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
    if _condition(status, "Ready") == "True":
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


def _condition(status: Manifest, kind: str) -> str:
    return next((c.get("status", "") for c in status.get("conditions") or () if c.get("type") == kind), "")


def _reason(status: Manifest, kind: str) -> str:
    return next((c.get("reason", "") for c in status.get("conditions") or () if c.get("type") == kind), "")


def _old_news(manifest: Manifest) -> bool:
    generation = manifest.get("metadata", {}).get("generation")
    return bool(generation) and generation > manifest.get("status", {}).get("observedGeneration", 0)


_WAITING_FOR_CONTROLLER = Health(HealthStatus.progressing, "not_observed", N_("the cluster has not taken up the change yet"))


def _deployment(manifest: Manifest) -> Health:
    spec, status = manifest.get("spec", {}), manifest.get("status", {})
    if spec.get("paused"):
        return Health(HealthStatus.suspended, "paused", N_("its rollout is paused"))
    if _old_news(manifest):
        return _WAITING_FOR_CONTROLLER
    if _reason(status, "Progressing") == "ProgressDeadlineExceeded":
        return Health(HealthStatus.degraded, "deadline", N_("its pods did not become ready in time"))
    if (refused := _condition_message(status, "ReplicaFailure")) is not None:
        return Health(HealthStatus.degraded, "pods_refused", N_("its pods cannot be made: {message}"), {"message": refused})
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if updated < wanted:
        facts = {"updated": updated, "wanted": wanted}
        return Health(HealthStatus.progressing, "updating", N_("{updated} of {wanted} pods are of the new version"), facts)
    if (old := status.get("replicas", 0) - updated) > 0:
        return Health(HealthStatus.progressing, "old_pods", N_("{count} pods of the old version are still there"), {"count": old})
    return _available(status.get("availableReplicas", 0), wanted)


def _available(ready: int, wanted: int) -> Health:
    if ready < wanted:
        facts = {"ready": ready, "wanted": wanted}
        return Health(HealthStatus.progressing, "pods_not_ready", N_("{ready} of {wanted} pods are ready"), facts)
    return _HEALTHY


def _condition_message(status: Manifest, kind: str) -> str | None:
    for c in status.get("conditions") or ():
        if c.get("type") == kind and c.get("status") == "True":
            return c.get("message", "")
    return None


def _stateful_set(manifest: Manifest) -> Health:
    spec, status = manifest.get("spec", {}), manifest.get("status", {})
    if _old_news(manifest):
        return _WAITING_FOR_CONTROLLER
    wanted = spec.get("replicas", 1)
    if status.get("readyReplicas", 0) < wanted:
        return _available(status.get("readyReplicas", 0), wanted)
    strategy = spec.get("updateStrategy") or _NOTHING
    if strategy.get("type") == "OnDelete":
        return _HEALTHY
    partition = (strategy.get("rollingUpdate") or _NOTHING).get("partition")
    if partition:
        updated = status.get("updatedReplicas", 0)
        if updated < wanted - partition:
            facts = {"updated": updated, "wanted": wanted - partition}
            return Health(HealthStatus.progressing, "updating", N_("{updated} of {wanted} pods are of the new version"), facts)
        return _HEALTHY
    if status.get("updateRevision") != status.get("currentRevision"):
        facts = {"updated": status.get("updatedReplicas", 0), "wanted": wanted}
        return Health(HealthStatus.progressing, "updating", N_("{updated} of {wanted} pods are of the new version"), facts)
    return _HEALTHY


def _daemon_set(manifest: Manifest) -> Health:
    spec, status = manifest.get("spec", {}), manifest.get("status", {})
    if _old_news(manifest):
        return _WAITING_FOR_CONTROLLER
    if (spec.get("updateStrategy") or _NOTHING).get("type") == "OnDelete":
        return _HEALTHY
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    if updated < wanted:
        facts = {"updated": updated, "wanted": wanted}
        return Health(HealthStatus.progressing, "updating", N_("{updated} of {wanted} pods are of the new version"), facts)
    return _available(status.get("numberAvailable", 0), wanted)


def _replica_set(manifest: Manifest) -> Health:
    status = manifest.get("status", {})
    if _old_news(manifest):
        return _WAITING_FOR_CONTROLLER
    if (refused := _condition_message(status, "ReplicaFailure")) is not None:
        return Health(HealthStatus.degraded, "pods_refused", N_("its pods cannot be made: {message}"), {"message": refused})
    return _available(status.get("availableReplicas", 0), manifest.get("spec", {}).get("replicas", 1))


def _job(manifest: Manifest) -> Health:
    status = manifest.get("status", {})
    if (failed := _condition_message(status, "Failed")) is not None:
        return Health(HealthStatus.degraded, "job_failed", N_("it failed: {message}"), {"message": failed})
    if _condition(status, "Complete") == "True":
        return _HEALTHY
    if _condition(status, "Suspended") == "True":
        return Health(HealthStatus.suspended, "suspended", N_("it is suspended"))
    return Health(HealthStatus.progressing, "running", N_("it runs until it ends by itself"))


def _cron_job(manifest: Manifest) -> Health:
    if manifest.get("spec", {}).get("suspend"):
        return Health(HealthStatus.suspended, "suspended", N_("it is suspended"))
    return _HEALTHY


def _claim(manifest: Manifest) -> Health:
    match manifest.get("status", {}).get("phase"):
        case "Bound":
            return _HEALTHY
        case "Lost":
            return Health(HealthStatus.degraded, "volume_lost", N_("its volume is lost"))
        case "Pending":
            return Health(HealthStatus.progressing, "volume_pending", N_("it waits for a volume"))
        case _:
            return Health(HealthStatus.unknown, "no_phase", N_("the cluster does not say how it is"))


def _service(manifest: Manifest) -> Health:
    if manifest.get("spec", {}).get("type") != "LoadBalancer" or _balanced(manifest):
        return _HEALTHY
    return Health(HealthStatus.progressing, "no_address", N_("it waits for an address"))


def _ingress(manifest: Manifest) -> Health:
    if _balanced(manifest):
        return _HEALTHY
    return Health(HealthStatus.progressing, "no_address", N_("it waits for an address"))


def _balanced(manifest: Manifest) -> bool:
    return bool((manifest.get("status", {}).get("loadBalancer") or _NOTHING).get("ingress"))


def _autoscaler(manifest: Manifest) -> Health:
    conditions = manifest.get("status", {}).get("conditions") or _annotated_conditions(manifest)
    for c in conditions:
        failing = c.get("status") == "False" and c.get("type") in ("AbleToScale", "ScalingActive")
        if failing and c.get("reason") in _AUTOSCALER_FAULTS:
            facts = {"message": c.get("message", "")}
            return Health(HealthStatus.degraded, "not_scaling", N_("it cannot scale: {message}"), facts)
    for c in conditions:
        if (c.get("type"), c.get("status")) in (("AbleToScale", "True"), ("ScalingLimited", "True")):
            return _HEALTHY
    return Health(HealthStatus.progressing, "no_metrics", N_("it waits for its first measurement"))


_AUTOSCALER_FAULTS = frozenset(
    {
        "FailedGetScale",
        "FailedUpdateScale",
        "FailedGetResourceMetric",
        "InvalidSelector",
        "FailedGetObjectMetric",
        "FailedGetPodsMetric",
        "FailedGetExternalMetric",
        "FailedGetContainerResourceMetric",
        "FailedComputeMetricsReplicas",
        "InvalidMetricSourceType",
    }
)


def _annotated_conditions(manifest: Manifest) -> Sequence[Manifest]:
    """autoscaling/v1 keeps its conditions as JSON in an annotation."""
    import json

    text = (manifest.get("metadata", {}).get("annotations") or _NOTHING).get("autoscaling.alpha.kubernetes.io/conditions", "[]")
    try:
        return json.loads(text)
    except ValueError:
        return ()


def _api_service(manifest: Manifest) -> Health:
    if _condition(manifest.get("status", {}), "Available") == "True":
        return _HEALTHY
    return Health(HealthStatus.progressing, "not_available", N_("nothing serves it yet"))


_JUDGES: dict[tuple[str, str], Callable[[Manifest], Health]] = {
    ("", "Pod"): pod_health,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("extensions", "Deployment"): _deployment,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("extensions", "Ingress"): _ingress,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("apiregistration.k8s.io", "APIService"): _api_service,
}


def view(
    environment: str,
    region: str,
    cluster: str,
    reach: tuple[Reach, str, datetime, datetime | None] | None,
    seen: Sequence[Workload | Pod],
    now: datetime,
) -> View:
    """What is known of one target: its workloads with their pods, and how far we can see."""
    if reach is None:
        return View(environment, region, cluster, Reach.waiting, "", None, ())
    state, why, _, seen_at = reach
    pods: dict[tuple[str, str], list[Pod]] = {}
    for pod in seen:
        if isinstance(pod, Pod) and pod.cluster == cluster:
            pods.setdefault((pod.owner_kind, pod.owner), []).append(pod)
    workloads = [
        _put_together(w, environment, region, tuple(pods.pop((w.kind, w.name), ())))
        for w in seen
        if isinstance(w, Workload) and w.cluster == cluster
    ]
    alone = [_alone(p, environment, region) for (kind, _), found in pods.items() if kind == "Pod" for p in found]
    return View(environment, region, cluster, state, why, seen_at, (*workloads, *alone))


def _put_together(w: Workload, environment: str, region: str, pods: tuple[Pod, ...]) -> Workload:
    """A workload's own status is slower than its pods to say why: a pod that crashes or cannot be pulled names the reason."""
    health = w.health
    if health.status is HealthStatus.progressing:
        bad = next((p.health for p in pods if p.health.status is HealthStatus.degraded), None)
        health = bad or health
    return replace(w, environment=environment, region=region, pods=pods, health=health)


def _alone(pod: Pod, environment: str, region: str) -> Workload:
    image = pod.containers[0].image if pod.containers else ""
    return Workload(
        kind="Pod",
        name=pod.name,
        cluster=pod.cluster,
        namespace=pod.namespace,
        environment=environment,
        region=region,
        desired=1,
        ready=1 if pod.state == "ready" else 0,
        image=image,
        release=pod.release,
        deployment=None,
        health=pod.health,
        changed_at=pod.created_at,
        pods=(pod,),
    )


def worst_by_place(counts: Sequence[tuple[str, str, str, int]]) -> Mapping[str, Mapping[str, Health]]:
    """(namespace, cluster, health, count) as the worst health of each namespace and cluster."""
    found: dict[str, dict[str, Health]] = {}
    for namespace, cluster, status, _ in counts:
        place = found.setdefault(namespace, {})
        place[cluster] = worst([place.get(cluster), Health(HealthStatus(status))])
    return found


def pod_state(phase: str, health: Health, *, ready: bool, ending: bool) -> str:
    """One word for a square in the list: ready, starting, crashing, failed, succeeded or ending."""
    if ending:
        return "ending"
    if phase == "Succeeded":
        return "succeeded"
    if health.status is HealthStatus.degraded:
        return "failed" if phase == "Failed" else "crashing"
    return "ready" if ready else "starting"


def millicores(quantity: str) -> int:
    """`250m` or `1.5` as millicores; 0 for nothing."""
    if not quantity:
        return 0
    return int(quantity[:-1]) if quantity.endswith("m") else int(float(quantity) * 1000)


def mebibytes(quantity: str) -> int:
    """`512Mi`, `1Gi`, `128M` or bytes as Mi; 0 for nothing."""
    units = {
        "Ki": 1 / 1024,
        "Mi": 1,
        "Gi": 1024,
        "Ti": 1024**2,
        "k": 1e3 / 2**20,
        "M": 1e6 / 2**20,
        "G": 1e9 / 2**20,
        "T": 1e12 / 2**20,
    }
    for unit, factor in units.items():
        if quantity.endswith(unit):
            return round(float(quantity.removesuffix(unit)) * factor)
    return round(float(quantity) / 2**20) if quantity else 0


def log_line(line: str) -> tuple[datetime | None, str, str]:
    """A line `2026-11-23T05:08:01.2Z text` as (time, text, kind); kind is err, warn or empty, by the words of the text."""
    stamp, _, text = line.partition(" ")
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", stamp))
    except ValueError:
        at, text = None, line
    if _ERROR.search(text):
        return at, text, "err"
    return at, text, "warn" if _WARNING.search(text) else ""


# Kubernetes writes nanoseconds; Python reads microseconds.
_FRACTION = re.compile(r"(\.\d{6})\d+")
_ERROR = re.compile(r"\b(ERROR|FATAL|CRITICAL|panic:|Traceback|Exception)\b|^\s*\S*Error:")
_WARNING = re.compile(r"\bWARN(ING)?\b")


@dataclass(frozen=True, slots=True)
class Group:
    """One workload in all the targets that were asked for: (view, workload or None where the view is blind)."""

    kind: str
    name: str
    health: Health
    places: tuple[tuple[View, Workload], ...]


def groups(seen: Sequence[View], wanted: Mapping[str, str], text: str = "") -> list[Group]:
    """Workloads by name over targets, the bad ones first. `wanted` may name kind, region, is (a health); `text` a part of a name."""
    found: dict[tuple[str, str], list[tuple[View, Workload]]] = {}
    for shown in seen:
        for w in shown.workloads:
            if _wanted(w, wanted, text):
                found.setdefault((w.kind, w.name), []).append((shown, w))
    made = [Group(kind, name, worst(w.health for _, w in places), tuple(places)) for (kind, name), places in found.items()]
    return sorted(made, key=lambda g: (-_ORDER.index(g.health.status), g.kind, g.name))


def _wanted(w: Workload, wanted: Mapping[str, str], text: str) -> bool:
    if text and text not in w.name and not any(text in p.name for p in w.pods):
        return False
    facts = {"kind": w.kind, "region": w.region, "is": w.health.status.value}
    return all(facts[key].lower() == value.lower() for key, value in wanted.items() if key in facts)


def query(text: str) -> tuple[dict[str, str], str]:
    """Words `kind:Deployment region:kr is:degraded` and the rest, which is a part of a name."""
    words = [word.partition(":") for word in text.split()]
    keyed = {key: value for key, colon, value in words if colon and value and key in ("env", "region", "kind", "is")}
    return keyed, " ".join(key + colon + value for key, colon, value in words if key not in keyed)
