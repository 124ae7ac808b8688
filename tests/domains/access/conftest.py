"""The company's people, in a house that lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.company import company
from tests.domains.access.town import World, town
from tests.houses import Living
from tests.issuers import Hostile


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """People and teams, no clusters."""
    async with company(tmp_path / "house") as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A company whose people sign in with many issuers."""
    async with town(Path(tmp_path_factory.mktemp("town"))) as found:
        yield found


@pytest.fixture
def evil(world: World) -> Hostile:
    """One that nobody has asked yet."""
    return world.issuers[world.plain.pop()]
