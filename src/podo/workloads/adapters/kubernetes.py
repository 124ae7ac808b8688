"""Clusters by the one Kubernetes client; the twin answers the same verbs, so there is one adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.errors import Expired, Forbidden, NotFound, StreamCut, Throttled
from podo.clients.kubernetes.types import Kind, Ref
from podo.kernel import clock, traces
from podo.kernel.errors import PodoError
from podo.workloads.adapters import summaries
from podo.workloads.ports import LogsOf, Sighting
from podo.workloads.types import Happened, NoEarlierRun, NoSuchWorkload, Pod, Reach, Workload

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
_FORBIDDEN_PAUSE = 60
_LASTED = 1.0
_COALESCE = 0.15
_MOST_NEWS = 2000
_LARGE = 500
_PAGE = 500
_ALIVE = "alive"
# What a cluster as a whole is, from its kinds: the first of these that any of them is.
_WORST = (Reach.unreachable, Reach.forbidden, Reach.waiting, Reach.seen)


class KubernetesWorkloads:
    """`WorkloadReader` and `WorkloadWriter` over `connections`. Each cluster is asked for a sign of life every `beat` seconds."""

    def __init__(self, connections: Connections, *, beat: float = 10.0) -> None:
        self._connections = connections
        self._beat = beat

    # -- reading

    async def watch(self, cluster: str) -> AsyncGenerator[Sighting, None]:
        """News without end, coalesced. A fault of ours ends it with that fault."""
        news = _News(_MOST_NEWS, [_ALIVE, *(k.kind for k in (*_KINDS, _POD))])
        watchers = [asyncio.create_task(self._follow(cluster, kind, news)) for kind in (*_KINDS, _POD)]
        watchers.append(asyncio.create_task(self._live(cluster, news)))
        try:
            while True:
                yield await _coalesced(news)
        finally:
            for task in watchers:
                task.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    async def _live(self, cluster: str, news: _News) -> None:
        while True:
            try:
                await (await self._connections.of(cluster)).version()
                await news.is_seen(_ALIVE)
            except PodoError as error:
                await news.is_hidden(_ALIVE, Reach.unreachable, error.said()[0])
            except Exception as error:
                await news.broke(error)
            await asyncio.sleep(self._beat)

    async def _follow(self, cluster: str, kind: Kind, news: _News) -> None:
        """A list, then what changes. Only what cannot be gone on from is listed anew: a list is dear to the API server."""
        failures, last = 0, _Last()
        while True:
            began = clock.monotonic()
            try:
                client = await self._connections.of(cluster)
                async with aclosing(_pods(client, news, last) if kind == _POD else _objects(client, kind, news, last)) as steps:
                    async for _ in steps:
                        failures = 0
            except Expired:
                last.version = ""
                continue
            except StreamCut:
                # Nothing is lost. Should the API server be gone, the next watch says so.
                failures = 0 if clock.monotonic() - began > _LASTED else failures + 1
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1] if failures else 0)
            except Throttled as error:
                if not last.version:
                    await news.is_hidden(kind.kind, Reach.unreachable, error.said()[0])
                await asyncio.sleep(max(float(error.data["after"]), _PAUSES[min(failures, len(_PAUSES) - 1)]))
                failures += 1
            except Forbidden as error:
                last.version = ""
                await news.is_hidden(kind.kind, Reach.forbidden, error.said()[0])
                await asyncio.sleep(_FORBIDDEN_PAUSE)
            except PodoError as error:
                last.version = ""
                await news.is_hidden(kind.kind, Reach.unreachable, error.said()[0])
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1
            except Exception as error:
                await news.broke(error)
                return

    async def events(self, cluster: str, namespace: str, name: str) -> Sequence[Happened]:
        """Newest first."""
        client = await self._connections.of(cluster)
        page = await client.list(_EVENT, namespace=namespace, limit=500)
        found = [_happened(m) for m in page.items if m.get("involvedObject", {}).get("name", "").startswith(name)]
        return sorted(found, key=lambda h: h.at.timestamp() if h.at else 0, reverse=True)

    async def logs(self, cluster: str, namespace: str, pod: str, which: LogsOf) -> AsyncGenerator[str, None]:
        """Lines with their times in front."""
        client = await self._connections.of(cluster)
        lines = client.logs(
            _POD.ref(pod, namespace),
            container=which.container,
            previous=which.previous,
            since_time=which.since,
            tail_lines=which.tail,
            follow=which.follow,
            timestamps=True,
        )
        try:
            async with aclosing(lines):
                async for line in lines:
                    yield line
        except NotFound as error:
            if which.previous and "previous terminated" in str(error.data.get("message", "")):
                raise NoEarlierRun(pod=pod, container=which.container or "") from None
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
        return _readable(found)

    async def autoscaler(self, cluster: str, namespace: str, kind: str, name: str) -> str | None:
        """The HorizontalPodAutoscaler that names this workload."""
        client = await self._connections.of(cluster)
        page = await client.list(_OTHERS["HorizontalPodAutoscaler"], namespace=namespace)
        for scaler in page.items:
            target = scaler.get("spec", {}).get("scaleTargetRef", {})
            if (target.get("kind"), target.get("name")) == (kind, name):
                return scaler["metadata"]["name"]
        return None

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
        about = {"k8s__cluster__name": cluster, "k8s__namespace__name": namespace, "k8s__object__kind": kind}
        try:
            with traces.within(f"change {kind}", kind="client", **about, k8s__object__name=name):
                await call
        except NotFound:
            raise NoSuchWorkload(cluster=cluster, kind=kind, name=name, project=namespace) from None


def _ref(kind: str, name: str, namespace: str) -> Ref:
    return _BY_NAME[kind].ref(name, namespace)


def _ours(namespace: str) -> bool:
    return not namespace.startswith(_NOT_OURS)


@dataclass(slots=True)
class _Last:
    """The version up to which a kind is known; empty where it is to be listed."""

    version: str = ""


class _News:
    """What the watchers of one cluster saw, in order, and how far each kind can be seen."""

    def __init__(self, size: int, kinds: Sequence[str]) -> None:
        self._queue: asyncio.Queue[Sighting | Exception] = asyncio.Queue(size)
        self._reach: dict[str, tuple[Reach, str]] = dict.fromkeys(kinds, (Reach.waiting, ""))
        self._next: Sighting | None = None

    async def put(self, sighting: Sighting) -> None:
        """News of what is there."""
        await self._queue.put(sighting)

    async def is_seen(self, kind: str) -> None:
        """This kind can be seen; for the sign of life, a word about it every time."""
        self._reach[kind] = (Reach.seen, "")
        if kind == _ALIVE:
            await self._queue.put(Sighting(Reach.seen))

    async def is_hidden(self, kind: str, reach: Reach, why: str) -> None:
        """This kind cannot be seen now."""
        self._reach[kind] = (reach, why)
        await self._queue.put(Sighting(reach, why))

    async def broke(self, error: Exception) -> None:
        """A fault of ours, for whoever reads the news."""
        await self._queue.put(error)

    def reach(self) -> tuple[Reach, str]:
        """How far the cluster can be seen now, and why not further."""
        return min(self._reach.values(), key=lambda found: _WORST.index(found[0]))

    async def take(self) -> Sighting:
        """The next; raises a fault of ours."""
        found, self._next = self._next or await self._queue.get(), None
        if isinstance(found, Exception):
            raise found
        return found

    async def more(self, kinds: Set[str]) -> Sighting | None:
        """The next if it is there and can be put together with what was seen of `kinds`; what cannot stays the next."""
        if self._next is None and not self._queue.empty():
            self._next = await self.take()
        if self._next is None or _is_large(self._next) or not kinds.isdisjoint(self._next.whole):
            return None
        found, self._next = self._next, None
        return found


def _is_large(sighting: Sighting) -> bool:
    return len(sighting.workloads) + len(sighting.pods) > _LARGE


async def _coalesced(news: _News) -> Sighting:
    """All that came within a moment as one; a long list stands alone, and a list never follows news of its kind."""
    first = await news.take()
    if _is_large(first):
        reach, why = news.reach()
        return replace(first, reach=reach, why=why)
    await asyncio.sleep(_COALESCE)
    workloads: dict[tuple[str, str, str], Workload] = {}
    pods: dict[tuple[str, str], Pod] = {}
    gone: dict[tuple[str, str, str], None] = {}
    whole: set[str] = set()
    kinds: set[str] = set()
    sighting: Sighting | None = first
    while sighting is not None:
        whole |= sighting.whole
        kinds |= sighting.whole | {w.kind for w in sighting.workloads} | {kind for kind, _, _ in sighting.gone}
        kinds |= {_POD.kind} if sighting.pods else set()
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
        sighting = await news.more(kinds)
    reach, why = news.reach()
    seen = list(workloads.values()), list(pods.values())
    return Sighting(reach, why, *seen, gone=list(gone), whole=frozenset(whole))


async def _objects(client: Cluster, kind: Kind, news: _News, last: _Last) -> AsyncGenerator[None, None]:
    """Everything of a kind unless it is known up to a version, then what changes; yields after each step."""
    if not last.version:
        page = await client.list(kind)
        found = [summaries.workload(client.name, {**m, "apiVersion": kind.api_version, "kind": kind.kind}) for m in page.items]
        await news.is_seen(kind.kind)
        await news.put(Sighting(Reach.seen, workloads=[w for w in found if _ours(w.namespace)], whole=frozenset({kind.kind})))
        last.version = page.resource_version
        yield
    while True:
        async with aclosing(client.watch(kind, resource_version=last.version, bookmarks=True)) as changes:
            async for type_, manifest in changes:
                yield
                metadata = manifest["metadata"]
                if type_ == "BOOKMARK" or not _ours(metadata["namespace"]):
                    pass
                elif type_ == "DELETED":
                    await news.put(Sighting(Reach.seen, gone=[(kind.kind, metadata["namespace"], metadata["name"])]))
                else:
                    await news.put(Sighting(Reach.seen, workloads=[summaries.workload(client.name, manifest)]))
                # Only what was told counts as known.
                last.version = metadata["resourceVersion"]


async def _pods(client: Cluster, news: _News, last: _Last) -> AsyncGenerator[None, None]:
    """Every pod unless they are known up to a version, then what changes; yields after each step."""
    if not last.version:
        # Page by page, so that no more than a page is held as it came.
        page = await client.list_pods(limit=_PAGE)
        pods = [summaries.pod(client.name, p) for p in page.items if _ours(p.namespace)]
        while page.continue_:
            page = await client.list_pods(limit=_PAGE, continue_=page.continue_)
            pods += [summaries.pod(client.name, p) for p in page.items if _ours(p.namespace)]
        await news.is_seen("Pod")
        await news.put(Sighting(Reach.seen, pods=pods, whole=frozenset({"Pod"})))
        last.version = page.resource_version
        yield
    while True:
        async with aclosing(client.watch_pods(resource_version=last.version)) as changes:
            async for type_, seen in changes:
                yield
                if type_ == "BOOKMARK" or not _ours(seen.namespace):
                    pass
                elif type_ == "DELETED":
                    await news.put(Sighting(Reach.seen, gone=[("Pod", seen.namespace, seen.name)]))
                else:
                    await news.put(Sighting(Reach.seen, pods=[summaries.pod(client.name, seen)]))
                last.version = seen.metadata.resource_version


def _readable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Without what machines keep there; of a Secret only the keys, and not what an annotation repeats of it."""
    metadata = manifest.get("metadata", {})
    metadata.pop("managedFields", None)
    if manifest.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if part in manifest:
                manifest[part] = dict.fromkeys(manifest[part] or {}, "•••")
        (metadata.get("annotations") or {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    return manifest


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
