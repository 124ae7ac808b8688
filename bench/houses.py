"""Houses in this process: with twins that are as quick as can be, so that what takes time is Podo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podo.app import house as houses
from podo.catalog.adapters.clusters import ClusterPool
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.twin import AT_ONCE, Twin
from podo.kernel.domains import House
from podo.kernel.nouns import Actor, ActorKind
from podo.kernel.settings import Settings, load

QUICK = replace(AT_ONCE, bookmark=10.0, heartbeat=10.0)


def settings_for(folder: Path, **chosen: str) -> Settings:
    """Settings of a server whose folder this is; nothing of the person's own."""
    sections = dict(houses.SECTIONS)
    for domain in houses.DOMAINS:
        sections.update(domain.settings)
    given = {"PODO_SERVER_DIRECTORY": str(folder), "PODO_DELIVERY_BUILDER": "twin", "PODO_ACCESS_DEMO": "true"}
    return load(sections, None, {**given, **chosen})


@dataclass
class Living:
    """A house that runs."""

    running: houses.Running

    @property
    def house(self) -> House:
        """The house itself."""
        return self.running.house

    async def settled(self) -> None:
        """Wait until all that was said is heard, and all runs that followed have ended."""
        while True:
            await self.running.delivery.settled()
            if not await self.house.durable.unfinished():
                return
            await asyncio.sleep(0.05)

    def transaction(self, actor: Actor) -> Any:
        """A transaction on behalf of somebody."""
        return self.house.database.transaction(actor)

    def reading(self, actor: Actor) -> Any:
        """A view on behalf of somebody."""
        return self.house.database.reading(actor)


def somebody(person: str) -> Actor:
    """A person of the directory."""
    return Actor(ActorKind.person, person)


@contextlib.asynccontextmanager
async def living(folder: Path, clusters: Sequence[Twin] = (), **settings: str) -> AsyncIterator[Living]:
    """A house over `folder`, with these twins as its clusters."""
    house = houses.build(settings_for(folder, **settings))
    async with houses.running(house) as running:
        pool = house.ports[Connections]  # type: ignore[type-abstract]
        assert isinstance(pool, ClusterPool)
        for twin in clusters:
            pool.put(twin)
        yield Living(running)
