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
from tests import needs, postgres


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSwept(Event):
    """The path was swept, as a later version has it."""

    code: ClassVar[str] = "test.path_swept"
    sentence: ClassVar[str] = "{actor} swept {name}"
    name: str
    broom: str = "old"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs.program("initdb"))])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/podo.db"
        return
    async with postgres.database_url() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the tables."""
    made = Database(database_url, metadata=metadata)
    made.before_commit = log.write
    async with made.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield made
    await made.close()


def address(database: Database) -> str:
    """The address of a database, for another engine on it."""
    return database.url.render_as_string(hide_password=False)
