"""A database with the kernel's tables and one Record of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Database, Record
from podo.kernel.db.models import metadata
from podo.kernel.events import Event, log


class Stone(Record):
    """A Record for tests."""

    __tablename__ = "test_stones"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    weight: Mapped[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoneLaid(Event):
    """A stone was laid."""

    code: ClassVar[str] = "test.stone_laid"
    sentence: ClassVar[str] = "{actor} laid {name}"
    name: str


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite database."""
    made = Database(f"sqlite:///{tmp_path}/podo.db", metadata=metadata)
    made.before_commit = log.write
    async with made.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield made
    await made.close()
