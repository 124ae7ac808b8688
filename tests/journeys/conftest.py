"""The two kinds of world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import needs
from tests.journeys.world import World, world

REAL = pytest.param("real", marks=[needs.part("kubernetes"), needs.part("kwok")])


@pytest.fixture(params=["twins", REAL])
async def newcomer(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Podo on twins, and on real control planes."""
    async with world(tmp_path, real=request.param == "real") as made:
        yield made
