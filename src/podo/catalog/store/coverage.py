"""SQL of coverage: how many assets had an owner, day by day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, select

from podo.catalog.models import CoverageRow, OwnershipRow
from podo.catalog.store.assets import ASSETS, OPEN
from podo.catalog.types import Coverage
from podo.kernel.db import Reading, Tx

_A = ASSETS.c
_DAYS: Any = CoverageRow.__table__
_D = _DAYS.c
_MEASURES = ("assets", "custody", "orphans", "quarantined")
_BATCH = 2000


async def count_now(r: Reading) -> list[dict[str, Any]]:
    """What there is by provider, account and owning team; what nobody owns is under an empty team."""
    join = and_(OwnershipRow.subject == _A.holder, *OPEN)
    team = case((_A.trouble != "", ""), else_=func.coalesce(OwnershipRow.team, ""))
    measures = (
        func.count().label("assets"),
        func.count(case((and_(_A.trouble == "", OwnershipRow.custody), 1))).label("custody"),
        func.count(case((_A.trouble != "", 1))).label("orphans"),
        func.count(_A.quarantined_at).label("quarantined"),
    )
    query = select(_A.provider, _A.account, team.label("team"), *measures).join_from(ASSETS, OwnershipRow, join, isouter=True)
    rows = await r.session.execute(query.where(_A.gone_at.is_(None)).group_by(_A.provider, _A.account, team))
    return [dict(row) for row in rows.mappings()]


async def put_day(tx: Tx, day: date, rows: Sequence[Mapping[str, Any]]) -> None:
    """What a day says, in place of what it said before."""
    await tx.session.execute(delete(_DAYS).where(_D.day == _first_moment(day)))
    for first in range(0, len(rows), _BATCH):
        part = rows[first : first + _BATCH]
        await tx.session.execute(insert(_DAYS), [{"day": _first_moment(day), **row} for row in part])


def _first_moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def days(r: Reading, since: date, *, provider: str, account: str, teams: Collection[str] | None) -> list[Coverage]:
    """By day from `since` on; of some teams, what is theirs counts, and orphans do not."""
    where = [_D.day >= _first_moment(since)]
    where += [_D.provider == provider] if provider else []
    where += [_D.account == account] if account else []
    where += [_D.team.in_(teams)] if teams is not None else []
    sums = [func.sum(_D[name]).label(name) for name in _MEASURES]
    rows = await r.session.execute(select(_D.day, *sums).where(*where).group_by(_D.day).order_by(_D.day))
    return [_coverage(row) for row in rows]


async def newest_day(r: Reading) -> date | None:
    """None before the first count."""
    found = await r.session.scalar(select(_D.day).order_by(_D.day.desc()).limit(1))
    return found.date() if found else None


async def parts(r: Reading, day: date, by: str) -> list[tuple[str, Coverage]]:
    """One day by provider, account (`aws/…`) or team; the most assets first."""
    key = _D.provider + "/" + _D.account if by == "account" else _D[by]
    sums = [func.sum(_D[name]).label(name) for name in _MEASURES]
    query = select(key.label("key"), _D.day, *sums).where(_D.day == _first_moment(day)).group_by(key, _D.day)
    rows = await r.session.execute(query.order_by(func.sum(_D.assets).desc(), key))
    return [(row.key, _coverage(row)) for row in rows]


def _coverage(row: Any) -> Coverage:
    assets, orphans = int(row.assets), int(row.orphans)
    return Coverage(row.day.date(), assets, assets - orphans, int(row.custody), orphans, int(row.quarantined))
