"""The round that looks into accounts: what is due begins, some at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from podo.catalog import service
from podo.catalog.ports import AssetReader
from podo.catalog.types import CatalogSettings, CloudAccount, Inventory, InventoryState, Source
from podo.catalog.workflows import look
from podo.kernel import clock, ids
from podo.kernel.domains import House, News
from podo.kernel.nouns import PODO

CLOUDS = "clouds"
_RUN = "inventory:"
_AT_ONCE = 8
# What failed is tried again sooner than what went well grows old.
_AGAIN = timedelta(minutes=10)


async def look_into_accounts(house: House) -> None:
    """Begin what is due: never looked at, asked for, older than the setting says, or failed ten minutes ago."""
    async with house.database.reading(PODO) as r:
        accounts = await service.accounts(r)
        known = {(i.provider, i.account, i.region, i.source): i for i in await service.inventories(r)} if accounts else {}
    if not accounts:
        return
    if any(_is_news(look) for look in known.values()):
        house.ports[News].observed(CLOUDS)
    running = [run for run in await house.durable.unfinished() if run.startswith(_RUN)]
    room = _AT_ONCE - len(running)
    every = timedelta(minutes=house.settings[CatalogSettings].inventory_minutes)
    for account, region, source, sources in _due(house.ports[AssetReader], accounts, known, every):  # type: ignore[type-abstract]
        if room <= 0:
            return
        place = f"{_RUN}{account.provider}:{account.id}:{region}:{source.name}:"
        if any(run.startswith(place) for run in running):
            continue
        room -= 1
        run = place + ids.new("run")
        but = sorted({kind for other in sources for kind in other.kinds}) if source.is_rest else None
        await house.durable.start(look, run, service.account_facts(account), region, source.name, run, list(source.kinds), but)


def _is_news(look: Inventory) -> bool:
    """Whether open pages have something to show anew: it is being read, or was until a moment ago."""
    just = clock.now() - timedelta(seconds=15)
    return look.state is InventoryState.running or (look.ended_at is not None and look.ended_at > just)


def _due(
    reader: AssetReader,
    accounts: list[CloudAccount],
    known: Mapping[tuple[object, str, str, str], Inventory],
    every: timedelta,
) -> list[tuple[CloudAccount, str, Source, list[Source]]]:
    """What waits longest comes first."""
    now, due = clock.now(), list[tuple[datetime | None, CloudAccount, str, Source, list[Source]]]()
    for account in accounts:
        for region in service.regions_of(account):
            sources = [source for source in reader.sources(account, region) if not source.why]
            for source in sources:
                last = known.get((account.provider, account.id, region, source.name))
                if last is None or _is_due(last, now, every):
                    due.append((last.began_at if last else None, account, region, source, sources))
    due.sort(key=lambda it: (it[0] is not None, it[0] or now))
    return [it[1:] for it in due]


def _is_due(last: Inventory, now: datetime, every: timedelta) -> bool:
    if last.asked_at is not None and last.asked_at > last.began_at:
        return last.state is not InventoryState.running
    if last.state is InventoryState.done:
        return last.began_at <= now - every
    # One that runs is taken up again by its engine; for one that was lost with its engine, `begin` decides.
    after = every if last.state is InventoryState.running else min(_AGAIN, every)
    return last.began_at <= now - after
