"""Coverage: how many assets have an owner, counted every day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from podo.access import service as access
from podo.catalog import store
from podo.catalog.rules.asset_queries import below
from podo.catalog.types import Coverage, WrongAssetQuery
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

PARTS = ("provider", "account", "team")


async def coverage(r: Reading, *, provider: str = "", account: str = "", team: str = "", days: int = 90) -> Sequence[Coverage]:
    """By day, the oldest first; days on which nobody counted are missing. A team counts with all below. Raises `NoSuchTeam`."""
    since = clock.now().date() - timedelta(days=max(1, min(days, 730)))
    teams = None
    if team:
        found = await access.team(r, team)
        teams = below(found.id, {t.id: t.parent for t in await access.teams(r)})
    return await store.days(r, since, provider=provider, account=account, teams=teams)


async def coverage_parts(r: Reading, by: str) -> list[tuple[str, Coverage]]:
    """The newest count by `provider`, `account` (`aws/…`) or `team` (an id; empty: nobody). Raises `WrongAssetQuery`."""
    if by not in PARTS:
        raise WrongAssetQuery(field="by", value=by, known=", ".join(PARTS))
    day = await store.newest_day(r)
    return await store.parts(r, day, by) if day else []


async def count_coverage(r: Reading) -> list[dict[str, Any]]:
    """What there is now, by provider, account and team: for `note_coverage`."""
    return await store.count_now(r)


async def note_coverage(tx: Tx, counted: Sequence[Mapping[str, Any]]) -> None:
    """What today says, in place of what it said before."""
    await store.put_day(tx, clock.now().date(), counted)
