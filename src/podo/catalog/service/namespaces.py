"""How far a project's namespaces are; told by the recording steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import rules, store
from podo.catalog.types import (
    CHANGE,
    Namespace,
    NamespaceAsked,
    NamespaceGone,
    NamespaceReady,
    NamespaceRefused,
    NamespaceState,
    NamespacesWanted,
    NamespaceWaits,
    NoSuchNamespace,
    NoSuchProject,
    Project,
)
from podo.kernel.db import Reading, Tx


async def namespaces(r: Reading, project: str) -> list[Namespace]:
    """Of a project, by cluster; also of one that is deleted and whose namespaces are not gone yet."""
    return await store.namespaces(r, project)


async def namespaces_of(r: Reading, projects: Collection[str]) -> dict[str, list[Namespace]]:
    """`namespaces` of many."""
    return await store.namespaces_by_project(r, projects)


async def unsettled_namespaces(r: Reading, clusters: Collection[str], limit: int = 100) -> Sequence[Namespace]:
    """Those in these clusters that wait to be made or to be removed."""
    return await store.unsettled_namespaces(r, clusters, limit) if clusters else []


async def wanted_namespace(r: Reading, project: str, cluster: str) -> list[dict[str, Any]] | None:
    """The manifests to apply; None when the project is gone, or retired for good."""
    found = await store.project(r, project)
    if found is None or found.closed_at is not None:
        return None
    return _manifests(found, await _served(r, cluster))


async def wanted_labels(r: Reading, projects: Collection[str], cluster: str) -> dict[str, dict[str, Any]]:
    """By project, its namespace's manifest alone; of those that live and have a namespace there that does not leave."""
    there = await store.namespaces_by_project(r, projects)
    stays = {n.project for of in there.values() for n in of if n.cluster == cluster and n.state is not NamespaceState.leaving}
    served = await _served(r, cluster)
    return {p.slug: _manifests(p, served)[0] for p in await store.by_slugs(r, stays) if p.closed_at is None}


async def _served(r: Reading, cluster: str) -> list[tuple[str, str]]:
    return next(
        ([(e, c.region) for e in c.environments] for c in await store.clusters(r) if c.name == cluster), list[tuple[str, str]]()
    )


def _manifests(of: Project, served: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return rules.namespace_manifests(of.slug, of.team, [e for e, region in served if (e, region) in of.places])


async def retry_namespace(tx: Tx, project: str, cluster: str) -> None:
    """Try again now to make a namespace. Raises `NoSuchProject`, `NoSuchNamespace`."""
    found = await store.project(tx, project)
    if found is None:
        raise NoSuchProject(name=project)
    await access.require(tx, CHANGE, On(project=project, team=found.team))
    if all(n.cluster != cluster for n in await store.namespaces(tx, project)):
        raise NoSuchNamespace(project=project, cluster=cluster)
    await store.put_namespace(tx, Namespace(project, cluster, NamespaceState.waiting, ""))
    tx.say(NamespaceAsked(project=project, cluster=cluster))


async def want_namespaces_in(tx: Tx, cluster: str) -> int:
    """Note that every project that runs where this cluster serves needs a namespace there; how many had none."""
    found = next((c for c in await store.clusters(tx) if c.name == cluster), None)
    pairs = [(e, found.region) for e in found.environments] if found else []
    lacking = await store.projects_without_namespace(tx, pairs, cluster)
    for slug in lacking:
        await store.put_namespace(tx, Namespace(slug, cluster, NamespaceState.waiting, ""))
    if lacking:
        tx.say(NamespacesWanted(cluster=cluster, count=len(lacking), subject=f"cluster/{cluster}"))
    return len(lacking)


async def namespace_ready(tx: Tx, project: str, cluster: str) -> None:
    """It is there; a second time says nothing."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.ready, "")):
        tx.say(NamespaceReady(project=project, cluster=cluster))


async def namespace_waits(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not answer: it is tried again. That of a deleted project goes on leaving."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.waiting, why)):
        tx.say(NamespaceWaits(project=project, cluster=cluster, why=why))


async def namespace_refused(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not take it."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.refused, why)):
        tx.say(NamespaceRefused(project=project, cluster=cluster, why=why))


async def namespaces_labelled(tx: Tx, cluster: str, projects: Collection[str], failed: Mapping[str, Sequence[Any]]) -> list[str]:
    """They say whose they are, but for those that failed: (whether they may be told later, why).

    Gives the projects that are gone, or retired for good, by now.
    """
    for project, (is_later, why) in failed.items():
        await (namespace_waits if is_later else namespace_refused)(tx, project, cluster, why)
    living = {p.slug for p in await store.by_slugs(tx, projects) if p.closed_at is None}
    return sorted(set(projects) - living)


async def _set(tx: Tx, wanted: Namespace) -> bool:
    known = next((n for n in await store.namespaces(tx, wanted.project) if n.cluster == wanted.cluster), None)
    if known is None or known == wanted:
        return False
    if known.state is NamespaceState.leaving:
        wanted = Namespace(wanted.project, wanted.cluster, NamespaceState.leaving, wanted.why)
        if not wanted.why or known == wanted:
            return False
    await store.put_namespace(tx, wanted)
    return True


async def is_deleted(r: Reading, project: str) -> bool:
    """Whether the project is gone, or retired for good, so that its namespaces may go."""
    found = await store.project(r, project)
    return found is None or found.closed_at is not None


async def namespace_gone(tx: Tx, project: str, cluster: str) -> None:
    """The namespace was removed with its project."""
    if any(n.cluster == cluster for n in await store.namespaces(tx, project)):
        await store.drop_namespace(tx, project, cluster)
        tx.say(NamespaceGone(project=project, cluster=cluster))
