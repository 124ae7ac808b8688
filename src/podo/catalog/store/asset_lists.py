"""SQL of lists of assets: filters, pages by a cursor, counts by what a list can be narrowed by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_

from podo.catalog.models import OwnershipRow
from podo.catalog.store.assets import ASSETS, OPEN, asset_of, with_owner
from podo.catalog.types import Asset, AssetState, Trouble
from podo.kernel.db import Reading
from podo.kernel.nouns import Page

_A = ASSETS.c


@dataclass(frozen=True, slots=True)
class Sought:
    """Which assets; empty and None ask for nothing. `teams` are ids of owners; `tag` is a key and a value, or a key alone."""

    text: str = ""
    provider: str = ""
    account: str = ""
    region: str = ""
    kind: str = ""
    teams: Collection[str] | None = None
    project: str = ""
    state: str = ""
    tag: tuple[str, str] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a query over assets."""
        equal = {"provider": self.provider, "account": self.account, "region": self.region, "kind": self.kind}
        found: list[ColumnElement[bool]] = [_A[name] == value for name, value in equal.items() if value]
        found += _of_state(self.state)
        found += [or_(_A.name.icontains(word, autoescape=True), _A.arn.icontains(word, autoescape=True)) for word in _words(self)]
        if self.project:
            found.append(_A.holder == f"project:{self.project}")
        if self.teams is not None:
            found.append(_A.holder.in_(select(OwnershipRow.subject).where(OwnershipRow.team.in_(self.teams), *OPEN)))
        if self.tag is not None:
            key, value = self.tag
            kept = _A.tags[key].as_string()
            found.append(kept == value if value else kept.is_not(None))
        return found


def _words(sought: Sought) -> list[str]:
    return sought.text.split()


def _in_custody() -> ColumnElement[bool]:
    # Few are in custody: one list of them, looked into for each asset, beats a join.
    return _A.holder.in_(select(OwnershipRow.subject).where(OwnershipRow.custody, *OPEN))


def _of_state(state: str) -> list[ColumnElement[bool]]:
    there = [_A.gone_at.is_(None)]
    free = [*there, _A.quarantined_at.is_(None)]
    match state:
        case AssetState.gone:
            return [_A.gone_at.is_not(None)]
        case AssetState.quarantined:
            return [*there, _A.quarantined_at.is_not(None)]
        case AssetState.dead:
            return [*free, _A.trouble == Trouble.dead]
        case AssetState.orphan:
            return [*free, _A.trouble.in_((Trouble.untagged, Trouble.unknown))]
        case AssetState.custody:
            return [*free, _A.trouble == "", _in_custody()]
        case AssetState.owned:
            return [*free, _A.trouble == "", ~_in_custody()]
        case _:
            return there


async def list_assets(r: Reading, sought: Sought, *, cursor: str, limit: int) -> Page[Asset]:
    """By name, with their owners now; `cursor` is the id of the last one before."""
    query = with_owner().where(*sought.conditions())
    if cursor:
        last = (await r.session.execute(select(_A.name, _A.id).where(_A.id == cursor))).first()
        query = query.where(tuple_(_A.name, _A.id) > tuple_(*last)) if last else query.where(_A.id > cursor)
    rows = (await r.session.execute(query.order_by(_A.name, _A.id).limit(limit + 1))).all()
    found = [asset_of(row) for row in rows[:limit]]
    return Page(found, found[-1].id if len(rows) > limit else None)


async def count_assets(r: Reading, sought: Sought) -> int:
    """How many there are."""
    return await r.session.scalar(select(func.count()).select_from(ASSETS).where(*sought.conditions())) or 0


async def facet_counts(r: Reading, sought: Sought) -> dict[str, Counter[str]]:
    """How many there are by provider, account, region, kind and state, in one pass."""
    state: Any = case(
        (_A.gone_at.is_not(None), AssetState.gone.value),
        (_A.quarantined_at.is_not(None), AssetState.quarantined.value),
        (_A.trouble == Trouble.dead, AssetState.dead.value),
        (_A.trouble != "", AssetState.orphan.value),
        (_in_custody(), AssetState.custody.value),
        else_=AssetState.owned.value,
    )
    columns = (_A.provider, _A.account, _A.region, _A.kind, state.label("state"))
    query = select(*columns, func.count().label("n")).where(*sought.conditions()).group_by(*columns)
    found: dict[str, Counter[str]] = {name: Counter() for name in ("provider", "account", "region", "kind", "state")}
    for row in await r.session.execute(query):
        for name, counts in found.items():
            counts[getattr(row, name)] += row.n
    return found


async def counts_by_holder(r: Reading, holders: Collection[str]) -> dict[str, int]:
    """How many each of these holds."""
    query = select(_A.holder, func.count()).where(_A.holder.in_(holders), _A.gone_at.is_(None)).group_by(_A.holder)
    return {row[0]: row[1] for row in await r.session.execute(query)}


async def counts_by_state_of_teams(r: Reading, teams: Collection[str]) -> tuple[int, int]:
    """(what these teams own, what of it is an orphan that they only keep)."""
    query = select(func.count(), func.count(case((_A.trouble != "", 1)))).where(
        and_(_A.gone_at.is_(None), *Sought(teams=teams).conditions())
    )
    owned, kept = (await r.session.execute(query)).one()
    return owned, kept
