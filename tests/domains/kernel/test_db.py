"""Transactions: whole or not at all, never silent, never with the outside."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import func, select, text, update

from podo.kernel.db import Database, DatabaseUnavailable, outside
from podo.kernel.db.database import OutsideCall, Silent
from podo.kernel.db.leases import hold
from podo.kernel.db.models import metadata
from podo.kernel.events.models import EventRow
from podo.kernel.nouns import PODO
from tests.domains.kernel.conftest import Stone, StoneLaid, address


async def _stones(database: Database) -> int:
    async with database.reading(PODO) as r:
        return await r.session.scalar(select(func.count()).select_from(Stone)) or 0


async def test_a_record_changes_with_an_event_and_not_without(database: Database) -> None:
    async with database.transaction(PODO) as tx:
        tx.session.add(Stone(name="a", weight=1))
        tx.say(StoneLaid(name="a"))
    with pytest.raises(Silent, match="test_stones"):
        async with database.transaction(PODO) as tx:
            tx.session.add(Stone(name="b", weight=1))
    with pytest.raises(Silent):
        async with database.transaction(PODO) as tx:
            await tx.session.execute(update(Stone).values(weight=9))
    with pytest.raises(Silent):
        async with database.transaction(PODO) as tx:
            await tx.session.execute(update(Stone.__table__).values(weight=8))  # type: ignore[arg-type]
    with pytest.raises(Silent):
        async with database.transaction(PODO) as tx:
            (await tx.session.get_one(Stone, "a")).weight = 7
    with pytest.raises(Silent):
        async with database.transaction(PODO) as tx:
            await tx.session.delete(await tx.session.get_one(Stone, "a"))
    async with database.reading(PODO) as r:
        assert [(s.name, s.weight) for s in await r.session.scalars(select(Stone))] == [("a", 1)]


async def test_an_error_leaves_neither_row_nor_event(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction(PODO) as tx:
            tx.session.add(Stone(name="a", weight=1))
            tx.say(StoneLaid(name="a"))
            await tx.session.flush()
            raise RuntimeError
    async with database.reading(PODO) as r:
        assert await r.session.scalar(select(func.count()).select_from(EventRow)) == 0
    assert await _stones(database) == 0


async def test_the_outside_is_not_called_while_a_transaction_is_open(database: Database) -> None:
    outside()
    async with database.transaction(PODO):
        with pytest.raises(OutsideCall):
            outside()
    async with database.reading(PODO):
        with pytest.raises(OutsideCall):
            outside()
    outside()


async def test_two_hundred_writers_at_once_lose_nothing(database: Database) -> None:
    async with database.transaction(PODO) as tx:
        tx.session.add(Stone(name="sum", weight=0))
        tx.say(StoneLaid(name="sum"))

    async def add_one(n: int) -> None:
        async with database.transaction(PODO) as tx:
            row = await tx.session.get_one(Stone, "sum")
            row.weight += 1
            tx.say(StoneLaid(name=str(n)))

    await asyncio.gather(*(add_one(n) for n in range(200)))
    async with database.reading(PODO) as r:
        assert (await r.session.get_one(Stone, "sum")).weight == 200


async def test_a_second_process_writes_too(database: Database) -> None:
    """Two engines on one file stand for two processes; neither loses the other's update."""
    other = Database(address(database), metadata=database.metadata)
    async with database.transaction(PODO) as tx:
        tx.session.add(Stone(name="sum", weight=0))
        tx.say(StoneLaid(name="sum"))

    async def add_one(where: Database) -> None:
        async with where.transaction(PODO) as tx:
            (await tx.session.get_one(Stone, "sum")).weight += 1
            tx.say(StoneLaid(name="sum"))

    await asyncio.gather(*(add_one(where) for where in (database, other) for _ in range(20)))
    await other.close()
    async with database.reading(PODO) as r:
        assert (await r.session.get_one(Stone, "sum")).weight == 40


async def test_a_lease_has_one_holder_until_it_ends(database: Database) -> None:
    assert await hold(database, "round", "a", 0.3)
    assert await hold(database, "round", "a", 0.3)
    assert not await hold(database, "round", "b", 0.3)
    deadline = time.monotonic() + 5
    while not await hold(database, "round", "b", 30):
        assert time.monotonic() < deadline, "the lease never ended"
        await asyncio.sleep(0.05)
    assert not await hold(database, "round", "c", 30)


async def test_a_task_that_is_cancelled_within_a_statement_leaves_no_lock(database: Database) -> None:
    slow = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) SELECT max(x) FROM n")

    async def work() -> None:
        async with database.transaction(PODO) as tx:
            await tx.session.execute(slow)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    # Whoever keeps the error keeps the statement.
    [error] = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError)
    async with asyncio.timeout(10):
        async with database.transaction(PODO) as tx:
            tx.session.add(Stone(name="a", weight=1))
            tx.say(StoneLaid(name="a"))
    assert await _stones(database) == 1


async def test_who_stands_still_within_a_transaction_is_thrown_out_and_holds_nobody_up(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("one process alone has a SQLite file")
    other = Database(address(database), metadata=database.metadata)

    async def lay() -> None:
        async with other.transaction(PODO) as tx:
            tx.session.add(Stone(name="b", weight=1))
            tx.say(StoneLaid(name="b"))

    with pytest.raises(DatabaseUnavailable):
        async with database.transaction(PODO) as tx:
            await tx.session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
            tx.session.add(Stone(name="a", weight=1))
            tx.say(StoneLaid(name="a"))
            await tx.session.flush()
            waiting = asyncio.create_task(lay())
            async with asyncio.timeout(10):
                await waiting
    await other.close()
    async with database.reading(PODO) as r:
        assert list(await r.session.scalars(select(Stone.name))) == ["b"]


async def test_a_database_that_is_away_is_unavailable_and_no_more() -> None:
    away = Database("postgresql://podo@127.0.0.1:1/podo", metadata=metadata)
    with pytest.raises(DatabaseUnavailable):
        async with away.transaction(PODO):
            pass
    with pytest.raises(DatabaseUnavailable):
        async with away.reading(PODO) as r:
            await r.session.scalar(select(Stone.name))
    with pytest.raises(DatabaseUnavailable):
        await away.ping()
    await away.close()
