"""`podo tour`: ended half-way, then to its end, on a house that is served; nothing of it is left elsewhere."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from podo.access import service as access
from podo.catalog import service as catalog
from tests.houses import person
from tests.journeys.world import SOAK, World, world

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]


async def _begin(made: World, folder: Path, *words: str) -> asyncio.subprocess.Process:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PODO_URL": made.address, "PYTHONUNBUFFERED": "1"}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podo.cli.main", "tour", *words),
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _is_as_it_was(made: World) -> None:
    """The soak is what it was, and nobody has a token of the tour or is signed in by it."""
    async with made.living.reading() as r:
        prod = next(e for e in await catalog.environments(r) if e.name == "prod")
    assert prod.soak_seconds == SOAK
    for who in ("haneul", "minjun", "seoyeon", "oliver", "emma"):
        async with made.living.reading(person(who)) as r:
            assert [t for t in await access.tokens(r) if t.name == "podo tour" and t.revoked_at is None] == []
            assert await access.sessions(r) == []


async def test_the_tour_may_be_ended_at_any_moment_and_goes_on_to_its_end(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        first = await _begin(made, tmp_path)
        assert first.stdout is not None
        told = ""
        while "Registered hello-tour" not in told:
            line = await first.stdout.readline()
            assert line, told
            told += line.decode()
        first.send_signal(signal.SIGINT)
        told += (await first.stdout.read()).decode()
        assert await first.wait() == 1, told
        assert "What the SRE changed for the tour is put back." in told
        await _is_as_it_was(made)

        second = await _begin(made, tmp_path)
        told = (await second.communicate())[0].decode()
        assert second.returncode == 0, told
        _says_what_came_of_it(told)
        await _is_as_it_was(made)


def _says_what_came_of_it(told: str) -> None:
    # Each step is numbered, and has the commands that it ran.
    steps = re.findall(r"^ *(\d+)\. (.+)$", told, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert len(steps) >= 15
    assert "hello-tour is registered since an earlier tour" in told
    for wanted in (
        *("kr: healthy, 2 of 2 pods", "jp: healthy, 2 of 2 pods", "uk: healthy, 2 of 2 pods"),
        *("Whoever asked for a deployment does not approve it", "1 of 1 approvals"),
        *("jp: rolled back", "uk: cancelled", "brings prod kr back to", "became healthy"),
    ):
        assert wanted in told, (wanted, told)
    assert re.search(r"\$ podo rollback hello-tour --env prod --region kr --watch", told)
    assert re.search(r"^\d+ seconds\. See it in the browser: http://127", told, re.MULTILINE)
    assert not re.search(r"podo_[0-9a-z]{20}", told)
