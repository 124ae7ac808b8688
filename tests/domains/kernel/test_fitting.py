"""What a column cannot hold is refused alike by both kinds of database, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, insert, or_, select, text, update

from podo.kernel.db import Database
from podo.kernel.db.fitting import DoesNotFit
from podo.kernel.events.models import EventRow
from podo.kernel.nouns import PODO
from tests.domains.kernel.conftest import Stone, StoneLaid

TOO_MUCH: list[dict[str, Any]] = [
    {"name": "돌" * 41, "weight": 1},
    {"name": "a\x00b", "weight": 1},
    {"name": "a", "weight": 2**31},
    {"name": "a", "weight": -(2**31) - 1},
]
MOST: dict[str, Any] = {"name": "돌" * 40, "weight": 2**31 - 1}
STATEMENTS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "a row": lambda s, row: s.add(Stone(**row)),
    "an insert": lambda s, row: s.execute(insert(Stone.__table__).values(**row)),  # type: ignore[arg-type]
    "many": lambda s, row: s.execute(insert(Stone.__table__), [{"name": f"n{n}", "weight": n} for n in range(1100)] + [row]),  # type: ignore[arg-type]
    "a list": lambda s, row: s.execute(insert(Stone).values([{"name": "b", "weight": 2}, row])),
    "a change": lambda s, row: s.execute(update(Stone).where(Stone.name == MOST["name"]).values(**row)),
}


async def _put(database: Database, how: str, row: dict[str, Any], said: str = "a") -> None:
    async with database.transaction(PODO) as tx:
        tx.say(StoneLaid(name=said))
        if (sent := STATEMENTS[how](tx.session, row)) is not None:
            await sent


@pytest.mark.parametrize("how", list(STATEMENTS))
async def test_what_does_not_fit_is_refused_and_leaves_nothing(database: Database, how: str) -> None:
    await _put(database, "a row", MOST)
    for row in TOO_MUCH:
        with pytest.raises(DoesNotFit) as raised:
            await _put(database, how, row)
        assert raised.value.data["column"].startswith("weight" if row["name"] == "a" else "name")
    with pytest.raises(DoesNotFit):
        await _put(database, how, {"name": "c", "weight": 1}, said="\x00")
    async with database.reading(PODO) as r:
        assert [(s.name, s.weight) for s in await r.session.scalars(select(Stone))] == [tuple(MOST.values())]
        assert len(list(await r.session.scalars(select(EventRow)))) == 1
        # What is only compared is not there, and no more.
        assert await r.session.scalar(select(Stone).where(Stone.name == "돌" * 41)) is None


async def test_what_only_the_database_sees_is_refused_with_the_same_error(database: Database) -> None:
    await _put(database, "a row", MOST)
    if database.is_sqlite:
        return
    with pytest.raises(DoesNotFit):
        async with database.transaction(PODO) as tx:
            await tx.session.execute(text("UPDATE test_stones SET name = repeat('a', 41)"))
    with pytest.raises(DoesNotFit):
        async with database.reading(PODO) as r:
            await r.session.scalar(select(Stone).where(Stone.name == "a\x00"))


async def test_half_a_sign_is_refused_in_what_is_kept_and_in_what_is_asked(database: Database) -> None:
    with pytest.raises(DoesNotFit):
        await _put(database, "a row", {"name": "\ud800", "weight": 1})
    with pytest.raises(DoesNotFit):
        await _put(database, "a row", MOST, said="\ud800")
    with pytest.raises(DoesNotFit):
        async with database.reading(PODO) as r:
            await r.session.scalar(select(Stone).where(Stone.name == "\ud800"))


async def test_a_moment_before_the_first_and_one_behind_the_last_are_compared_with(database: Database) -> None:
    await _put(database, "a row", MOST)
    before, behind = (datetime.fromisoformat(at) for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"))
    async with database.reading(PODO) as r:
        asked = select(func.count()).select_from(EventRow)
        assert await r.session.scalar(asked.where(EventRow.at > before, EventRow.at < behind)) == 1
        assert await r.session.scalar(asked.where(or_(EventRow.at < before, EventRow.at > behind))) == 0
