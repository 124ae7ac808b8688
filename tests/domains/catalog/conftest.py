"""The company's house, alive for a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.domains.catalog import town
from tests.houses import Living, living


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """A house with the company in it; repositories of this machine may be read."""
    async with living(tmp_path / "house", town.DOMAINS, clusters=town.CLUSTERS, PODO_CATALOG_LOCAL_REPOSITORIES="true") as found:
        await town.found(found)
        yield found
