"""Clusters by the one Kubernetes client: server-side apply as field manager `podo`, and looking at what came of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.errors import NotFound, UnknownKind
from podo.clients.kubernetes.types import Kind, Ref
from podo.delivery.rules.releases import WORKLOADS
from podo.delivery.types import Manifest, Seen, TargetGone
from podo.kernel import traces
from podo.workloads import service as workloads
from podo.workloads.types import HealthStatus

_MANAGER = "podo"
_NAMESPACE = Kind("v1", "Namespace")
_SECRET = Kind("v1", "Secret")
# What Podo may have applied, in the order in which it is taken away: what brings traffic and pods first.
_KINDS = (
    Kind("networking.k8s.io/v1", "Ingress"),
    Kind("autoscaling/v2", "HorizontalPodAutoscaler"),
    Kind("batch/v1", "CronJob"),
    Kind("apps/v1", "Deployment"),
    Kind("apps/v1", "StatefulSet"),
    Kind("policy/v1", "PodDisruptionBudget"),
    Kind("v1", "Service"),
    Kind("v1", "ConfigMap"),
    _SECRET,
    Kind("v1", "ServiceAccount"),
)
_HAS_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


class KubernetesTargets:
    """`TargetReader` and `TargetWriter`; the twin answers the same client, so there is one adapter."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # -- reading

    async def reach(self, cluster: str, project: str) -> None:
        """See `TargetReader`."""
        client = await self._connections.of(cluster)
        try:
            found = await client.get(_NAMESPACE.ref(project))
        except NotFound:
            raise TargetGone(cluster=cluster, project=project) from None
        if found.get("status", {}).get("phase") == "Terminating":
            raise TargetGone(cluster=cluster, project=project)

    async def look(self, cluster: str, project: str, label: str, manifests: Sequence[Manifest]) -> Seen:
        """See `TargetReader`."""
        client = await self._connections.of(cluster)
        refs = [Ref.of(m) for m in manifests if m["kind"] in WORKLOADS]
        found = await asyncio.gather(*(_maybe(client, ref) for ref in refs))
        there = [m for m in found if m is not None]
        if len(there) < len(refs):
            gone = next(r for r, m in zip(refs, found, strict=True) if m is None)
            return Seen("Missing", code="missing", reason="{what} is missing", facts={"what": str(gone)})
        pods = (await client.list_pods(namespace=project, label_selector=f"podo.dev/release={label}")).items
        health = workloads.judge(there, [p.manifest() for p in pods])
        counted = [m for m in there if m["kind"] in _HAS_PODS]
        return Seen(
            health=_word(health.status, there),
            ready=sum(_ready(m) for m in counted),
            wanted=sum(m["spec"].get("replicas", 1) for m in counted),
            code=health.code,
            reason=health.reason,
            facts=dict(health.facts),
        )

    # -- writing

    async def apply(self, cluster: str, project: str, manifests: Sequence[Manifest]) -> None:
        """See `TargetWriter`."""
        client = await self._connections.of(cluster)
        for manifest in manifests:
            with _on("apply", Ref.of(manifest), cluster):
                await client.apply(manifest, field_manager=_MANAGER, force=True)

    async def secret(self, cluster: str, project: str, name: str, labels: Mapping[str, str], values: Mapping[str, str]) -> None:
        """See `TargetWriter`."""
        client = await self._connections.of(cluster)
        if not values:
            await _delete(client, _SECRET.ref(name, project), None)
            return
        manifest: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": project, "labels": dict(labels)},
            "type": "Opaque",
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
        }
        with _on("apply", _SECRET.ref(name, project), cluster):
            await client.apply(manifest, field_manager=_MANAGER, force=True)

    async def prune(self, cluster: str, project: str, environment: str, keep: Sequence[Manifest]) -> Sequence[str]:
        """See `TargetWriter`."""
        client = await self._connections.of(cluster)
        kept = {(m["kind"], m["metadata"]["name"]) for m in keep}
        selector = f"app.kubernetes.io/managed-by=podo,podo.dev/project={project},podo.dev/environment={environment}"
        pages = await asyncio.gather(*(_all(client, kind, project, selector) for kind in _KINDS))
        gone: list[str] = []
        for kind, items in zip(_KINDS, pages, strict=True):
            for item in items:
                metadata = item["metadata"]
                if (kind.kind, metadata["name"]) in kept or metadata.get("ownerReferences"):
                    continue
                with _on("delete", kind.ref(metadata["name"], project), cluster):
                    await _delete(client, kind.ref(metadata["name"], project), metadata["uid"])
                gone.append(f"{kind.kind} {metadata['name']}")
        return gone

    async def pause(self, cluster: str, project: str, manifests: Sequence[Manifest]) -> None:
        """See `TargetWriter`."""
        client = await self._connections.of(cluster)
        for manifest in manifests:
            if manifest["kind"] == "Deployment" and await _maybe(client, Ref.of(manifest)) is not None:
                paused = {**manifest, "spec": {**manifest["spec"], "paused": True}}
                await client.apply(paused, field_manager=_MANAGER, force=True)


def _on(what: str, ref: Ref, cluster: str) -> AbstractContextManager[object]:
    """The end of a trace: one object in one cluster."""
    about = {"k8s__cluster__name": cluster, "k8s__namespace__name": ref.namespace, "k8s__object__kind": ref.kind}
    return traces.within(f"{what} {ref.kind}", kind="client", **about, k8s__object__name=ref.name)


def _ready(manifest: Mapping[str, Any]) -> int:
    """Pods of this release that are ready: those of an earlier one, which still run, are none of its."""
    status: Mapping[str, Any] = manifest.get("status") or {}
    return min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0))


def _word(status: HealthStatus, there: Sequence[Manifest]) -> str:
    # A suspended cron job is as somebody wants it; a paused Deployment is not there yet.
    if status is HealthStatus.suspended:
        paused = any(m["kind"] == "Deployment" and m["spec"].get("paused") for m in there)
        return "Progressing" if paused else "Healthy"
    return "Healthy" if not there else status.value


async def _maybe(client: Cluster, ref: Ref) -> dict[str, Any] | None:
    try:
        return await client.get(ref)
    except NotFound:
        return None


async def _all(client: Cluster, kind: Kind, namespace: str, selector: str) -> Sequence[dict[str, Any]]:
    try:
        return (await client.list(kind, namespace=namespace, label_selector=selector)).items
    except (UnknownKind, NotFound):
        return ()


async def _delete(client: Cluster, ref: Ref, uid: str | None) -> None:
    try:
        await client.delete(ref, uid=uid)
    except NotFound:
        return
