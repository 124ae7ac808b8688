"""Search: how quickly one thing is found among all there are, rightly written, half written, and written wrongly."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Limit, quantile
from bench.houses import Living, living
from bench.sizes import Size
from podo.access.store import put_person
from podo.access.types import Person, PersonJoined
from podo.kernel import search
from podo.kernel.nouns import PODO

_PAGE, _ASKED = 5000, 40
_TEAMS = ("chat", "pay", "feed", "search", "map", "ads", "jobs", "orders", "cars", "local", "story", "trust")
_PARTS = ("redis", "queue", "images", "replica", "worker", "topic", "events", "sessions", "export", "ledger")
_STAGES = ("prod-kr", "prod-jp", "prod-ca", "prod-uk", "alpha-kr")
_FAMILY, _GIVEN = "김이박최정강조윤장임한오서신권황안송류홍", "서연민준지우하은도윤시현예린수아주원유진태경소율"


async def measure(size: Size) -> list[Figure]:
    """Assets and people by name, and questions of every kind about them."""
    things = size.assets * 6 // 5
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        async with living(Path(folder), []) as house:
            begun = time.perf_counter()
            await _put(house, things)
            put = time.perf_counter() - begun
            taken = {name: [await _ask(house, kind, text) for text in texts] for name, kind, texts in _questions(things)}
    all_ = [ms for each in taken.values() for ms in each]
    return [
        Figure("search", f"{things:,} things: p95 of all questions", "ms", [quantile(all_, 0.95)], Limit(50)),
        *[Figure("search", f"{name}: p95", "ms", [quantile(each, 0.95)]) for name, each in taken.items()],
        Figure("search", "put for the first time", "s", [put]),
    ]


def _asset(n: int) -> search.Entry:
    chance = random.Random(n)
    name = f"{chance.choice(_TEAMS)}-{chance.choice(_PARTS)}-{chance.choice(_STAGES)}-{n:x}"
    return search.Entry(f"asset-{n}", name, (f"i-{chance.getrandbits(60):017x}",))


def _name(n: int) -> str:
    chance = random.Random(-n)
    return chance.choice(_FAMILY) + "".join(chance.sample(_GIVEN, 2))


async def _put(house: Living, things: int) -> None:
    people = things // 60
    async with house.transaction(PODO) as tx:
        for n in range(people):
            await put_person(tx, Person(f"person-{n}", _name(n), f"p{n}@podo.example"))
        tx.say(PersonJoined(person="person-0", name=_name(0)))
    for first in range(0, things - people, _PAGE):
        async with house.transaction(PODO) as tx:
            await search.put(tx, "asset", [_asset(n) for n in range(first, min(first + _PAGE, things - people))])


def _questions(things: int) -> Iterator[tuple[str, str, list[str]]]:
    chance = random.Random(7)
    some = [_asset(chance.randrange(things * 9 // 10)) for _ in range(_ASKED)]
    names = [_name(chance.randrange(max(1, things // 60))) for _ in range(_ASKED)]
    yield "a whole name", "asset", [e.name for e in some]
    yield "its beginning", "asset", [e.name[:9] for e in some]
    yield "a part that many hold", "asset", [e.name.split("-")[1] for e in some]
    yield "two words", "asset", [" ".join(e.name.split("-")[1:3]) for e in some]
    yield "an instance's id", "asset", [e.words[0] for e in some]
    yield "two letters changed places", "asset", [_swapped(e.name, chance) for e in some]
    yield "a Korean name without its family's", "person", [name[1:] for name in names]
    yield "a Korean name half typed", "person", [name[:2] for name in names]
    yield "what is not there", "asset", [f"zq{n}xv" for n in range(_ASKED)]


def _swapped(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name) - 2)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


async def _ask(house: Living, kind: str, text: str) -> float:
    begun = time.perf_counter()
    async with house.reading(PODO) as r:
        await search.find(r, kind, text, 10)
    return (time.perf_counter() - begun) * 1000
