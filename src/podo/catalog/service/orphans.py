"""The orphan court's queue: cases with what speaks for whom, groups of the same evidence, and skipping."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.service.assets import sought
from podo.catalog.service.charts import led_by
from podo.catalog.service.deciding import MOST_AT_ONCE, those
from podo.catalog.service.projects import by_slugs
from podo.catalog.types import (
    ASSIGN,
    Asset,
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
    r: Reading, query: AssetQuery, *, because: str = "", owner: str = "", of: str = "", skip: int = 0, limit: int = 20
) -> Page[OrphanCase]:
    """Cases, the surest first and what was skipped last, with the total.

    `because` and `owner` narrow to those that this kind of evidence speaks for this owner (`project:<slug>`, `team:<id>`) first;
    `of` to those that teams which this person leads, or projects of theirs, are likeliest to own.
    """
    wanted = await sought(r, query)
    led = await led_by(r, of) if of else None
    most = max(1, min(limit, MOST_AT_ONCE))
    total = await store.count_cases(r, wanted, because=because, best=owner, teams=led)
    found = await store.list_cases(r, wanted, because=because, best=owner, teams=led, skip=skip, limit=most)
    return Page(found, str(skip + len(found)) if skip + len(found) < total else None, total)


async def orphan(r: Reading, asset: str) -> OrphanCase | None:
    """The case of an asset; None where it has none."""
    return next(iter(await store.cases_by_ids(r, [asset])), None)


async def by_owning_team(r: Reading, owners: Mapping[str, int]) -> dict[str, int]:
    """Counts by owner (`project:<slug>`, `team:<id>`) as counts by the team that owns it, without projects that are no more."""
    slugs = [name for kind, _, name in (o.partition(":") for o in owners) if kind == "project"]
    teams = {p.slug: p.team for p in await by_slugs(r, slugs)} if slugs else {}
    found: dict[str, int] = {}
    for owner, count in owners.items():
        kind, _, name = owner.partition(":")
        if team := teams.get(name) if kind == "project" else name:
            found[team] = found.get(team, 0) + count
    return found


async def claims_waiting(r: Reading, person: str) -> tuple[int, datetime | None]:
    """How many cases wait for a person, who leads those that are likeliest to own them; and since when the oldest does."""
    led = await led_by(r, person)
    return await store.claims_of(r, led) if led else (0, None)


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
    """Put cases at the end of the queue: Podo does not decide them by itself any more, and they wait for nobody at home.

    Whoever may say so for the team that keeps one, or for the one that is likeliest to own it. Raises `NoOrphan`, `NoSuchAsset`.
    """
    return await _move(tx, assets, back=False)


async def unskip_orphans(tx: Tx, assets: Collection[str]) -> int:
    """Put cases back where evidence puts them. Raises `NoOrphan`, `NoSuchAsset`."""
    return await _move(tx, assets, back=True)


async def _move(tx: Tx, assets: Collection[str], *, back: bool) -> int:
    found = await those(tx, assets)
    wanted = [it.id for it in found]
    cases = {case.asset.id: case for case in await store.cases_by_ids(tx, wanted)}
    for keeper, likeliest in sorted(await _concerned(tx, found, cases)):
        if not likeliest or not (await access.may(tx, ASSIGN, On(team=likeliest))).allowed:
            await access.require(tx, ASSIGN, On(team=keeper or None))
    for it in found:
        if it.id not in cases:
            raise NoOrphan(name=it.name)
    moved = [i for i in wanted if (cases[i].skipped_at is not None) == back]
    if moved:
        await store.skip_cases(tx, moved, None if back else clock.now(), "" if back else tx.actor.id)
        tx.say(OrphansSkipped(assets=",".join(moved), count=len(moved), end="front" if back else "end"))
    return len(moved)


async def _concerned(r: Reading, found: Sequence[Asset], cases: Mapping[str, OrphanCase]) -> set[tuple[str, str]]:
    """Of each asset: the team that keeps it, and the team of the likeliest owner; empty for none."""
    best = {i: case.candidates[0].owner for i, case in cases.items() if case.candidates}
    teams = {owner: next(iter(await by_owning_team(r, {owner: 1})), "") for owner in set(best.values())}
    return {(it.team or "", teams.get(best.get(it.id, ""), "")) for it in found}
