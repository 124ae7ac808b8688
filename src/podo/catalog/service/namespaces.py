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
from podo.kernel.events import log


async def namespaces(r: Reading, project: str) -> list[Namespace]:
    """Of a project, by cluster; also of one that is deleted and whose namespaces are not gone yet."""
    return await store.namespaces(r, project)


async def namespaces_of(r: Reading, projects: Collection[str]) -> dict[str, list[Namespace]]:
    """`namespaces` of many."""
    return await store.namespaces_by_project(r, projects)


async def unsettled_namespaces(r: Reading, clusters: Collection[str], limit: int = 100) -> list[tuple[Namespace, str | None]]:
    """Those in these clusters that wait to be made or to be removed, and where in which trace each does.

    That is where it was last spoken of, else where its cluster was: one that is connected gets many at once.
    """
    found = await store.unsettled_namespaces(r, clusters, limit) if clusters else []
    if not found:
        return []
    about = [(n, _subject(n.project, n.cluster), f"cluster/{n.cluster}") for n in found]
    last: dict[str, str] = {}
    for (subject, _), trace in (await log.traced(r, {s for _, *subjects in about for s in subjects})).items():
        last[subject] = trace
    return [(n, last.get(own) or last.get(cluster)) for n, own, cluster in about]


def _subject(project: str, cluster: str) -> str:
    return f"namespace/{project}/{cluster}"


def _about(project: str, cluster: str) -> dict[str, str]:
    return {"project": project, "cluster": cluster, "subject": _subject(project, cluster)}


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
    tx.say(NamespaceAsked(**_about(project, cluster)))


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
        tx.say(NamespaceReady(**_about(project, cluster)))


async def namespace_waits(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not answer: it is tried again. That of a deleted project goes on leaving."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.waiting, why)):
        tx.say(NamespaceWaits(**_about(project, cluster), why=why))


async def namespace_refused(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not take it."""
    if await _set(tx, Namespace(project, cluster, NamespaceState.refused, why)):
        tx.say(NamespaceRefused(**_about(project, cluster), why=why))


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
        tx.say(NamespaceGone(**_about(project, cluster)))
