"""Manifests and pod structs as this domain's nouns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from podo.clients.kubernetes.pods import ContainerStatus
from podo.clients.kubernetes.pods import Pod as Struct
from podo.workloads import rules
from podo.workloads.types import Container, Health, HealthStatus, Pod, Workload

_UNKNOWN = Health(HealthStatus.unknown)


def pod(cluster: str, seen: Struct) -> Pod:
    """A pod."""
    health = rules.pod_health(seen.manifest())
    kind, owner = _owner(seen)
    containers = tuple(_container(c) for c in seen.status.container_statuses) or tuple(
        Container(c.name, c.image, ready=False, restarts=0, state="waiting", reason="", last_exit=None)
        for c in seen.spec.containers
    )
    requests = [c.resources.requests or {} for c in seen.spec.containers]
    ending = seen.metadata.deletion_timestamp is not None
    return Pod(
        name=seen.name,
        cluster=cluster,
        namespace=seen.namespace,
        owner=owner,
        owner_kind=kind,
        node=seen.node,
        state=rules.pod_state(seen.phase, health, ready=seen.ready, ending=ending),
        phase=seen.phase,
        restarts=seen.restarts,
        health=health,
        created_at=seen.created,
        cpu_request=sum(rules.millicores(r.get("cpu", "")) for r in requests),
        memory_request=sum(rules.mebibytes(r.get("memory", "")) for r in requests),
        release=_label(seen.labels, seen.metadata.annotations, "podo.dev/release"),
        containers=containers,
        uid=seen.metadata.uid,
        ip=seen.status.pod_ip,
    )


def _owner(seen: Struct) -> tuple[str, str]:
    owner = seen.owner
    if owner is None:
        return "Pod", seen.name
    made_from = seen.labels.get("pod-template-hash", "")
    if owner.kind == "ReplicaSet" and made_from and owner.name.endswith(f"-{made_from}"):
        return "Deployment", owner.name.removesuffix(f"-{made_from}")
    return owner.kind, owner.name


def _container(c: ContainerStatus) -> Container:
    state = "running" if c.state.running else "terminated" if c.state.terminated else "waiting"
    reason = c.waiting_reason or (c.state.terminated.reason if c.state.terminated else "")
    return Container(c.name, c.image, c.ready, c.restart_count, state, reason, c.last_exit_code)


def workload(cluster: str, manifest: Mapping[str, Any]) -> Workload:
    """A Deployment, StatefulSet, DaemonSet, Job or CronJob."""
    metadata, spec, status = manifest["metadata"], manifest.get("spec", {}), manifest.get("status", {})
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template", {})
    number = _label(labels, annotations, "podo.dev/deployment")
    desired, ready = _counts(manifest["kind"], spec, status)
    return Workload(
        kind=manifest["kind"],
        name=metadata["name"],
        cluster=cluster,
        namespace=metadata["namespace"],
        environment=labels.get("podo.dev/environment", ""),
        region=labels.get("podo.dev/region", ""),
        desired=desired,
        ready=ready,
        image=next((c.get("image", "") for c in template.get("spec", {}).get("containers", ())), ""),
        release=_label(labels, annotations, "podo.dev/release"),
        deployment=int(number) if number.isdecimal() else None,
        health=rules.health_of(manifest) or _UNKNOWN,
        changed_at=_changed(metadata, status),
        pods=(),
        schedule=spec.get("schedule", ""),
        suspended=bool(spec.get("suspend")),
        last_run_at=_time(status.get("lastScheduleTime")),
        owner=next((o["name"] for o in metadata.get("ownerReferences") or () if o.get("kind") == "CronJob"), ""),
    )


def _counts(kind: str, spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[int, int]:
    match kind:
        case "DaemonSet":
            return status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        case "Job":
            return spec.get("completions") or 1, status.get("succeeded", 0)
        case "CronJob":
            return 0, len(status.get("active") or ())
        case _:
            return spec.get("replicas", 1), status.get("readyReplicas", 0)


def _changed(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> datetime | None:
    times = [c.get("lastUpdateTime") or c.get("lastTransitionTime") for c in status.get("conditions") or ()]
    return _time(max((t for t in times if t), default=metadata.get("creationTimestamp")))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _label(labels: Mapping[str, str] | None, annotations: Mapping[str, str] | None, name: str) -> str:
    return (labels or {}).get(name) or (annotations or {}).get(name) or ""
