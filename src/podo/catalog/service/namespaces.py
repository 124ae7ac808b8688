"""How far a project's namespaces are; told by the recording steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podo.catalog import rules, store
from podo.catalog.types import Namespace, NamespaceReady, NamespaceRefused, NamespaceState
from podo.kernel.db import Reading, Tx


async def namespaces(r: Reading, project: str) -> list[Namespace]:
    """Of a project."""
    return await store.namespaces(r, project)


async def waiting_namespaces(r: Reading, limit: int = 100) -> Sequence[tuple[str, str]]:
    """(project, cluster) of those that wait."""
    return await store.waiting_namespaces(r, limit)


async def wanted_namespace(r: Reading, project: str, cluster: str) -> list[dict[str, Any]] | None:
    """The manifests to apply; None when the project is gone."""
    found = await store.project(r, project)
    if found is None:
        return None
    served = next((c.environments for c in await store.clusters(r) if c.name == cluster), ())
    return rules.namespace_manifests(project, found.team, [e for e in served if any(p[0] == e for p in found.places)])


async def namespace_ready(tx: Tx, project: str, cluster: str) -> None:
    """It is there; a second time says nothing."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.ready, "")):
        tx.say(NamespaceReady(project=project, cluster=cluster))


async def namespace_waits(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not answer: it is tried again."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.waiting, why)):
        tx.say(NamespaceRefused(project=project, cluster=cluster, why=why))


async def namespace_refused(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not take it."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.refused, why)):
        tx.say(NamespaceRefused(project=project, cluster=cluster, why=why))


async def _set(tx: Tx, wanted: Namespace) -> bool:
    known = {n.cluster: n for n in await store.namespaces(tx, wanted.project)}
    if known.get(wanted.cluster) == wanted or await store.project(tx, wanted.project) is None:
        return False
    await store.put_namespace(tx, wanted)
    return True


async def deletion_of(r: Reading, project: str) -> bool:
    """Whether the project is gone, so that its namespaces may go."""
    return await store.project(r, project) is None


async def namespace_gone(tx: Tx, project: str, cluster: str) -> None:
    """The namespace was removed with its project."""
    if any(n.cluster == cluster for n in await store.namespaces(tx, project)):
        await store.drop_namespace(tx, project, cluster)
        tx.say(NamespaceRefused(project=project, cluster=cluster, why="removed with the project"))
