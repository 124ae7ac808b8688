"""What starts by itself: operations that were asked, and watching every cluster."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from podo.catalog import service as catalog
from podo.kernel import clock, metrics
from podo.kernel.db import hold, holders, holds, let_go
from podo.kernel.domains import House, News
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO
from podo.workloads import service
from podo.workloads.ports import WorkloadReader
from podo.workloads.rules import share
from podo.workloads.types import Reach
from podo.workloads.workflows import operate

_log = logging.getLogger("podo.workloads")
_LEASE = 15.0


async def start_operation(entry: Entry, at: Handling) -> None:
    """A person asked; a run carries it out."""
    operation = entry.facts["operation"]
    await at.start(operate, f"operate:{operation}", operation)


class Watchers:
    """One task a cluster, kept in step with the list of clusters. Several processes take an even share each, under leases."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def keep(self, house: House) -> None:
        """Begin with new clusters, end with removed ones and those of others, begin anew where watching broke."""
        async with house.database.reading(PODO) as r:
            wanted = {c.name for c in await catalog.clusters(r)}
        mine = await self._share(house, wanted)
        for cluster in self._tasks.keys() - mine:
            self._tasks.pop(cluster).cancel()
        for cluster in mine:
            task = self._tasks.get(cluster)
            if task is None or task.done():
                self._tasks[cluster] = asyncio.create_task(_watch(house, cluster), name=f"watch:{cluster}")

    async def _share(self, house: House, wanted: set[str]) -> set[str]:
        me = house.durable.process
        await hold(house.database, f"watcher:{me}", me, _LEASE)
        held = await holders(house.database, "watch")
        owners = {cluster: held.get(_lease(cluster)) for cluster in wanted}
        watching = sum(name.startswith("watcher:") for name in held)
        mine, leaving = share(owners, me, max(watching, 1))
        for cluster in leaving:
            await let_go(house.database, me, _lease(cluster))
        return {cluster for cluster in mine if await hold(house.database, _lease(cluster), me, _LEASE)}

    def watched(self) -> set[str]:
        """The names of the clusters that are watched now."""
        return {cluster for cluster, task in self._tasks.items() if not task.done()}

    async def close(self) -> None:
        """End all."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _lease(cluster: str) -> str:
    return f"watch:{cluster}"


async def _watch(house: House, cluster: str) -> None:
    heard = clock.monotonic()
    metrics.SEEN.labels(cluster).set_function(lambda: clock.monotonic() - heard)
    try:
        async with aclosing(house.ports[WorkloadReader].watch(cluster)) as sightings:
            async for sighting in sightings:
                came = clock.monotonic()
                heard = came if sighting.reach is Reach.seen else heard
                if not holds(house.database, _lease(cluster), house.durable.process):
                    # This process was frozen or cut off, and another may have seen what is newer.
                    return
                async with house.observed.transaction(PODO) as tx:
                    touched = await service.observe(tx, cluster, sighting)
                metrics.observe(metrics.WRITTEN.labels(cluster), clock.monotonic() - came)
                for namespace, settled in touched.items():
                    house.ports[News].observed(namespace, settled=settled)
    except Exception:
        _log.exception("watching %s broke; it begins anew in a moment", cluster)
    finally:
        metrics.SEEN.remove(cluster)
