"""The log of a build: one suite for the files and for their twin; then what files alone have to stand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from podo.delivery.adapters.logs import CUT, LogFiles
from podo.delivery.adapters.memory import MemoryLogs
from podo.delivery.ports import BuildLogReader
from podo.delivery.types import LogLine
from podo.delivery.writers import BuildLogWriter


class Logs(BuildLogReader, BuildLogWriter, Protocol):
    """Both sides."""

    async def close(self) -> None: ...


@pytest.fixture(params=["files", "memory"])
async def logs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Logs]:
    made: Logs = LogFiles(tmp_path / "builds", most=2000) if request.param == "files" else MemoryLogs(most=2000)
    yield made
    await made.close()


def texts(lines: list[LogLine] | tuple[LogLine, ...]) -> list[str]:
    return [line.text for line in lines]


async def following(logs: BuildLogReader, build: str, after: int = 0) -> list[str]:
    return [f"{line.number} {line.text}" async for line in logs.follow(build, after)]


async def test_lines_come_back_numbered_and_in_order(logs: Logs) -> None:
    written = [await logs.write("bld_1", f"step {n}") for n in range(1, 6)]
    read = list(await logs.lines("bld_1"))
    assert read == written
    assert [line.number for line in read] == [1, 2, 3, 4, 5]
    assert texts(list(await logs.lines("bld_1", after=3))) == ["step 4", "step 5"]
    assert texts(list(await logs.lines("bld_1", after=1, limit=2))) == ["step 2", "step 3"]
    assert list(await logs.lines("bld_other")) == []


async def test_who_follows_gets_what_is_there_then_what_comes_then_the_end(logs: Logs) -> None:
    await logs.write("bld_1", "before")
    first, second = (asyncio.create_task(following(logs, "bld_1", after)) for after in (0, 1))
    await asyncio.sleep(0.05)
    for n in range(3):
        await logs.write("bld_1", f"later {n}")
        await asyncio.sleep(0)
    assert not first.done()
    await logs.end("bld_1")
    assert await asyncio.wait_for(first, 5) == ["1 before", "2 later 0", "3 later 1", "4 later 2"]
    assert await asyncio.wait_for(second, 5) == ["2 later 0", "3 later 1", "4 later 2"]


async def test_a_log_can_be_followed_before_its_first_line(logs: Logs) -> None:
    follower = asyncio.create_task(following(logs, "bld_1"))
    await asyncio.sleep(0.05)
    await logs.write("bld_1", "at last")
    await logs.end("bld_1")
    assert await asyncio.wait_for(follower, 5) == ["1 at last"]


async def test_after_the_end_nothing_comes_and_a_second_end_does_nothing(logs: Logs) -> None:
    await logs.write("bld_1", "one")
    await logs.end("bld_1")
    await logs.write("bld_1", "too late")
    await logs.end("bld_1")
    assert texts(list(await logs.lines("bld_1"))) == ["one"]
    assert await asyncio.wait_for(following(logs, "bld_1"), 5) == ["1 one"]


async def test_a_line_is_one_line_of_plain_text(logs: Logs) -> None:
    await logs.write("bld_1", "\x1b[31mred\x1b[0m\tand 빨강 \x1b]0;title\x07\x1b[2K\r\n")
    await logs.write("bld_1", "forged\n2026-01-01T00:00:00+00:00 line\0\x07")
    await logs.write("bld_1", "half \udcff of a pair")
    await logs.write("bld_1", "x" * 100_000)
    read = list(await logs.lines("bld_1"))
    assert texts(read)[:3] == [
        "red and 빨강",
        "forged\\x0a2026-01-01T00:00:00+00:00 line\\x00\\x07",
        "half ? of a pair",
    ]
    assert len(read) == 4


async def test_a_log_that_is_too_long_is_cut_with_a_sentence(logs: Logs) -> None:
    for n in range(100):
        await logs.write("bld_1", f"line {n:03} {'.' * 60}")
    read = texts(list(await logs.lines("bld_1")))
    assert read[-1] == CUT
    assert read.count(CUT) == 1
    assert 10 < len(read) < 30
    await logs.end("bld_1")
    assert len(await asyncio.wait_for(following(logs, "bld_1"), 5)) == len(read)


async def test_logs_do_not_meet(logs: Logs) -> None:
    await logs.write("bld_1", "mine")
    await logs.write("bld_2", "yours")
    assert texts(list(await logs.lines("bld_1"))) == ["mine"]
    assert texts(list(await logs.lines("bld_2"))) == ["yours"]


# -- files


async def test_another_process_sees_what_is_written_and_goes_on_with_it(tmp_path: Path) -> None:
    here, there = LogFiles(tmp_path), LogFiles(tmp_path)
    await here.write("bld_1", "one")
    follower = asyncio.create_task(following(there, "bld_1"))
    await asyncio.sleep(0.1)
    await here.write("bld_1", "two")
    await here.close()
    made = await there.write("bld_1", "three, after it was taken over")
    assert made.number == 3
    await here.end("bld_1")
    assert await asyncio.wait_for(follower, 5) == ["1 one", "2 two", "3 three, after it was taken over"]
    await there.end("bld_1")
    assert (tmp_path / "bld_1.log").read_bytes().count(b"= end\n") == 1


async def test_a_line_that_was_cut_by_a_kill_spoils_no_other(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path)
    await logs.write("bld_1", "one")
    await logs.close()
    with (tmp_path / "bld_1.log").open("ab") as file:
        file.write(b"2026-03-01T09:0")
    assert texts(list(await logs.lines("bld_1"))) == ["one"]
    made = await logs.write("bld_1", "two")
    await logs.close()
    assert [(line.number, line.text) for line in await logs.lines("bld_1")] == [(1, "one"), (2, "2026-03-01T09:0"), (3, "two")]
    assert (made.number, made.text) == (3, "two")


async def test_a_log_that_was_cut_stays_cut_after_a_restart(tmp_path: Path) -> None:
    for _ in range(3):
        logs = LogFiles(tmp_path, most=300)
        for n in range(5):
            await logs.write("bld_1", f"line {n} {'.' * 60}")
        await logs.close()
    read = texts(list(await LogFiles(tmp_path).lines("bld_1")))
    assert read.count(CUT) == 1
    assert read[-1] == CUT


@pytest.mark.parametrize("build", ["../etc", "a/b", "", ".", "a" * 81])
async def test_only_an_id_names_a_log(tmp_path: Path, build: str) -> None:
    with pytest.raises(ValueError, match="no build's id"):
        await LogFiles(tmp_path).write(build, "no")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_ten_thousand_lines_are_quick(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path)
    follower = asyncio.create_task(following(logs, "bld_1"))
    for n in range(10_000):
        await logs.write("bld_1", f"line {n}")
        if n % 100 == 0:
            await asyncio.sleep(0)
    await logs.end("bld_1")
    async with asyncio.timeout(20):
        assert len(await follower) == 10_000
    assert len(await logs.lines("bld_1", limit=20_000)) == 10_000
