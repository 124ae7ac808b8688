"""Two syncs at once, a process killed in the middle of one, a feed that returns nothing, and a directory that is pulled."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from podo.access import service
from podo.access.types import Feed, Person, SuccessionKind, Team, WouldRemoveTooMany
from tests.company import ADMIN, MEMBERSHIPS, PEOPLE, TEAMS, company, token_of
from tests.houses import Living, person

CROWD = [Person(f"n-{n}", f"새 사람 {n}", f"n{n}@podo.example") for n in range(40)]
SPRING = Team("team-9", "Spring", "spring", "team-2")


class Killed(BaseException):
    """The process is gone."""


async def known(house: Living) -> tuple[Any, ...]:
    async with house.reading() as r:
        people = sorted((p.id, p.name) for p in await service.everybody(r))
        teams = sorted((t.id, t.name, t.parent or "", t.ended_at is None) for t in await service.teams(r))
        return people, teams, len(await service.successions(r))


async def test_one_transaction_holds_all_of_a_sync_or_nothing(house: Living) -> None:
    before = await known(house)
    feed = Feed([*PEOPLE, *CROWD], [*TEAMS[:3], replace(SPRING, name="봄")], MEMBERSHIPS[:3], successors={})
    with pytest.raises(Killed):
        async with house.transaction() as tx:
            await service.take_over(tx, feed, most_gone=1.0)
            raise Killed
    assert await known(house) == before

    async def take(teams: list[Team]) -> None:
        async with house.transaction() as tx:
            await service.take_over(tx, Feed([*PEOPLE, *CROWD], teams, MEMBERSHIPS), most_gone=1.0)

    renamed = [replace(t, name="Chats") if t.id == "team-3" else t for t in TEAMS]
    await asyncio.gather(*(take([*renamed, SPRING]) for _ in range(4)))
    people, teams, became = await known(house)
    assert (len(people), became) == (len(PEOPLE) + len(CROWD), 1), "what four found new was new once"
    assert ("team-9", "Spring", "team-2", True) in teams
    with pytest.raises(WouldRemoveTooMany):
        async with house.transaction() as tx:
            await service.take_over(tx, Feed([], [], []))
    assert await known(house) == (people, teams, became)

    slow, quick = asyncio.Event(), asyncio.Event()

    async def by_hand() -> None:
        async with house.transaction(person(ADMIN)) as tx:
            slow.set()
            await quick.wait()
            await service.succeed(tx, SuccessionKind.merge, "spring", ["team-3"])

    hand = asyncio.create_task(by_hand())
    await slow.wait()
    sync = asyncio.create_task(take([*renamed, SPRING]))
    quick.set()
    await asyncio.gather(hand, sync)
    async with house.reading() as r:
        assert (await service.team(r, "spring")).ended_at is not None, "the sync behind it knew what was decided meanwhile"


async def test_a_directory_that_is_pulled_is_previewed_taken_and_lets_nobody_push(tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            body = json.dumps(bodies[-1]).encode()
            head = (
                f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    people = [{"id": p.id, "name": p.name, "email": p.email} for p in PEOPLE]
    teams: list[dict[str, Any]] = [{"id": t.id, "handle": t.handle, "name": t.name} for t in TEAMS]
    for one, above in zip(teams[1:], ("podo", "service", "service"), strict=True):
        one["parent"] = above
    bodies.append({"people": people, "teams": teams, "admins": [ADMIN]})
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/people.json"
    async with server, company(tmp_path / "house", PODO_ACCESS_DIRECTORY_URL=url, PODO_ACCESS_DIRECTORY_KIND="json") as house:
        merged = {**teams[3], "ends": "2026-01-31", "successors": ["chat"]}
        bodies.append({"people": people, "teams": [*teams[:2], {**teams[2], "name": "대화"}, merged]})
        async with house.signed_in(ADMIN) as browser:
            page = await browser.get("/-/directory")
            assert "What becomes of teams" in page
            assert "대화" in page
            async with house.reading() as r:
                assert (await service.team(r, "search")).ended_at is None, "it was only shown"
            await browser.send("/-/directory")
        async with house.reading() as r:
            kinds = {(s.team, s.kind.value, s.successors) for s in await service.successions(r)}
        assert kinds == {("team-3", "rename", ()), ("team-4", "merge", ("team-3",))}
        push = {"authorization": f"Bearer {await token_of(house, ADMIN, 'access.sync')}"}
        async with house.client(headers=push) as hr:
            assert (await hr.get("/scim/v2/Users")).json()["totalResults"] == len(PEOPLE)
            refused = await hr.post("/scim/v2/Users", json={"userName": "x@y"})
            assert refused.status_code == 409
            assert "would be undone" in refused.json()["detail"]
