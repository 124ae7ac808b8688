"""Who has left is out within a minute: sessions, tokens, and what is open already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from podo.access import service
from podo.access.adapters.file import DirectoryFile
from podo.access.domain import LEAVING
from podo.access.types import PersonLeft, WrongDirectory
from podo.kernel import clock
from podo.kernel.events import log
from podo.kernel.http.live import LOOK, while_let_in
from tests.company import ADMIN, DOMAINS, LEAD, MEMBER, MEMBERSHIPS, PEOPLE, TEAMS, api_of, serving, terminal_of
from tests.houses import Living, living

DIRECTORY: dict[str, Any] = {
    "teams": [{"id": "t", "handle": "chat", "name": "Chat"}],
    "people": [
        {"id": who, "name": who.title(), "email": f"{who}@podo.example", "team": "chat"} for who in ("ada", "ben", "cho", "dan")
    ],
    "admins": ["ada"],
}


def but(who: str, **change: Any) -> str:
    """The directory, one entry changed; the person is not in it when nothing is."""
    people = [p | change if p["id"] == who else p for p in DIRECTORY["people"] if p["id"] != who or change]
    return yaml.safe_dump({**DIRECTORY, "people": people}, allow_unicode=True)


async def left(house: Living) -> list[str]:
    async with house.reading() as r:
        entries, _ = await log.history(r, log.Wanted(codes=[PersonLeft.code]), limit=20)
    return [entry.facts["person"] for entry in entries]


async def test_a_directory_that_changed_is_taken_over_by_the_next_sweep(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(yaml.safe_dump(DIRECTORY))
    async with living(tmp_path / "house", DOMAINS, PODO_ACCESS_DIRECTORY=str(file)) as house:
        async with house.signed_in("ben") as browser, api_of(house, "ben") as api:
            await LEAVING.sweep(house.house)
            assert (await api.get("/api/v1/me")).status_code == 200
            file.write_text(but("ben"))
            await LEAVING.sweep(house.house)
            assert (await browser.client.get("/people")).status_code == 303
            assert (await api.get("/api/v1/me")).status_code == 401
            assert await left(house) == ["ben"]
            # A file that is wrong today, or gone, changes nothing and breaks nothing.
            file.write_text("people: 7")
            await LEAVING.sweep(house.house)
            file.unlink()
            await LEAVING.sweep(house.house)
            file.write_text(but("nobody"))
            await LEAVING.sweep(house.house)
            assert await left(house) == ["ben"]
            async with house.signed_in("ben"):
                pass


async def test_an_end_that_comes_puts_a_person_out_at_that_moment(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    end = clock.now() + timedelta(minutes=30)
    file.write_text(but("cho", ends=end.isoformat()))
    async with living(tmp_path / "house", DOMAINS, PODO_ACCESS_DIRECTORY=str(file)) as house:
        async with house.signed_in("cho") as browser, api_of(house, "cho") as api:
            with clock.shifted(timedelta(minutes=29)):
                assert (await browser.client.get("/people")).status_code == 200
                assert (await api.get("/api/v1/me")).status_code == 200
            with clock.shifted(timedelta(minutes=30, seconds=1)):
                # Before any sweep has come around.
                assert (await browser.client.get("/people")).status_code == 303
                assert (await api.get("/api/v1/me")).status_code == 401
                assert (await browser.client.post("/sign-in/as", data={"person": "cho"})).status_code == 404
                assert await left(house) == []
                await LEAVING.sweep(house.house)
                await LEAVING.sweep(house.house)
                assert await left(house) == ["cho"]
                # The directory that still names the person brings nobody back.
                file.write_text(but("cho", ends=end.isoformat(), title="gone"))
                await LEAVING.sweep(house.house)
                assert await left(house) == ["cho"]
                async with house.reading() as r:
                    assert not (await service.person(r, "cho")).active
                # A later end does.
                file.write_text(but("cho", ends=(end + timedelta(days=9)).isoformat()))
                await LEAVING.sweep(house.house)
                assert (await browser.client.get("/people")).status_code == 303, "but not what was open before"
                async with house.signed_in("cho"):
                    pass


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("2027-01-31", "2027-02-01T00:00:00+00:00"),
        ("'2027-01-31'", "2027-02-01T00:00:00+00:00"),
        ("2027-01-31T09:00:00+09:00", "2027-01-31T00:00:00+00:00"),
        ("'2027-01-31T09:00:00+09:00'", "2027-01-31T00:00:00+00:00"),
    ],
)
async def test_a_day_counts_to_its_end(tmp_path: Path, written: str, end: str) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(f"teams: []\npeople: [{{id: a, name: A, email: a@b.c, ends: {written}}}]\n")
    (person,) = (await DirectoryFile(file).read()).people
    assert person.ends_at is not None
    assert (person.ends_at - person.ends_at.fromisoformat(end)).total_seconds() == 0
    file.write_text("teams: []\npeople: [{id: a, name: A, email: a@b.c, ends: soon}]\n")
    with pytest.raises(WrongDirectory, match="ends"):
        await DirectoryFile(file).read()


async def test_what_is_open_ends_when_its_reader_is_out(house: Living) -> None:
    assert LOOK <= 30, "with a sweep every 20 seconds that is within a minute"
    house.running.app.state.look = 0.2
    async with serving(house) as url, house.signed_in(LEAD) as one, house.signed_in(MEMBER) as two:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:

            async def follow(cookies: httpx.Cookies) -> float:
                begun = clock.monotonic()
                carried = "; ".join(f"{c.name}={c.value}" for c in cookies.jar)
                async with client.stream("GET", "/-/live?topic=all", headers={"cookie": carried}) as answer:
                    assert answer.status_code == 200
                    open_.release()
                    async for _ in answer.aiter_bytes():
                        pass
                return clock.monotonic() - begun

            open_ = asyncio.Semaphore(0)
            leaving, staying = (asyncio.create_task(follow(b.client.cookies)) for b in (one, two))
            await open_.acquire()
            await open_.acquire()
            await asyncio.sleep(0.5)
            assert not leaving.done()
            async with house.transaction() as tx:
                people, members = [p for p in PEOPLE if p.id != LEAD], [m for m in MEMBERSHIPS if m.person != LEAD]
                await service.sync_directory(tx, people, TEAMS, members)
            assert await asyncio.wait_for(leaving, 5) > 0.5
            await asyncio.sleep(0.5)
            assert not staying.done()
            # Signed out in another window is out, too.
            async with house.signed_in(ADMIN) as admin:
                await admin.send(f"/people/{MEMBER}/sign-out")
            await asyncio.wait_for(staying, 5)


async def test_a_look_costs_a_stream_nothing_and_ends_a_silent_one() -> None:
    looks = 0

    async def is_in() -> bool:
        nonlocal looks
        looks += 1
        return looks < 3

    async def silent() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(60)
        yield b"never"

    assert [piece async for piece in while_let_in(silent(), is_in, 0.05)] == [b"first"]
    assert looks == 3

    async def short() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"%d" % number

    looks = 0
    assert [piece async for piece in while_let_in(short(), is_in, 60)] == [b"0", b"1", b"2"]
    assert looks == 0

    async def broken() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError("what broke is said to who reads")

    with pytest.raises(ValueError, match="what broke"):
        [piece async for piece in while_let_in(broken(), is_in, 60)]


async def test_a_page_left_open_keeps_no_session_alive(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        source = house.house.ports[_source()]
        cookie = next(c.value for c in browser.client.cookies.jar if c.name == "podo_session")
        with clock.shifted(timedelta(hours=71)):
            assert await source.is_in(cookie=cookie, bearer=None)
        with clock.shifted(timedelta(hours=73)):
            assert not await source.is_in(cookie=cookie, bearer=None)
            assert not await source.is_in(cookie=None, bearer="nonsense")
            assert not await source.is_in(cookie=None, bearer=None)


def _source() -> Any:
    from podo.kernel.http import IdentitySource

    return IdentitySource


async def test_an_administrator_does_it_all_at_the_terminal(house: Living) -> None:
    async with terminal_of(house, ADMIN) as podo, house.signed_in(LEAD) as browser, house.signed_in(LEAD) as other:
        listed = await podo.run("person", "sessions", LEAD)
        assert listed.count("ses_") == 2
        (session, *_) = [word for word in listed.split() if word.startswith("ses_")]
        await podo.run("person", "sign-out", LEAD, "--session", session)
        assert (await podo.run("person", "sessions", LEAD)).count("ses_") == 1
        await podo.run("person", "sign-out", LEAD)
        for client in (browser.client, other.client):
            assert (await client.get("/people")).status_code == 303
        assert "comes from the directory" in await podo.run("person", "deactivate", LEAD, exit_code=1)
        assert "comes from the directory" in await podo.run("person", "activate", LEAD, exit_code=1)
        assert "Nothing here yet" in await podo.run("person", "accounts", LEAD)
        await podo.run("person", "unlink", LEAD, "acc_none", exit_code=4)
