"""The clients of all clusters, kept while the process lives; twins are kept in files between two lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from podo.catalog.types import NamespaceForeign, NoSuchPlace
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.real import connect
from podo.clients.kubernetes.twin import Twin
from podo.clients.kubernetes.types import Kind
from podo.kernel.db import outside

NAMESPACE = Kind("v1", "Namespace")
_MANAGER = "podo"

# (kind, kubeconfig) of a cluster, None where there is none.
Lookup = Callable[[str], Awaitable[tuple[str, str] | None]]


class ClusterPool:
    """`Connections`: one client a cluster. A changed kubeconfig is taken after `forget`."""

    def __init__(self, lookup: Lookup, folder: Path) -> None:
        self._lookup = lookup
        self._folder = folder
        self._clients: dict[str, Cluster] = {}
        self._making = asyncio.Lock()

    async def of(self, cluster: str) -> Cluster:
        """See `Connections.of`."""
        if cluster in self._clients:
            return self._clients[cluster]
        async with self._making:
            if cluster not in self._clients:
                self._clients[cluster] = await self._make(cluster)
        return self._clients[cluster]

    def put(self, client: Cluster) -> None:
        """Use this client for the cluster of its name (tests, the demo)."""
        self._clients[client.name] = client

    async def forget(self, cluster: str) -> None:
        """Close a client, so that the next one is made anew."""
        client = self._clients.pop(cluster, None)
        if client is not None:
            await client.close()

    async def close(self) -> None:
        """Keep the twins, close all."""
        await asyncio.to_thread(self.keep)
        for client in self._clients.values():
            await client.close()

    def keep(self) -> None:
        """Write the twins into their files."""
        for client in list(self._clients.values()):
            if isinstance(client, Twin):
                self._folder.mkdir(parents=True, exist_ok=True)
                new = self._folder / f"{client.name}.new"
                new.write_bytes(client.dump())
                new.replace(self._folder / f"{client.name}.twin")

    async def _make(self, name: str) -> Cluster:
        found = await self._lookup(name)
        if found is None:
            raise NoSuchPlace(what="cluster", name=name, known="see /clusters")
        kind, kubeconfig = found
        if kind != "twin":
            return connect(kubeconfig, name=name, before_call=outside)
        twin = Twin(name, before_call=outside)
        kept = self._folder / f"{name}.twin"
        if kept.exists():
            twin.load(await asyncio.to_thread(kept.read_bytes))
        return twin


class ClusterNamespaces:
    """`NamespaceReader` and `NamespaceWriter`."""

    def __init__(self, pool: ClusterPool) -> None:
        self._pool = pool

    async def taken_by(self, cluster: str, name: str) -> str:
        """See `NamespaceReader.taken_by`."""
        client = await self._pool.of(cluster)
        try:
            found = await client.get(NAMESPACE.ref(name))
        except NotFound:
            return ""
        labels = found["metadata"].get("labels") or {}
        return "" if labels.get("podo.dev/project") == name else f"{cluster} has a namespace of this name"

    async def version(self, cluster: str) -> str:
        """See `NamespaceReader.version`."""
        return (await (await self._pool.of(cluster)).version()).git_version

    async def make(self, cluster: str, project: str, manifests: Sequence[dict[str, Any]]) -> None:
        """See `NamespaceWriter.make`."""
        if await self.taken_by(cluster, project):
            raise NamespaceForeign(cluster=cluster, project=project)
        client = await self._pool.of(cluster)
        for manifest in manifests:
            await client.apply(manifest, field_manager=_MANAGER, force=True)

    async def remove(self, cluster: str, project: str) -> None:
        """See `NamespaceWriter.remove`."""
        if await self.taken_by(cluster, project):
            return
        client = await self._pool.of(cluster)
        try:
            await client.delete(NAMESPACE.ref(project))
        except NotFound:
            return
