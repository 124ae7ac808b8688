"""A database that refuses nothing and answers nothing: its server stands still, or a wire on the way swallows everything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from podo.delivery.types import Deployment
from podo.kernel.db import Database, DatabaseUnavailable, OutcomeUnknown, hold, holds
from podo.kernel.db.models import metadata
from podo.kernel.db.pulse import PATIENCE, QUIET
from podo.kernel.events import log
from podo.kernel.nouns import PODO
from tests import needs, postgres
from tests.domains.delivery.shops import PROJECT, Shop, shop
from tests.domains.kernel.conftest import StoneLaid
from tests.houses import Browser
from tests.sweeps.far import Wire
from tests.sweeps.fleets import wired

pytestmark = [pytest.mark.serial, needs.program("initdb"), pytest.mark.timeout(300)]
# Who hangs hangs for ever. How long the first may wait, and all others; the machine may be busy.
FIRST, OTHERS = 30.0, 10.0
ONCE = ("started", "healthy")
# What is waited for here are another process and other tasks.
# ruff: noqa: ASYNC110


async def test_while_the_database_is_silent_pages_say_so_and_then_all_goes_on(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await asyncio.to_thread(postgres.server)
        url = await stack.enter_async_context(postgres.database_url())
        wire, through = await stack.enter_async_context(_laid(url))
        made = await stack.enter_async_context(shop(tmp_path, PODO_DATABASE_URL=through))
        browser = await stack.enter_async_context(made.living.signed_in("oliver"))
        frozen = await made.ask(await made.healthy_alpha(1), "prod", ["kr"])
        await made.settled()
        await made.approve(frozen, "kr")
        with server.frozen():
            await _is_told(made, browser)
        await _goes_on(made, browser, frozen)

        swallowed = await made.ask(await made.healthy_alpha(2), "prod", ["kr"])
        await made.settled()
        await made.approve(swallowed, "kr")
        wire.swallow()
        await _is_told(made, browser)
        wire.mend()
        await _goes_on(made, browser, swallowed)
        assert (await log.verify(made.living.house.database)).broken_at is None
        async with made.living.reading() as r:
            assert not list(await r.session.scalars(text("SELECT why FROM event_letters")))


async def _is_told(made: Shop, browser: Browser) -> None:
    """The first waits for some seconds, all others for none."""
    assert (await browser.client.get("/healthz")).text == "ok"
    ready = await _within(OTHERS, browser.client.get("/readyz"))
    assert ready.status_code == 503
    assert ready.text.startswith("database: "), ready.text
    page = await _within(FIRST, browser.client.get(f"/{PROJECT}", headers={"accept": "text/html"}))
    assert page.status_code == 503
    assert "http.database_away" in page.text
    many = [browser.client.get(f"/{PROJECT}"), browser.client.get("/api/v1/projects"), browser.client.get("/readyz")]
    for answer in await asyncio.gather(*(_within(OTHERS, one) for one in many)):
        assert answer.status_code == 503
    posted = await _within(OTHERS, browser.client.post("/sign-in/as", data={"person": "haneul"}))
    assert posted.status_code == 503
    database = made.living.house.database
    with pytest.raises(DatabaseUnavailable):
        await hold(database, "test.lease", "me", 0.1)
    assert not holds(database, "test.lease", "me")


async def _within(seconds: float, request: Awaitable[httpx.Response]) -> httpx.Response:
    async with asyncio.timeout(seconds):
        return await request


async def _goes_on(made: Shop, browser: Browser, train: Deployment) -> None:
    async with asyncio.timeout(60):
        while (await browser.client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
    assert PROJECT in await browser.get(f"/{PROJECT}")
    async with asyncio.timeout(60):
        while set((await made.states(train)).values()) != {"healthy"}:
            await asyncio.sleep(0.1)
    await made.settled()
    wanted = log.Wanted(project=PROJECT, region="kr", subject=f"deployment/{PROJECT}/{train.number}")
    async with made.living.reading() as r:
        entries, _ = await log.history(r, wanted, limit=200)
    words = [e.code.removeprefix("delivery.rollout_") for e in entries]
    assert all(words.count(word) == 1 for word in ONCE), words
    assert not {"failed", "rolled_back", "stuck", "halted"} & set(words), words


@contextlib.asynccontextmanager
async def _laid(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the database in a thread of its own: the workflow engine begins while our loop stands still."""
    loop, wires = asyncio.new_event_loop(), contextlib.AsyncExitStack()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(wired(wires, url), loop))
    finally:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(wires.aclose(), loop))
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()


@contextlib.asynccontextmanager
async def _database() -> AsyncIterator[tuple[Database, Wire]]:
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.database_url())
        wire, through = await stack.enter_async_context(_laid(url))
        database = Database(through, metadata=metadata)
        stack.push_async_callback(database.close)
        yield database, wire


async def test_whoever_waits_long_for_good_reasons_is_not_given_up() -> None:
    async with _database() as (database, _), database.reading(PODO) as r:
        assert await r.session.scalar(text(f"SELECT 1 FROM pg_sleep({QUIET + PATIENCE + 0.5})")) == 1
        assert database.pulse is not None
        assert not database.pulse.is_silent


async def test_a_change_whose_answer_was_lost_is_not_said_to_be_undone() -> None:
    async with _database() as (database, wire):
        swallowing = _swallower(wire)
        with pytest.raises(OutcomeUnknown):
            async with database.transaction(PODO) as tx:
                await tx.session.execute(text("INSERT INTO marks VALUES ('test', 'taken')"))
                tx.say(StoneLaid(name="a"))
                database.before_commit = swallowing
        wire.mend()
        database.before_commit = None
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(DatabaseUnavailable):
                    async with database.reading(PODO) as r:
                        assert await r.session.scalar(text("SELECT value FROM marks WHERE name = 'test'")) == "taken"
                    break
        with pytest.raises(DatabaseUnavailable) as raised:
            wire.swallow()
            async with database.transaction(PODO) as tx:
                await tx.session.execute(text("DELETE FROM marks"))
        assert not isinstance(raised.value, OutcomeUnknown)


def _swallower(wire: Wire) -> Callable[[Any], Awaitable[None]]:
    async def swallow(_: Any) -> None:
        wire.swallow(answers_alone=True)

    return swallow
