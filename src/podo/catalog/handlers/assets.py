"""What follows for assets from projects and teams that come and go; hearing cases, and counting."""

from __future__ import annotations

from podo.catalog import service
from podo.catalog.types import CatalogSettings
from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO


async def settle_assets(entry: Entry, at: Handling) -> None:
    """Assets that name a project or team which came or went find their owners anew, and so do those that it held."""
    team = "" if entry.project else str(entry.facts.get("team", ""))
    async with at.transaction() as tx:
        await service.resolve_saying(tx, project=entry.project or "", team=team)


async def hear_orphans(house: House) -> None:
    """Assets of which nobody is known get a case; the oldest cases are heard anew."""
    async with house.database.transaction(PODO) as tx:
        await service.hear_cases(tx, house.settings[CatalogSettings].assign_from)


async def count_assets(house: House) -> None:
    """What today says of coverage; counted before anything is written, so that nobody waits for it."""
    async with house.database.reading(PODO) as r:
        counted = await service.count_coverage(r)
    async with house.database.transaction(PODO) as tx:
        await service.note_coverage(tx, counted)
