"""What follows from registered, moved and deleted projects and from changed clusters; and the rounds."""

from __future__ import annotations

from collections.abc import Sequence

from podo.catalog import reads, service
from podo.catalog.ports import NamespaceReader
from podo.catalog.types import (
    Cluster,
    ClusterState,
    CustodyEscalated,
    CustodyTaken,
    Namespace,
    NamespaceAsked,
    NamespaceState,
    OwnershipChanged,
    ProjectClosed,
    ProjectDeleted,
)
from podo.catalog.workflows import label, make, remove
from podo.kernel import ids, traces
from podo.kernel.domains import House, News
from podo.kernel.errors import PodoError
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO

CLUSTERS = "clusters"
_ENDS = (ProjectDeleted.code, ProjectClosed.code)
# After these a namespace has another label, and is else what it was.
_OWNERS = (OwnershipChanged.code, CustodyTaken.code, CustodyEscalated.code)
_RUN = "namespace:{project}:{cluster}:"


async def settle_namespaces(entry: Entry, at: Handling) -> None:
    """Namespaces follow their project: made where it runs, relabelled when it moves, removed when it has ended."""
    project = entry.project or ""
    async with at.transaction() as tx:
        there = await service.namespaces(tx, project)
    await _settle(entry, there, at)


async def settle_many_namespaces(entries: Sequence[Entry], at: Handling) -> None:
    """The same for many: those whose owners changed are labelled by one run a cluster."""
    async with at.transaction() as tx:
        there = await service.namespaces_of(tx, {entry.project for entry in entries if entry.project})
    labelled: dict[str, set[str]] = {}
    for entry in entries:
        mine = there.get(entry.project or "", [])
        if entry.code not in _OWNERS:
            await _settle(entry, mine, at)
            continue
        for namespace in mine:
            labelled.setdefault(namespace.cluster, set()).add(namespace.project)
    for cluster, projects in sorted(labelled.items()):
        # With how many: after a crash there may be more of them, and a run of the same id would do nothing.
        await at.start(label, f"labels:{cluster}:{entries[-1].id}:{len(projects)}", sorted(projects), cluster)


async def _settle(entry: Entry, there: Sequence[Namespace], at: Handling) -> None:
    project = entry.project or ""
    if entry.code == NamespaceAsked.code:
        there = [n for n in there if n.cluster == entry.facts["cluster"]]
    body = remove if entry.code in _ENDS else make
    for namespace in there:
        if (namespace.state is NamespaceState.leaving) == (body is remove):
            await at.start(body, _run(project, namespace.cluster) + entry.id, project, namespace.cluster)


async def take_cluster(entry: Entry, at: Handling) -> None:
    """A cluster that serves a pair from now on gets the namespaces of those who run there; the round makes them."""
    if entry.facts["what"] == "cluster":
        async with at.transaction() as tx:
            await service.want_namespaces_in(tx, entry.facts["name"])


async def try_unsettled_namespaces(house: House) -> None:
    """Those that wait for a cluster, or still leave one, are tried again once the cluster answers; one run at a time each."""
    async with house.database.reading(PODO) as r:
        answering = [c.name for c in await service.clusters(r) if c.state is ClusterState.connected]
        unsettled = await service.unsettled_namespaces(r, answering)
    if not unsettled:
        return
    running = await house.durable.unfinished()
    for namespace, trace in unsettled:
        run = _run(namespace.project, namespace.cluster)
        if not any(other.startswith(run) for other in running):
            body = remove if namespace.state is NamespaceState.leaving else make
            with traces.under(traces.parse(trace)):
                await house.durable.start(body, run + ids.new("try"), namespace.project, namespace.cluster)


def _run(project: str, cluster: str) -> str:
    return _RUN.format(project=project, cluster=cluster)


async def look_at_clusters(house: House) -> None:
    """Ask every cluster for its version, all at once; open pages hear when one came or went."""
    async with house.database.reading(PODO) as r:
        known = {c.name: c for c in await service.clusters(r)}
    found = await reads.versions(house.ports[NamespaceReader], list(known))
    seen = {name: ("", a.said()[0]) if isinstance(a, PodoError) else (a, "") for name, a in found.items()}
    if not seen:
        return
    async with house.database.transaction(PODO) as tx:
        await service.note_clusters(tx, seen)
    if any(_moved(known[name], *what) for name, what in seen.items()):
        house.ports[News].observed(CLUSTERS)


def _moved(was: Cluster, version: str, why: str) -> bool:
    return (was.state is ClusterState.connected) != (not why) or (not why and was.version != version)
