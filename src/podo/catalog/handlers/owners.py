"""What becomes of the things of teams that end or come back; and the rounds that see to it that nothing is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access.types import SuccessionWithdrawn
from podo.catalog import service
from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO


async def settle_team(entry: Entry, at: Handling) -> None:
    """A team ended, or came back: what it owned goes on, or returns. What is so now counts, not what was heard."""
    await settle_many_teams([entry], at)


async def settle_many_teams(entries: Sequence[Entry], at: Handling) -> None:
    """The same for many, each team once: a directory that began or changed hundreds leaves most of them nothing to do."""
    back = {entry.facts["team"] for entry in entries if entry.code == SuccessionWithdrawn.code}
    async with at.transaction() as tx:
        unsettled = set(await service.unsettled_teams(tx))
    for team in dict.fromkeys(entry.facts["team"] for entry in entries):
        if team not in back and team not in unsettled:
            continue
        async with at.transaction() as tx:
            if team in back:
                await service.restore(tx, team)
            await service.settle(tx, team)


async def settle_teams(house: House) -> None:
    """Teams that ended without being heard of, or whose moment came since, are settled, too."""
    async with house.database.reading(PODO) as r:
        teams = await service.unsettled_teams(r)
    for team in teams:
        async with house.database.transaction(PODO) as tx:
            await service.settle(tx, team)


async def remind(house: House) -> None:
    """Who was asked hears it once more before the time is over."""
    async with house.database.reading(PODO) as r:
        if not await service.has_reminders(r):
            return
    async with house.database.transaction(PODO) as tx:
        await service.remind(tx)


async def lapse_offers(house: House) -> None:
    """Offers whose time is over."""
    async with house.database.reading(PODO) as r:
        if not await service.has_due_offers(r):
            return
    async with house.database.transaction(PODO) as tx:
        await service.lapse(tx)
