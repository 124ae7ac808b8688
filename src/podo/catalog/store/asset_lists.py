"""SQL of lists of assets: filters, pages by a cursor, counts by what a list can be narrowed by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_

from podo.catalog.models import OwnershipRow
from podo.catalog.store.assets import ASSETS, OPEN, asset_of, with_owner
from podo.catalog.store.finding import assets_holding
from podo.catalog.types import Asset, AssetState, Trouble
from podo.kernel.db import Reading
from podo.kernel.nouns import Page

_A = ASSETS.c
_FEW = 2000
# Shorter words have no part that an index knows.
_PART = 3
_Said = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which assets; empty and None ask for nothing. `teams` are ids of owners; `tag` is a key and a value, or a key alone.

    A word of `text` is a part of a name or of the end of an ARN; where none holds all words, of any part of an ARN.
    """

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
        return [*self.holders(), *self.rest(_plainly)]

    def holders(self) -> list[ColumnElement[bool]]:
        """Who holds them."""
        found: list[ColumnElement[bool]] = [_A.holder == f"project:{self.project}"] if self.project else []
        return found + ([_A.holder.in_(_subjects(self.teams))] if self.teams is not None else [])

    def rest(self, said: _Said) -> list[ColumnElement[bool]]:
        """All but who holds them; `said` shows a column, or hides it from the database's choice of an index."""
        equal = {"provider": self.provider, "account": self.account, "region": self.region, "kind": self.kind}
        found: list[ColumnElement[bool]] = [said(_A[name]) == value for name, value in equal.items() if value]
        found += _of_state(self.state, said)
        words = self.text.split()
        found += [or_(_A.name.icontains(word, autoescape=True), _A.arn.icontains(word, autoescape=True)) for word in words]
        if self.tag is not None:
            key, value = self.tag
            kept = _A.tags[key].as_string()
            found.append(kept == value if value else kept.is_not(None))
        return found


def _plainly(column: Any) -> Any:
    return column


def _hidden(column: Any) -> Any:
    # The same text, but no column: SQLite, which knows no counts, would take an index that half the table fits.
    return column.concat("")


def _subjects(teams: Collection[str]) -> Any:
    return select(OwnershipRow.subject).where(OwnershipRow.team.in_(teams), *OPEN)


def _in_custody() -> ColumnElement[bool]:
    # Few are in custody: one list of them, looked into for each asset, beats a join.
    return _A.holder.in_(select(OwnershipRow.subject).where(OwnershipRow.custody, *OPEN))


def _of_state(state: str, said: _Said) -> list[ColumnElement[bool]]:
    there = [_A.gone_at.is_(None)]
    free = [*there, _A.quarantined_at.is_(None)]
    match state:
        case AssetState.gone:
            return [_A.gone_at.is_not(None)]
        case AssetState.quarantined:
            return [*there, _A.quarantined_at.is_not(None)]
        case AssetState.dead:
            return [*free, _A.trouble != "", said(_A.trouble) == Trouble.dead]
        case AssetState.orphan:
            return [*free, _A.trouble != "", said(_A.trouble).in_((Trouble.untagged, Trouble.unknown))]
        case AssetState.custody:
            return [*free, said(_A.trouble) == "", _in_custody()]
        case AssetState.owned:
            return [*free, said(_A.trouble) == "", ~_in_custody()]
        case _:
            return there


async def _found_by(r: Reading, sought: Sought) -> tuple[list[ColumnElement[bool]], bool]:
    """Conditions, shaped so that what leaves the fewest is looked up first; and whether that leaves them in no order.

    What few subjects hold is few: it is looked up by holder, then sorted. Of what many hold, the first by name are soon found.
    """
    if sought.project:
        return [*sought.holders(), *sought.rest(_hidden)], True
    if sought.teams is not None:
        subjects = list(await r.session.scalars(_subjects(sought.teams).limit(_FEW + 1)))
        if len(subjects) <= _FEW:
            return [_A.holder.in_(subjects), *sought.rest(_hidden)], True
        return [_held_by_row(sought), *sought.rest(_plainly)], False
    named: Collection[str] | None = ()
    if sought.text and sought.state != AssetState.gone:
        named = await assets_holding(r, sought.text, _FEW)
    if named:
        return [_A.id.in_(named), *replace(sought, text="").rest(_hidden)], True
    # What many names hold is soon found by name. Other parts of a text have no index: one pass over the table, rather than one
    # over an index with a look into the table each.
    is_rare = named is not None or max(map(len, sought.text.split()), default=0) < _PART
    return sought.rest(_plainly), bool(((sought.text and is_rare) or sought.tag) and not sought.kind)


def _held_by_row(sought: Sought) -> ColumnElement[bool]:
    """Whether a row's holder is one of many subjects, asked of each row as it comes."""
    return _hidden(_A.holder).in_(_subjects(sought.teams or ()))


async def list_assets(r: Reading, sought: Sought, *, cursor: str, limit: int) -> Page[Asset]:
    """By name, with their owners now; `cursor` is the id of the last one before."""
    conditions, is_sorted = await _found_by(r, sought)
    name = _hidden(_A.name) if is_sorted else _A.name
    query = with_owner().where(*conditions)
    if cursor:
        last = (await r.session.execute(select(_A.name, _A.id).where(_A.id == cursor))).first()
        query = query.where(tuple_(name, _A.id) > tuple_(*last)) if last else query.where(_A.id > cursor)
    rows = (await r.session.execute(query.order_by(name, _A.id).limit(limit + 1))).all()
    found = [asset_of(row) for row in rows[:limit]]
    return Page(found, found[-1].id if len(rows) > limit else None)


async def count_assets(r: Reading, sought: Sought) -> int:
    """How many there are."""
    return await r.session.scalar(select(func.count()).select_from(ASSETS).where(*sought.conditions())) or 0


async def facet_counts(r: Reading, sought: Sought) -> dict[str, Counter[str]]:
    """How many there are by provider, account, region, kind and state, in one pass."""
    conditions, is_few = await _found_by(r, sought)
    # In the order of the index that holds all of them, so that nothing is sorted; of few, in any.
    names = ("account", "provider", "region", "kind", "trouble")
    of = [(_hidden(_A[name]) if is_few else _A[name]).label(name) for name in names]
    free = and_(_A.trouble == "", _A.quarantined_at.is_(None), _in_custody())
    measures = (
        func.count().label("n"),
        func.count(_A.gone_at).label("gone"),
        func.count(case((_A.gone_at.is_(None), _A.quarantined_at))).label("quarantined"),
        func.count(case((and_(_A.gone_at.is_(None), free), 1))).label("custody"),
    )
    found: dict[str, Counter[str]] = {name: Counter() for name in ("provider", "account", "region", "kind", "state")}
    for row in await r.session.execute(select(*of, *measures).where(*conditions).group_by(*of)):
        for name in ("provider", "account", "region", "kind"):
            found[name][getattr(row, name)] += row.n
        found["state"].update(_states(row))
    found["state"] = +found["state"]
    return found


def _states(row: Any) -> dict[str, int]:
    troubled = {Trouble.dead.value: AssetState.dead, "": AssetState.owned}.get(row.trouble, AssetState.orphan)
    rest = row.n - row.gone - row.quarantined - row.custody
    return {
        AssetState.gone: row.gone,
        AssetState.quarantined: row.quarantined,
        AssetState.custody: row.custody,
        troubled: rest,
    }
