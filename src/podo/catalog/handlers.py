"""What follows from a registered, moved or deleted project; and the rounds."""

from __future__ import annotations

import asyncio

from podo.catalog import service
from podo.catalog.ports import NamespaceReader
from podo.catalog.types import ProjectDeleted
from podo.catalog.workflows import make, remove
from podo.kernel import ids
from podo.kernel.domains import House
from podo.kernel.errors import PodoError
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO


async def settle_namespaces(entry: Entry, at: Handling) -> None:
    """Namespaces follow their project: made where it runs, removed when it is deleted."""
    project = entry.project or ""
    if entry.code == ProjectDeleted.code:
        for cluster in filter(None, entry.facts["clusters"].split(",")):
            await at.start(remove, f"namespace-removal:{project}:{cluster}:{entry.id}", project, cluster)
        return
    async with at.transaction() as tx:
        waiting = [n.cluster for n in await service.namespaces(tx, project) if n.state == "waiting"]
    for cluster in waiting:
        await at.start(make, f"namespace:{project}:{cluster}:{entry.id}", project, cluster)


async def try_waiting_namespaces(house: House) -> None:
    """Those that wait for a cluster are tried again, once the cluster answers."""
    async with house.database.reading(PODO) as r:
        waiting = await service.waiting_namespaces(r)
        answering = {c.name for c in await service.clusters(r) if c.state == "connected"}
    for project, cluster in waiting:
        if cluster in answering:
            await house.durable.start(make, f"namespace:{project}:{cluster}:{ids.new('try')}", project, cluster)


async def look_at_clusters(house: House) -> None:
    """Ask every cluster for its version, all at once."""
    reader = house.ports[NamespaceReader]
    async with house.database.reading(PODO) as r:
        names = [c.name for c in await service.clusters(r)]
    answers = await asyncio.gather(*(reader.version(name) for name in names), return_exceptions=True)
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, BaseException) and not isinstance(answer, PodoError):
            raise answer
        async with house.database.transaction(PODO) as tx:
            if isinstance(answer, PodoError):
                await service.note_cluster(tx, name, why=answer.said()[0])
            else:
                await service.note_cluster(tx, name, version=str(answer))
