"""Clusters by the one Kubernetes client; the twin answers the same verbs, so there is one adapter."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.errors import Expired, Forbidden, NotFound
from podo.clients.kubernetes.types import Kind, Ref
from podo.kernel.errors import PodoError
from podo.workloads.adapters import summaries
from podo.workloads.ports import Sighting
from podo.workloads.types import Happened, NoSuchWorkload, Reach, Workload

_log = logging.getLogger("podo.workloads")
_KINDS = (
    Kind("apps/v1", "Deployment"),
    Kind("apps/v1", "StatefulSet"),
    Kind("apps/v1", "DaemonSet"),
    Kind("batch/v1", "Job"),
    Kind("batch/v1", "CronJob"),
)
_BY_NAME = {kind.kind: kind for kind in (*_KINDS, Kind("v1", "Pod"))}
_OTHERS = {
    "Service": Kind("v1", "Service"),
    "ConfigMap": Kind("v1", "ConfigMap"),
    "Secret": Kind("v1", "Secret"),
    "ServiceAccount": Kind("v1", "ServiceAccount"),
    "Ingress": Kind("networking.k8s.io/v1", "Ingress"),
    "HorizontalPodAutoscaler": Kind("autoscaling/v2", "HorizontalPodAutoscaler"),
    "PodDisruptionBudget": Kind("policy/v1", "PodDisruptionBudget"),
    "ReplicaSet": Kind("apps/v1", "ReplicaSet"),
}
_POD = Kind("v1", "Pod")
_EVENT = Kind("v1", "Event")
_MANAGER = "podo"
_NOT_OURS = ("kube-", "local-path-")
_PAUSES = (0.5, 1, 2, 5, 10, 15)
_COALESCE = 0.15
_MOST_NEWS = 2000


class KubernetesWorkloads:
    """`WorkloadReader` and `WorkloadWriter` over `connections`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # -- reading

    async def watch(self, cluster: str) -> AsyncGenerator[Sighting, None]:
        """News without end, coalesced."""
        news: _News = _News(_MOST_NEWS)
        watchers = [asyncio.create_task(self._follow(cluster, kind, news)) for kind in (*_KINDS, _POD)]
        try:
            while True:
                yield await _coalesced(news)
        finally:
            for task in watchers:
                task.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    async def _follow(self, cluster: str, kind: Kind, news: _News) -> None:
        failures = 0
        while True:
            try:
                client = await self._connections.of(cluster)
                await (self._follow_pods(client, news) if kind == _POD else self._follow_kind(client, kind, news))
                failures = 0
            except Expired:
                continue
            except Forbidden as error:
                await news.put(Sighting(Reach.forbidden, error.said()[0]))
                await asyncio.sleep(_PAUSES[-1] * 4)
            except PodoError as error:
                await news.put(Sighting(Reach.unreachable, error.said()[0]))
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    async def _follow_kind(self, client: Cluster, kind: Kind, news: _News) -> None:
        page = await client.list(kind)
        found = [summaries.workload(client.name, {**m, "apiVersion": kind.api_version, "kind": kind.kind}) for m in page.items]
        await news.put(Sighting(Reach.seen, workloads=[w for w in found if _ours(w.namespace)], whole=frozenset({kind.kind})))
        version = page.resource_version
        while True:
            async with aclosing(client.watch(kind, resource_version=version, bookmarks=True)) as changes:
                async for type_, manifest in changes:
                    metadata = manifest["metadata"]
                    version = metadata["resourceVersion"]
                    if type_ == "BOOKMARK" or not _ours(metadata["namespace"]):
                        continue
                    if type_ == "DELETED":
                        gone = (kind.kind, metadata["namespace"], metadata["name"])
                        await news.put(Sighting(Reach.seen, gone=[gone]))
                        continue
                    await news.put(Sighting(Reach.seen, workloads=[summaries.workload(client.name, manifest)]))

    async def _follow_pods(self, client: Cluster, news: _News) -> None:
        page = await client.list_pods()
        pods = [summaries.pod(client.name, p) for p in page.items if _ours(p.namespace)]
        await news.put(Sighting(Reach.seen, pods=pods, whole=frozenset({"Pod"})))
        version = page.resource_version
        while True:
            async with aclosing(client.watch_pods(resource_version=version)) as changes:
                async for type_, seen in changes:
                    version = seen.metadata.resource_version
                    if type_ == "BOOKMARK" or not _ours(seen.namespace):
                        continue
                    if type_ == "DELETED":
                        await news.put(Sighting(Reach.seen, gone=[("Pod", seen.namespace, seen.name)]))
                        continue
                    await news.put(Sighting(Reach.seen, pods=[summaries.pod(client.name, seen)]))

    async def events(self, cluster: str, namespace: str, name: str) -> Sequence[Happened]:
        """Newest first."""
        client = await self._connections.of(cluster)
        page = await client.list(_EVENT, namespace=namespace, limit=500)
        found = [_happened(m) for m in page.items if m.get("involvedObject", {}).get("name", "").startswith(name)]
        return sorted(found, key=lambda h: h.at.timestamp() if h.at else 0, reverse=True)

    async def logs(
        self, cluster: str, namespace: str, pod: str, *, container: str | None, previous: bool, tail: int, follow: bool
    ) -> AsyncGenerator[str, None]:
        """Lines with their times in front."""
        client = await self._connections.of(cluster)
        lines = client.logs(
            _POD.ref(pod, namespace), container=container, previous=previous, tail_lines=tail, follow=follow, timestamps=True
        )
        try:
            async with aclosing(lines):
                async for line in lines:
                    yield line
        except NotFound:
            raise NoSuchWorkload(cluster=cluster, kind="Pod", name=pod, project=namespace) from None

    async def manifest(self, cluster: str, namespace: str, kind: str, name: str) -> dict[str, Any]:
        """As the cluster has it, readable."""
        client = await self._connections.of(cluster)
        known = _BY_NAME.get(kind) or _OTHERS.get(kind)
        if known is None:
            raise NoSuchWorkload(cluster=cluster, kind=kind, name=name, project=namespace)
        try:
            found = await client.get(known.ref(name, namespace))
        except NotFound:
            raise NoSuchWorkload(cluster=cluster, kind=kind, name=name, project=namespace) from None
        found.get("metadata", {}).pop("managedFields", None)
        if kind == "Secret":
            found["data"] = dict.fromkeys(found.get("data") or {}, "•••")
        return found

    # -- changing

    async def restart(self, cluster: str, namespace: str, kind: str, name: str, at: datetime) -> None:
        """As `kubectl rollout restart` does: an annotation of the pods' template."""
        body = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": at.isoformat()}}}}}
        client = await self._connections.of(cluster)
        await self._there(cluster, namespace, kind, name, client.patch(_ref(kind, name, namespace), body, field_manager=_MANAGER))

    async def scale(self, cluster: str, namespace: str, kind: str, name: str, replicas: int) -> None:
        """By the scale subresource."""
        client = await self._connections.of(cluster)
        await self._there(
            cluster, namespace, kind, name, client.scale(_ref(kind, name, namespace), replicas, field_manager=_MANAGER)
        )

    async def delete_pod(self, cluster: str, namespace: str, name: str, uid: str) -> None:
        """With its uid as a precondition, so that its successor is never hit."""
        client = await self._connections.of(cluster)
        try:
            await client.delete(_POD.ref(name, namespace), uid=uid)
        except NotFound:
            return

    async def _there(self, cluster: str, namespace: str, kind: str, name: str, call: Any) -> None:
        try:
            await call
        except NotFound:
            raise NoSuchWorkload(cluster=cluster, kind=kind, name=name, project=namespace) from None


def _ref(kind: str, name: str, namespace: str) -> Ref:
    return _BY_NAME[kind].ref(name, namespace)


def _ours(namespace: str) -> bool:
    return not namespace.startswith(_NOT_OURS)


class _News(asyncio.Queue[Sighting]):
    """A queue whose next item can be looked at."""

    def peek(self) -> Sighting:
        """The next, which stays; only when the queue is not empty."""
        return self._queue[0]  # type: ignore[attr-defined, no-any-return]


def _alone(sighting: Sighting) -> bool:
    return bool(sighting.whole) or sighting.reach is not Reach.seen


async def _coalesced(news: _News) -> Sighting:
    """All that came within a moment as one; a whole list and bad news stand alone."""
    first = await news.get()
    if _alone(first):
        return first
    await asyncio.sleep(_COALESCE)
    workloads: dict[tuple[str, str, str], Workload] = {}
    pods: dict[tuple[str, str], Any] = {}
    gone: dict[tuple[str, str, str], None] = {}
    batch = [first]
    while not news.empty() and not _alone(news.peek()):
        batch.append(news.get_nowait())
    for sighting in batch:
        for w in sighting.workloads:
            workloads[w.kind, w.namespace, w.name] = w
            gone.pop((w.kind, w.namespace, w.name), None)
        for p in sighting.pods:
            pods[p.namespace, p.name] = p
            gone.pop(("Pod", p.namespace, p.name), None)
        for kind, namespace, name in sighting.gone:
            workloads.pop((kind, namespace, name), None)
            pods.pop((namespace, name), None) if kind == "Pod" else None
            gone[kind, namespace, name] = None
    return Sighting(Reach.seen, workloads=list(workloads.values()), pods=list(pods.values()), gone=list(gone))


def _happened(manifest: Mapping[str, Any]) -> Happened:
    about = manifest.get("involvedObject", {})
    at = manifest.get("lastTimestamp") or manifest.get("eventTime") or manifest.get("firstTimestamp")
    return Happened(
        type=manifest.get("type", "Normal"),
        reason=manifest.get("reason", ""),
        message=manifest.get("message", ""),
        object=f"{about.get('kind', '')}/{about.get('name', '')}",
        count=manifest.get("count") or 1,
        at=datetime.fromisoformat(at) if at else None,
    )
