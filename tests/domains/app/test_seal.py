"""Whoever has another key than those before it does not start: it would seal what they cannot open."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bench.houses import settings_for
from podo.app import house as houses


async def _starts(folder: Path, *keys: str) -> None:
    house = houses.build(settings_for(folder, PODO_SEAL_KEYS=",".join(keys)))
    await houses.furnish(house)
    await houses.take_down(house)


async def test_all_who_use_a_database_have_the_key_it_was_sealed_with(tmp_path: Path) -> None:
    first, second, other = (Fernet.generate_key().decode() for _ in range(3))
    await _starts(tmp_path, first)
    with pytest.raises(houses.OtherKey, match="another key"):
        await _starts(tmp_path, other)
    # A new key in front, with the old one behind it; then the old one may go.
    await _starts(tmp_path, second, first)
    await _starts(tmp_path, second)
    with pytest.raises(houses.OtherKey):
        await _starts(tmp_path, first)
