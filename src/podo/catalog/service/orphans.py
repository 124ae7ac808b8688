"""The orphan court's queue: cases with what speaks for whom, groups of the same evidence, and skipping."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.service.assets import sought
from podo.catalog.service.deciding import MOST_AT_ONCE, those
from podo.catalog.types import (
    ASSIGN,
    AssetQuery,
    ClueGroup,
    Decision,
    NoOrphan,
    OrphanCase,
    OrphansSkipped,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page


async def orphans(
    r: Reading, query: AssetQuery, *, because: str = "", owner: str = "", skip: int = 0, limit: int = 20
) -> Page[OrphanCase]:
    """Cases, the surest first and what was skipped last, with the total.

    `because` and `owner` narrow to those that this kind of evidence speaks for this owner (`project:<slug>`, `team:<id>`) first.
    """
    wanted = await sought(r, query)
    total = await store.count_cases(r, wanted, because=because, best=owner)
    found = await store.list_cases(r, wanted, because=because, best=owner, skip=skip, limit=max(1, min(limit, MOST_AT_ONCE)))
    return Page(found, str(skip + len(found)) if skip + len(found) < total else None, total)


async def orphan(r: Reading, asset: str) -> OrphanCase | None:
    """The case of an asset; None where it has none."""
    return next(iter(await store.cases_by_ids(r, [asset])), None)


async def clue_groups(r: Reading, query: AssetQuery, limit: int = 12) -> Sequence[ClueGroup]:
    """Cases that the same evidence speaks for, the most first: they can be decided at once."""
    return await store.clue_groups(r, await sought(r, query), limit)


async def decisions(r: Reading, asset: str) -> list[Decision]:
    """What was decided of an asset, the newest first; withdrawn decisions included."""
    return await store.decisions(r, asset)


async def decided(r: Reading, batch: str) -> list[Decision]:
    """What was decided at once, and still stands."""
    return [decision for decision, _ in await store.standing(r, batch=batch)]


async def skip_orphans(tx: Tx, assets: Collection[str]) -> int:
    """Put cases at the end of the queue: Podo does not decide them by itself any more. Raises `NoOrphan`, `NoSuchAsset`."""
    return await _move(tx, assets, back=False)


async def unskip_orphans(tx: Tx, assets: Collection[str]) -> int:
    """Put cases back where evidence puts them. Raises `NoOrphan`, `NoSuchAsset`."""
    return await _move(tx, assets, back=True)


async def _move(tx: Tx, assets: Collection[str], *, back: bool) -> int:
    found = await those(tx, assets)
    for team in sorted({it.team or "" for it in found}):
        await access.require(tx, ASSIGN, On(team=team or None))
    wanted = [it.id for it in found]
    cases = {case.asset.id: case for case in await store.cases_by_ids(tx, wanted)}
    for it in found:
        if it.id not in cases:
            raise NoOrphan(name=it.name)
    moved = [i for i in wanted if (cases[i].skipped_at is not None) == back]
    if moved:
        await store.skip_cases(tx, moved, None if back else clock.now(), "" if back else tx.actor.id)
        tx.say(OrphansSkipped(assets=",".join(moved), count=len(moved), end="front" if back else "end"))
    return len(moved)
