"""Open pages hear news, and hold nobody who wants to stop."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from podo.access import service as access
from podo.kernel import clock
from podo.kernel.http.web import COOKIE
from tests.company import LEAD, serving
from tests.houses import Living, person

FILE = """
people: [{id: prs-1, name: 이서연, email: seoyeon@podo.example, team: chat}]
teams: [{id: team-1, handle: chat, name: Chat}]
admins: [prs-1]
"""


async def until(lines: AsyncIterator[str], start: str) -> str:
    """The next line that begins so."""
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith(start):
                return line
    raise AssertionError(f"the stream ended without {start!r}")


async def prefer(house: Living, theme: str) -> None:
    async with house.transaction(person(LEAD)) as tx:
        await access.prefer(tx, theme=theme)


async def test_news_of_the_topics_that_a_page_names_and_of_what_was_missed(house: Living) -> None:
    async with house.signed_in(LEAD) as browser, serving(house) as url:
        # That they signed in is no news any more.
        await house.settled()
        cookies = {COOKIE: browser.client.cookies[COOKIE]}
        async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=20) as client:
            # One parameter may name several topics, as a page of a project does.
            async with client.stream("GET", "/-/live", params={"topic": "observed:chat-api person/lead"}) as stream:
                lines = stream.aiter_lines()
                assert await until(lines, "data:") == "data: []"
                house.running.app.state.hub.observed("other")
                house.running.app.state.hub.observed("chat-api")
                assert await until(lines, "data:") == 'data: ["observed:chat-api"]'
                await prefer(house, "dark")
                assert await until(lines, "data:") == 'data: ["person/lead"]'
            position = int((await client.get("/api/v1/activity")).json()["items"][0]["position"])
            await prefer(house, "light")
            await house.settled()
            headers = {"last-event-id": str(position)}
            async with client.stream("GET", "/-/live", params={"topic": "person/lead"}, headers=headers) as stream:
                assert await until(stream.aiter_lines(), "data:") == 'data: ["person/lead"]'
    async with house.client() as nobody:
        assert (await nobody.get("/-/live", params={"topic": "all"})).status_code == 401


async def test_a_page_hears_what_happened_between_its_reading_and_its_stream(house: Living) -> None:
    async with house.signed_in(LEAD) as browser, serving(house) as url:
        cookies = {COOKIE: browser.client.cookies[COOKIE]}
        async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=20) as client:
            await house.settled()
            page = (await client.get("/", headers={"accept": "text/html"})).text
            found = re.search(r'"Last-Event-ID": "(\d+)"', page)
            assert found, "the page does not say up to where it was read"
            await prefer(house, "dark")
            await house.settled()
            headers = {"last-event-id": found[1]}
            async with client.stream("GET", "/-/live", params={"topic": "person/lead"}, headers=headers) as stream:
                assert await until(stream.aiter_lines(), "data:") == 'data: ["person/lead"]'


async def test_an_open_page_ends_at_once_when_the_server_stops(house: Living) -> None:
    async with house.signed_in(LEAD) as browser, serving(house) as url:
        cookies = {COOKIE: browser.client.cookies[COOKIE]}
        # That somebody signed in is news, too.
        await house.settled()
        async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=20) as client:
            async with client.stream("GET", "/-/live", params={"topic": "all"}) as stream:
                lines = stream.aiter_lines()
                await until(lines, "data:")
                house.running.app.state.hub.closing.set()
                async with asyncio.timeout(2):
                    assert [line async for line in lines if line] == []


@pytest.mark.serial
async def test_a_process_with_an_open_page_ends_soon_after_sigterm(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(FILE)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = {
        "PODO_SERVER_DIRECTORY": str(tmp_path / "podo"),
        "PODO_SERVER_PORT": str(port),
        "PODO_ACCESS_DIRECTORY": str(tmp_path / "people.yaml"),
        "PODO_ACCESS_DEMO": "true",
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PODO_")}
    log = (tmp_path / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "podo.app", "serve", env={**kept, **ours, "PODO_SERVER_STOP_SECONDS": "60"}, stdout=log, stderr=log
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await _up(client, process, tmp_path / "log")
            await client.post("/sign-in/as", data={"person": "prs-1"})
            async with client.stream("GET", "/-/live", params={"topic": "all"}) as stream:
                lines = stream.aiter_lines()
                await until(lines, "data:")
                begun = clock.monotonic()
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(30):
                    async for _ in lines:
                        pass  # news that were on their way
                    assert await process.wait() == 0, (tmp_path / "log").read_text()[-2000:]
                # The limit for open requests is a minute here; even on a busy machine nothing may come near it.
                assert clock.monotonic() - begun < 30
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        log.close()


async def _up(client: httpx.AsyncClient, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(90):
        while True:
            assert process.returncode is None, await asyncio.to_thread(log.read_text)
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.2)
