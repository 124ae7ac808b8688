"""What is remembered between readings, and what ends that."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from podo.kernel.db import Database, Reading
from podo.kernel.events import log
from podo.kernel.events.delivery import Delivery
from podo.kernel.nouns import PODO
from tests.domains.kernel.conftest import Stone, StoneLaid, address


async def _lay(database: Database, name: str) -> None:
    async with database.transaction(PODO) as tx:
        tx.session.add(Stone(name=name, weight=1))
        tx.say(StoneLaid(name=name))


async def _find(r: Reading) -> int:
    return await r.session.scalar(select(func.count()).select_from(Stone)) or 0


async def _count(r: Reading) -> int:
    return await r.recall("test", "stones", lambda: _find(r))


async def test_it_is_found_once_until_an_event_of_its_domain_says_otherwise(database: Database) -> None:
    asked = 0

    async def find() -> int:
        nonlocal asked
        asked += 1
        return asked

    async def recalled() -> tuple[int, int]:
        async with database.reading(PODO) as r:
            return await r.recall("test", "a", find), await r.recall("other", "a", find)

    assert await recalled() == (1, 2)
    assert await recalled() == (1, 2)
    await _lay(database, "a")
    assert await recalled() == (3, 2)


async def test_what_follows_from_several_domains_is_found_anew_after_an_event_of_any(database: Database) -> None:
    asked = 0
    followed = (frozenset({"other", "test"}), frozenset({"other", "third"}), frozenset({"te", "st"}))

    async def find() -> int:
        nonlocal asked
        asked += 1
        return asked

    async def recalled() -> list[int]:
        async with database.reading(PODO) as r:
            return [await r.recall(of, "a", find) for of in followed]

    assert await recalled() == [1, 2, 3]
    await _lay(database, "a")
    assert await recalled() == [4, 2, 3]


async def test_a_transaction_sees_what_is_so(database: Database) -> None:
    async with database.reading(PODO) as r:
        assert await _count(r) == 0
    async with database.transaction(PODO) as tx:
        tx.session.add(Stone(name="a", weight=1))
        tx.say(StoneLaid(name="a"))
        await tx.session.flush()
        assert await _count(tx) == 1
    async with database.reading(PODO) as r:
        assert await _count(r) == 1


async def test_a_reading_that_began_before_a_change_leaves_nothing_behind(database: Database) -> None:
    async with database.reading(PODO) as early:
        # Its view is taken here, before the change.
        await early.session.scalar(select(func.count()).select_from(Stone))
        await _lay(database, "a")
        assert await _count(early) == 0
    async with database.reading(PODO) as r:
        assert await _count(r) == 1


async def test_what_another_process_said_is_heard(database: Database) -> None:
    async def nothing(*_: object) -> None:
        """No run is started."""

    other = Database(address(database), metadata=database.metadata)
    other.before_commit = log.write
    delivery = Delivery(database, [], nothing)
    delivery.begin()
    try:
        async with database.reading(PODO) as r:
            assert await _count(r) == 0
        await _lay(other, "a")
        async with asyncio.timeout(10):
            while True:
                async with database.reading(PODO) as r:
                    if await _count(r) == 1:
                        break
                await asyncio.sleep(0.05)
        # The other one seals, too: then it is heard by its position.
        await _lay(other, "b")
        await log.seal(other)
        async with asyncio.timeout(10):
            while True:
                async with database.reading(PODO) as r:
                    if await _count(r) == 2:
                        break
                await asyncio.sleep(0.05)
    finally:
        await delivery.end()
        await other.close()
