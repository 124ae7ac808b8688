"""The same suite on buildah and on the twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import needs
from tests.contracts.builder.worlds import BuildahWorld, TwinWorld, Work, World
from tests.contracts.registry.servers import debian

REAL = (pytest.mark.serial, needs.program("buildah"), needs.program("docker-registry"))


@pytest.fixture
async def buildah(tmp_path: Path) -> AsyncIterator[BuildahWorld]:
    async with debian(tmp_path / "registry") as (host, process):
        world = BuildahWorld(tmp_path / "builds", host, process)
        if not (there := await world.builder.available()):
            await world.close()
            pytest.skip(f"buildah cannot build here: {there.why}")
        yield world
        await world.close()


@pytest.fixture(params=["twin", pytest.param("buildah", marks=REAL)])
def world(request: pytest.FixtureRequest) -> World:
    return request.getfixturevalue("buildah") if request.param == "buildah" else TwinWorld.made()


@pytest.fixture
def work(world: World, tmp_path: Path) -> Work:
    folder = tmp_path / "commit"
    folder.mkdir()
    return Work(world, folder)
