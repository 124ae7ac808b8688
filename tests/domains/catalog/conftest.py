"""The company's house, alive for a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.domains.catalog import town
from tests.houses import Living, furnished


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """A house with the company in it; repositories of this machine may be read."""
    options = {"clusters": town.CLUSTERS, "PODO_CATALOG_LOCAL_REPOSITORIES": "true"}
    async with furnished(tmp_path / "house", "town", town.found, town.DOMAINS, **options) as found:
        yield found
