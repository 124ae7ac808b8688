"""The clients of all clusters, kept while the process lives; twins are kept in files between two lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from podo.catalog.types import NamespaceForeign, NamespaceLeaving, NoSuchPlace
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.real import connect
from podo.clients.kubernetes.twin import Twin
from podo.clients.kubernetes.types import Kind
from podo.kernel import clock, traces
from podo.kernel.db import outside

NAMESPACE = Kind("v1", "Namespace")
_MANAGER = "podo"
_FRESH = 2.0
_PATIENCE = 10.0

# (kind, kubeconfig) of a cluster, None where there is none.
Way = tuple[str, str]
Lookup = Callable[[str], Awaitable[Way | None]]


class ClusterPool:
    """`Connections`: one client a cluster. A kubeconfig that changed is taken within two seconds, in every process."""

    def __init__(self, lookup: Lookup, folder: Path) -> None:
        self._lookup = lookup
        self._folder = folder
        self._clients: dict[str, Cluster] = {}
        self._ways: dict[str, Way] = {}
        self._asked: dict[str, float] = {}
        self._making: dict[str, asyncio.Lock] = {}
        self._kept: dict[str, int] = {}

    async def of(self, cluster: str) -> Cluster:
        """See `Connections.of`."""
        if self._is_fresh(cluster):
            return self._clients[cluster]
        async with self._making.setdefault(cluster, asyncio.Lock()):
            if not self._is_fresh(cluster):
                await self._renew(cluster)
        return self._clients[cluster]

    def put(self, client: Cluster) -> None:
        """Use this client for the cluster of its name, whatever its row says (tests, the demo)."""
        self._clients[client.name] = client
        self._ways.pop(client.name, None)

    async def forget(self, cluster: str) -> None:
        """Close a client, so that the next one is made anew."""
        client = self._clients.pop(cluster, None)
        self._ways.pop(cluster, None)
        if client is not None:
            await self._keep(client)
            await client.close()

    async def close(self) -> None:
        """Keep the twins, close all."""
        await self.keep()
        for client in self._clients.values():
            await client.close()

    async def keep(self) -> None:
        """Write the twins that changed into their files, so that they survive the end of the process."""
        for client in list(self._clients.values()):
            await self._keep(client)

    async def _keep(self, client: Cluster) -> None:
        if not isinstance(client, Twin):
            return
        revision = client.revision
        if self._kept.get(client.name) != revision:
            await asyncio.to_thread(self._write, client.name, client.dump())
            self._kept[client.name] = revision

    def _write(self, name: str, dumped: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f"{name}.new"
        new.write_bytes(dumped)
        new.replace(self._folder / f"{name}.twin")

    def _is_fresh(self, name: str) -> bool:
        if name not in self._clients:
            return False
        # One that was put has no row to follow.
        return name not in self._ways or clock.monotonic() - self._asked.get(name, 0) < _FRESH

    async def _renew(self, name: str) -> None:
        way = await self._lookup(name)
        self._asked[name] = clock.monotonic()
        if name in self._clients and way == self._ways.get(name):
            return
        await self.forget(name)
        if way is None:
            raise NoSuchPlace(what="cluster", name=name, known="/clusters")
        self._clients[name] = await self._make(name, *way)
        self._ways[name] = way

    async def _make(self, name: str, kind: str, kubeconfig: str) -> Cluster:
        if kind != "twin":
            return connect(kubeconfig, name=name, before_call=outside)
        twin = Twin(name, before_call=outside)
        kept = self._folder / f"{name}.twin"
        if kept.exists():
            twin.load(await asyncio.to_thread(kept.read_bytes))
        return twin


class ClusterNamespaces:
    """`NamespaceReader` and `NamespaceWriter`. `patience` is how long a removed namespace is waited for, in seconds."""

    def __init__(self, pool: ClusterPool, *, patience: float = _PATIENCE) -> None:
        self._pool = pool
        self._patience = patience

    async def is_foreign(self, cluster: str, name: str) -> bool:
        """See `NamespaceReader.is_foreign`."""
        found = await self._find(cluster, name)
        return found is not None and not _is_ours(found, name)

    async def version(self, cluster: str) -> str:
        """See `NamespaceReader.version`."""
        return (await (await self._pool.of(cluster)).version()).git_version

    def check_kubeconfig(self, name: str, kubeconfig: str) -> None:
        """See `NamespaceReader.check_kubeconfig`."""
        connect(kubeconfig, name=name, before_call=outside)

    async def make(self, cluster: str, project: str, manifests: Sequence[dict[str, Any]]) -> None:
        """See `NamespaceWriter.make`."""
        found = await self._find(cluster, project)
        if found is not None and not _is_ours(found, project):
            raise NamespaceForeign(cluster=cluster, project=project)
        if found is not None and found["metadata"].get("deletionTimestamp"):
            raise NamespaceLeaving(cluster=cluster, project=project)
        client = await self._pool.of(cluster)
        for manifest in manifests:
            about = {"k8s__cluster__name": cluster, "k8s__namespace__name": project, "k8s__object__kind": manifest["kind"]}
            with traces.within(f"apply {manifest['kind']}", kind="client", **about):
                await client.apply(manifest, field_manager=_MANAGER, force=True)

    async def remove(self, cluster: str, project: str) -> None:
        """See `NamespaceWriter.remove`."""
        found = await self._find(cluster, project)
        if found is None or not _is_ours(found, project):
            return
        client = await self._pool.of(cluster)
        try:
            await client.delete(NAMESPACE.ref(project))
        except NotFound:
            return
        until = clock.monotonic() + self._patience
        while await self._find(cluster, project) is not None:
            if clock.monotonic() > until:
                raise NamespaceLeaving(cluster=cluster, project=project)
            await asyncio.sleep(0.1)

    async def _find(self, cluster: str, name: str) -> Any:
        client = await self._pool.of(cluster)
        try:
            return await client.get(NAMESPACE.ref(name))
        except NotFound:
            return None


def _is_ours(namespace: Any, project: str) -> bool:
    labels = namespace["metadata"].get("labels") or {}
    return labels.get("podo.dev/project") == project
