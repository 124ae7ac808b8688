"""Finding things by their names, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from podo.kernel import search
from podo.kernel.db import Database, Reading
from podo.kernel.nouns import PODO

PEOPLE = [
    search.Entry("p1", "이서연", ("seoyeon@karrot.example",)),
    search.Entry("p2", "Sean O'Brien"),
    search.Entry("p3", "김민수"),
]
THINGS = [
    search.Entry(f"a{n}", f"{of}-{what}-{n:02}", (f"i-{n:08x}",))
    for n, (of, what) in enumerate((o, w) for o in ("chat", "payment", "feed") for w in ("redis", "queue", "orders%db"))
]


@pytest.fixture
async def known(database: Database) -> Database:
    await search.keep(database, ["person", "thing"])
    async with database.transaction(PODO) as tx:
        await search.put(tx, "person", PEOPLE)
        await search.put(tx, "thing", THINGS)
    # Every start does so.
    await search.keep(database, ["person", "thing"])
    return database


async def refs(database: Database, kind: str, text: str, limit: int = 5) -> list[str]:
    async with database.reading(PODO) as r:
        return [found.ref for found in await search.find(r, kind, text, limit)]


async def test_names_their_beginnings_parts_and_near_misses_are_found(known: Database) -> None:
    assert await refs(known, "person", "이서연") == ["p1"]
    assert await refs(known, "person", "서") == ["p1"]
    assert await refs(known, "person", "이서인") == ["p1"], "nearly"
    assert await refs(known, "person", "이서여") == ["p1"]
    assert await refs(known, "person", "seoyeon") == ["p1"]
    assert await refs(known, "person", "obrien") == ["p2"]
    assert await refs(known, "thing", "chat-redis-00") == ["a0"]
    assert set(await refs(known, "thing", "redis")) == {"a0", "a3", "a6"}
    assert await refs(known, "thing", "redis payment") == ["a3"], "every word, in any order"
    assert (await refs(known, "thing", "paymetn-redis"))[0] == "a3", "two letters changed places"
    assert await refs(known, "thing", "i-00000004") == ["a4"]
    assert await refs(known, "thing", "zzzzzz") == []
    assert await refs(known, "person", "redis") == [], "kinds stay apart"
    assert set(await refs(known, "thing", "db paym")) == {"a5"}, "a word of two signs, at the end"
    assert set(await refs(known, "thing", "qu")) == {"a1", "a4", "a7"}, "where a word begins"
    assert set(await refs(known, "thing", "ym")) == {"a3", "a4", "a5"}, "within a word"
    assert set(await refs(known, "thing", "db 8")) == {"a8"}


async def test_all_that_hold_every_word_are_found_unless_they_are_too_many(known: Database) -> None:
    async with known.reading(PODO) as r:
        assert set(await search.holding(r, "thing", "REDIS", 3) or []) == {"a0", "a3", "a6"}
        assert await search.holding(r, "thing", "ment-redis-0 i-0", 3) == ["a3"], "parts of words, as they stand"
        assert await search.holding(r, "thing", "payment zzz", 3) == []
        assert await search.holding(r, "thing", "redis", 2) is None, "more than may be"
        assert await search.holding(r, "thing", "q re", 100) is None, "too short to be looked up"


async def test_what_databases_read_as_signs_of_their_own_are_letters(known: Database) -> None:
    assert set(await refs(known, "thing", "orders%db")) == {"a2", "a5", "a8"}
    for text in ('"', "'", "%", "_", "* OR *", 'a" OR "b', "NEAR(a b)", "\x00", "   ", "한" * 300, "(", "x\ufffd"):
        await refs(known, "thing", text)


async def test_what_changes_is_found_as_it_is_now_and_what_goes_no_more(known: Database) -> None:
    async with known.transaction(PODO) as tx:
        await search.put(tx, "person", [search.Entry("p1", "박지호"), *PEOPLE[1:]])
        await search.drop(tx, "person", ["p3", "never-there"])
    assert await refs(known, "person", "이서연") == []
    assert await refs(known, "person", "박지호") == ["p1"]
    assert await refs(known, "person", "김민수") == []


async def test_rows_that_came_by_another_way_are_put_once_at_the_start(database: Database) -> None:
    asked: list[str] = []

    async def people(r: Reading) -> AsyncIterator[Sequence[search.Entry]]:
        asked.append("people")
        yield PEOPLE[:2]
        yield PEOPLE[2:]

    kinds = [search.Searchable("person", people)]
    await search.keep(database, ["person"])
    await search.fill(database, kinds)
    await search.fill(database, kinds)
    assert asked == ["people"]
    assert await refs(database, "person", "민수") == ["p3"]


async def test_a_transaction_that_fails_leaves_nothing_to_find(known: Database) -> None:
    with pytest.raises(RuntimeError):
        async with known.transaction(PODO) as tx:
            await search.put(tx, "person", [search.Entry("p9", "최하늘")])
            raise RuntimeError
    assert await refs(known, "person", "최하늘") == []


async def test_among_thousands_that_are_much_alike_the_right_one_is_found(database: Database) -> None:
    await search.keep(database, ["thing"])
    stages = ("prod-kr", "prod-jp", "alpha-kr")
    names = [f"{of}-redis-{stages[n % 3]}-{n:04x}" for of in ("chat", "payment") for n in range(8000)]
    async with database.transaction(PODO) as tx:
        await search.put(
            tx, "thing", [search.Entry(name, name, (f"i-{n * 2654435761 % 2**32:08x}",)) for n, name in enumerate(names)]
        )
        await search.put(tx, "thing", [search.Entry("cache", "chat-memory-prod-kr", ("xy",))])
    assert (await refs(database, "thing", "chat-redsi-prod-kr-0003"))[0] == "chat-redis-prod-kr-0003", (
        "two letters changed places"
    )
    assert (await refs(database, "thing", "paymet-redis-alpha-kr-1f3d"))[0] == "payment-redis-alpha-kr-1f3d", "one is missing"
    assert {n[:14] for n in await refs(database, "thing", "paymetn redis")} == {"payment-redis-"}, "what is right, thousands have"
    assert await refs(database, "thing", "redis 0ffe alpha") == ["chat-redis-alpha-kr-0ffe", "payment-redis-alpha-kr-0ffe"]
    assert await refs(database, "thing", "kr memory") == ["cache"]
    assert await refs(database, "thing", "kr xy") == ["cache"]
    assert len(await refs(database, "thing", "redis")) == 5
