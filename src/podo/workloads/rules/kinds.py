"""Health of the other built-in kinds, with the reason in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from podo.kernel.errors import N_
from podo.workloads.rules.pods import condition, pod_health
from podo.workloads.types import Health, HealthStatus

Manifest = Mapping[str, Any]
_NOTHING: Manifest = {}
ORDER = tuple(HealthStatus)
_HEALTHY = Health(HealthStatus.healthy)


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
    return max(known, key=lambda h: ORDER.index(h.status), default=_HEALTHY)


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
    if condition(status, "Complete") == "True":
        return _HEALTHY
    if condition(status, "Suspended") == "True":
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
    text = (manifest.get("metadata", {}).get("annotations") or _NOTHING).get("autoscaling.alpha.kubernetes.io/conditions", "[]")
    try:
        return json.loads(text)
    except ValueError:
        return ()


def _api_service(manifest: Manifest) -> Health:
    if condition(manifest.get("status", {}), "Available") == "True":
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
