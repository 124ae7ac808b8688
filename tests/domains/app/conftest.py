"""The example, made once for all tests of it (and for `make run`), unpacked into a folder of the test session."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from podo.app.demo import kept


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's folder as a first start finds it."""
    folder = tmp_path_factory.mktemp("example") / "podo"
    asyncio.run(kept.unpack(folder))
    return folder


@pytest.fixture
def rows(example: Path) -> Iterator[sqlite3.Connection]:
    """Its database, to read."""
    with contextlib.closing(sqlite3.connect(f"file:{example / 'podo.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection
