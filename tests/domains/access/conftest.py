"""The company's people, in a house that lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.company import company
from tests.houses import Living


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """People and teams, no clusters."""
    async with company(tmp_path / "house") as found:
        yield found
