"""What the docs tell people to type against a running Podo works, in the order in which it stands there."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.house import commands, tree
from tests.journeys.world import HELLO, World, world

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]
SERVER = [block for block in commands.blocks() if block.runner == "server"]


async def test_the_docs_commands_do_what_they_say(tmp_path: Path) -> None:
    assert {block.path for block in SERVER} >= {"docs/quickstart.md"}
    async with world(tmp_path / "podo") as made:
        environment = await _environment(made)
        for path in dict.fromkeys(block.path for block in SERVER):
            folder = tmp_path / path.replace("/", "-")
            (folder / "examples").mkdir(parents=True)
            shutil.copytree(HELLO, folder / "examples" / "hello")
            for block in (b for b in SERVER if b.path == path):
                await asyncio.to_thread(commands.run, block, folder, environment)
    assert tree.ROOT


async def _environment(made: World) -> dict[str, str]:
    return {
        "PODO_URL": made.address,
        "PODO_TOKEN": await made.token("haneul"),
        "COLLEAGUES_TOKEN": await made.token("minjun"),
        "TEAM": "chat",
    }
