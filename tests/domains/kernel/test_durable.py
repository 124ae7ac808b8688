"""Durable runs: finished or undone after a kill, nothing recorded twice, our errors the same on replay."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from podo.kernel import traces
from podo.kernel.db import Database, Tx
from podo.kernel.durable import Durable, Killed, act, record, workflow
from podo.kernel.errors import N_, PodoError, Refused, Unavailable
from podo.kernel.events.models import EventRow
from podo.kernel.nouns import PODO
from tests.domains.kernel.conftest import Stone, StoneLaid, address


class TooHeavy(Refused):
    """For tests."""

    code = "test.too_heavy"
    so = N_("{name} is too heavy.")
    do = N_("Take a lighter one.")


stuck: list[tuple[str, str]] = []


async def _stuck(tx: Tx, name: str, why: str) -> None:
    stuck.append((name, why))


def _in_domain(body: Any) -> Any:
    body.__module__ = "podo.quarry.steps"
    return body


@record
@_in_domain
async def lay(tx: Tx, name: str) -> dict[str, str]:
    tx.session.add(Stone(name=name, weight=1))
    tx.say(StoneLaid(name=name))
    return {"name": name}


@act(undo=None)
@_in_domain
async def lift(world: Counter[str], name: str) -> str:
    world[name] += 1
    if name == "rock":
        raise TooHeavy(name=name)
    if name == "cloud" and world[name] < 3:
        raise Unavailable(what="the sky", why="rain")
    if name == "bug":
        raise ValueError("a bug")
    return f"lifted {name}"


@workflow("test_build_v1", stuck=_stuck)
async def build(name: str) -> str:
    laid = await lay(name)
    try:
        return await lift(laid["name"])
    except TooHeavy:
        raise
    except PodoError as error:
        return f"undone: {error}"


@record
@_in_domain
async def weigh(tx: Tx, name: str) -> None:
    raise TooHeavy(name=name)


@workflow("test_weigh_v1", stuck=_stuck)
async def measure(name: str) -> str:
    try:
        await weigh(name)
    except PodoError as error:
        return f"{error.code} {error.kind} {error}; {await lift('feather')}"
    return "light"


@pytest.fixture
async def engine(database: Database, tmp_path: Path) -> AsyncIterator[Durable]:
    async with _engine(database, tmp_path) as made:
        yield made


def _engine(database: Database, tmp_path: Path) -> Any:
    class Life:
        async def __aenter__(self) -> Durable:
            url = f"sqlite:///{tmp_path}/engine.db" if database.is_sqlite else address(database)
            self.made = Durable(database, url, pauses=(0.001, 0.001, 0.001))
            self.made.worlds["quarry"] = Counter()
            await self.made.begin()
            return self.made

        async def __aexit__(self, *_: object) -> None:
            await self.made.end()

    return Life()


async def test_a_run_records_acts_and_gives_its_result_and_a_second_start_is_harmless(engine: Durable) -> None:
    await engine.start(build, "r1", "a")
    assert await engine.finished("r1") == "lifted a"
    await engine.start(build, "r1", "a")
    assert await engine.finished("r1") == "lifted a"
    # By another name, as another version of Podo calls it.
    await engine.start(measure, "r1", "a")
    assert await engine.finished("r1") == "lifted a"
    assert engine.worlds["quarry"] == {"a": 1}


async def test_our_error_reaches_the_workflow_with_its_words_and_unavailable_is_retried(engine: Durable) -> None:
    await engine.start(build, "rock", "rock")
    assert await engine.finished("rock") == "undone: rock is too heavy. Take a lighter one."
    await engine.start(build, "cloud", "cloud")
    assert await engine.finished("cloud") == "lifted cloud"
    assert engine.worlds["quarry"]["cloud"] == 3


async def test_a_process_that_was_late_goes_on_with_what_is_still_its_own(engine: Durable) -> None:
    engine._lapses = 1
    await engine.start(build, "run-late", "feather")
    assert await engine.finished("run-late") == "lifted feather"


async def test_a_bug_marks_the_run_stuck(engine: Durable) -> None:
    stuck.clear()
    await engine.start(build, "bug", "bug")
    with pytest.raises(Exception, match="a bug"):
        await engine.finished("bug")
    assert stuck == [("bug", "ValueError: a bug")]


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("step", ["quarry.lay", "quarry.lift"])
async def test_a_killed_run_is_finished_by_the_next_process_and_says_everything_once(
    database: Database, tmp_path: Path, phase: str, step: str
) -> None:
    async with _engine(database, tmp_path) as first:

        async def kill(at: str, name: str, _: str) -> None:
            if (at, name) == (phase, step):
                raise Killed

        first.interference = kill
        await first.start(build, "r", "a")
        await asyncio.sleep(0.3)
        assert await first.unfinished() == ["r"]
    async with _engine(database, tmp_path) as second:
        assert await asyncio.wait_for(second.finished("r"), 20) == "lifted a"
    async with database.reading(PODO) as r:
        assert [e.facts["name"] for e in await r.session.scalars(select(EventRow))] == ["a"]
        assert [s.name for s in await r.session.scalars(select(Stone))] == ["a"]


async def test_what_a_recording_step_refused_it_refuses_in_the_next_process_too(database: Database, tmp_path: Path) -> None:
    stuck.clear()
    async with _engine(database, tmp_path) as first:

        async def kill(at: str, name: str, _: str) -> None:
            if (at, name) == ("before", "quarry.lift"):
                raise Killed

        first.interference = kill
        await first.start(measure, "m", "rock")
        await asyncio.sleep(0.3)
        assert await first.unfinished() == ["m"]
    async with _engine(database, tmp_path) as second:
        said = await asyncio.wait_for(second.finished("m"), 20)
    assert said == "test.too_heavy refused rock is too heavy. Take a lighter one.; lifted feather"
    assert not stuck


async def test_a_run_that_is_taken_over_goes_on_in_its_trace(database: Database, tmp_path: Path) -> None:
    async with _engine(database, tmp_path) as first:

        async def kill(at: str, name: str, _: str) -> None:
            if (at, name) == ("before", "quarry.lift"):
                raise Killed

        first.interference = kill
        with traces.span("click") as click:
            await first.start(build, "t", "a")
        await asyncio.sleep(0.3)
        assert await first.unfinished() == ["t"]
    seen: list[traces.Point | None] = []
    async with _engine(database, tmp_path) as second:

        async def look(at: str, name: str, _: str) -> None:
            seen.append(traces.here())

        second.interference = look
        assert await asyncio.wait_for(second.finished("t"), 20) == "lifted a"
    assert {point.trace for point in seen if point} == {click.point.trace}
    assert None not in seen
    async with database.reading(PODO) as r:
        [said] = list(await r.session.scalars(select(EventRow)))
    assert said.trace is not None
    assert said.trace.split("-")[1] == click.point.trace
