"""The two kinds of world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from podo.clients.kubernetes import local
from tests import needs
from tests.journeys.world import REGIONS, World, emptied, world

# One process starts the control planes, and tells all its stories on them.
REAL = pytest.param("real", marks=[needs.part("kubernetes"), needs.part("kwok"), pytest.mark.xdist_group("planes")])


@pytest.fixture(scope="session")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, local.LocalCluster]]:
    """A control plane for each region, for all stories of this process: each begins without what the one before it made."""
    folder = tmp_path_factory.mktemp("clusters")
    with ExitStack() as stack:
        yield {region: stack.enter_context(local.started(region, folder, region=region)) for region in REGIONS}


@pytest.fixture(params=["twins", REAL])
async def newcomer(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Podo on twins, and on real control planes."""
    if request.param == "twins":
        async with world(tmp_path) as made:
            yield made
        return
    planes: Mapping[str, local.LocalCluster] = request.getfixturevalue("planes")
    await emptied(planes.values())
    async with world(tmp_path, planes) as made:
        yield made
