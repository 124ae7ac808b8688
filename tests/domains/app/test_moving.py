"""The move to PostgreSQL takes every table there is, whatever a version adds: each is filled here by what its columns are."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    inspect,
    select,
    text,
)

from podo.app import keeping, migrations, moving
from podo.app.settings import DatabaseSettings, ServerSettings
from podo.kernel.db import Database, UtcTime
from podo.kernel.db.copies import rows_of
from podo.kernel.db.models import metadata
from podo.kernel.durable import tables as engine
from podo.kernel.settings import Settings
from tests import needs, postgres
from tests.domains.delivery.shops import shop

pytestmark = needs.program("initdb")
_SINCE = datetime(2026, 2, 28, 23, 59, 59, 123456, UTC)
# What a copy by texts could spoil.
_ODD = "\\N\t한글\r\n'\"\\ é🍇"
# What only says how far a file was migrated, and what SQLite finds texts by.
_OF_FILES = {"alembic_version", migrations.LIVES_WITH}


async def test_every_table_there_is_is_moved_and_kept_as_it_stands(tmp_path: Path) -> None:
    async with shop(tmp_path / "first") as made:
        settings = made.living.house.settings
        await made.healthy_alpha()
    file = tmp_path / "first/podo.db"
    assert await asyncio.to_thread(_unknown, file) <= _OF_FILES, "there are tables of which the move does not know"
    old = Database(f"sqlite:///{file}", metadata=metadata)
    await _fill(old)
    before = await _rows(old)
    await old.close()
    assert not [name for name, rows in before.items() if not rows and name not in engine.OF_THE_LIVING]

    server = await asyncio.to_thread(postgres.server)
    with server.database("template0") as url, server.database("template0") as another:
        moved = await moving.move(settings, url)
        assert moved.tables >= len(_tables())
        await _is_there(url, before, file.with_name("engine.db"))
        backup = tmp_path / "podo.backup"
        await keeping.backup(_at(settings, url), backup)
        await keeping.restore(_at(settings, another), backup)
        await _is_there(another, before, file.with_name("engine.db"))


def _at(settings: Settings, url: str) -> Settings:
    nowhere = replace(settings[ServerSettings], directory=settings[ServerSettings].directory / "nowhere")
    return settings.but(nowhere, replace(settings[DatabaseSettings], url=url))


def _unknown(file: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as here:
        names = {name for (name,) in here.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {n for n in names - metadata.tables.keys() if not n.startswith(("sqlite_", "search_"))}


async def _is_there(url: str, before: dict[str, list[Any]], file: Path) -> None:
    new = Database(url, metadata=metadata)
    try:
        after = await _rows(new)
        for name, rows in before.items():
            if name not in engine.OF_THE_LIVING:
                assert after[name] == rows, name
        async with new.engine.connect() as connection:
            of_engine = await connection.run_sync(lambda c: inspect(c).get_table_names(engine.SCHEMA))
            for name, (_, rows) in (await asyncio.to_thread(rows_of, file)).items():
                if name in of_engine and name not in engine.OWN:
                    assert await connection.scalar(text(f'SELECT count(*) FROM {engine.SCHEMA}."{name}"')) == len(rows), name
    finally:
        await new.close()


def _tables() -> list[Table]:
    """Of Podo: other tests of this process may have tables of their own."""
    return [table for table in metadata.sorted_tables if not table.name.startswith("test_")]


async def _rows(database: Database) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    async with database.engine.connect() as connection:
        for table in _tables():
            found[table.name] = sorted((tuple(row) for row in await connection.execute(select(table))), key=repr)
    return found


async def _fill(database: Database) -> None:
    """Two rows into each table that has none: one with everything in it, and one with as little as may be."""
    async with database.engine.begin() as connection:
        for table in _tables():
            if (await connection.execute(select(table).limit(1))).first() is not None:
                continue
            above: dict[str, Sequence[Any]] = {
                column.name: list(await connection.scalars(select(key.column).order_by(key.column)))
                for column in table.columns
                for key in column.foreign_keys
                if key.column.table is not table
            }
            # What has one row for each of another table has no more than that.
            most = min(2, *(len(there) for there in above.values())) if above else 2
            await connection.execute(table.insert().values([_row(table, n, above) for n in range(most)]))


def _row(table: Table, n: int, above: dict[str, Sequence[Any]]) -> dict[str, Any]:
    return {column.name: _value(column, n, above) for column in table.columns}


def _value(column: Column[Any], n: int, above: dict[str, Sequence[Any]]) -> Any:
    if column.name in above:
        there = above[column.name]
        return there[n % len(there)]
    if column.foreign_keys or (column.nullable and n):
        return None
    match column.type:
        case UtcTime():
            return _SINCE + timedelta(days=n)
        case JSON():
            return {"n": n, _ODD: [None, True, 1.5, {"": _ODD}]}
        case String(length=length):
            return f"{n}{_ODD}"[:length]
        case Boolean():
            return bool(n)
        case BigInteger():
            return 2**60 + n
        case Integer():
            return 2**31 - 1 - n
        case Float():
            return n + 0.125
        case Numeric():
            return Decimal("12345678.654321") + n
        case Date():
            return _SINCE.date() + timedelta(days=n)
        case LargeBinary():
            return bytes([n, 0, 255, 10])
        case other:
            raise AssertionError(f"{column}: how is {other!r} moved?")
