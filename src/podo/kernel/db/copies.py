"""Whole tables, in and out: PostgreSQL's COPY within one snapshot, and SQLite's backup of a file that is in use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from podo.kernel.db.database import Database


@dataclass(frozen=True, slots=True)
class Shape:
    """A table with its columns, as a dump holds them."""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def address(self) -> str:
        """How SQL names it."""
        return f'"{self.schema}"."{self.name}"'

    @property
    def listed(self) -> str:
        """Its columns, as SQL lists them."""
        return ", ".join(f'"{column}"' for column in self.columns)


def copy_file(source: Path, target: Path) -> None:
    """A copy of a SQLite file as it is at one moment, whoever writes to it meanwhile."""
    with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as there:
        with contextlib.closing(sqlite3.connect(target)) as here:
            there.backup(here)
            # One file, whole as it stands: no log beside it.
            here.execute("PRAGMA journal_mode=DELETE")


def is_whole(path: Path) -> bool:
    """Whether a SQLite file fits together."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as here:
        return here.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def rows_of(path: Path) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    """Every table of a SQLite file: its columns, and its rows as SQLite keeps them."""
    found: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as here:
        names = here.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
        for (name,) in names:
            cursor = here.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - the name is the file's own
            found[name] = tuple(column[0] for column in cursor.description), cursor.fetchall()
    return found


@contextlib.asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[AsyncConnection]:
    """A PostgreSQL connection that sees one moment."""
    engine = database.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        yield connection


async def shapes(connection: AsyncConnection, schemas: Collection[str]) -> list[Shape]:
    """All tables of these schemas, those that others refer to first."""
    return await connection.run_sync(_shapes, schemas)


def _shapes(connection: Connection, schemas: Collection[str]) -> list[Shape]:
    looking = inspect(connection)
    found: list[Shape] = []
    for schema in schemas:
        if schema not in looking.get_schema_names():
            continue
        for name, _ in looking.get_sorted_table_and_fkc_names(schema=schema):
            if name is not None:
                columns = looking.get_columns(name, schema=schema)
                found.append(Shape(schema, name, tuple(c["name"] for c in columns if not c.get("computed"))))
    return found


async def copy_out(connection: AsyncConnection, shape: Shape, write: Callable[[bytes], object]) -> int:
    """Hand the rows of a table to `write`, piece by piece; how many there were."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    async with raw.cursor() as cursor:
        async with cursor.copy(f"COPY {shape.address} ({shape.listed}) TO STDOUT") as copy:
            async for piece in copy:
                write(bytes(piece))
        return cursor.rowcount


async def copy_in(connection: AsyncConnection, shape: Shape, pieces: AsyncIterable[bytes]) -> int:
    """The way back; how many rows came in."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    async with raw.cursor() as cursor:
        async with cursor.copy(f"COPY {shape.address} ({shape.listed}) FROM STDIN") as copy:
            async for piece in pieces:
                await copy.write(piece)
        return cursor.rowcount


async def rows_in(connection: AsyncConnection, shape: Shape, rows: AsyncIterable[Sequence[Any]]) -> int:
    """Put rows of Python's values in; how many there were."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    async with raw.cursor() as cursor:
        async with cursor.copy(f"COPY {shape.address} ({shape.listed}) FROM STDIN") as copy:
            async for row in rows:
                await copy.write_row([json.dumps(v) if isinstance(v, dict | list) else v for v in row])
        return cursor.rowcount


async def count(connection: AsyncConnection, shape: Shape) -> int:
    """How many rows a table has."""
    return await connection.scalar(text(f"SELECT count(*) FROM {shape.address}")) or 0  # noqa: S608 - from the catalogue


async def count_in(connection: AsyncConnection, table: Table) -> int:
    """How many rows a table of ours has, on either kind of database."""
    return await connection.scalar(select(func.count()).select_from(table)) or 0


async def read(connection: AsyncConnection, table: Table, columns: Sequence[str]) -> AsyncIterator[Sequence[Any]]:
    """All rows of a table of ours, as Python's values."""
    async for row in await connection.stream(select(*(table.c[name] for name in columns))):
        yield tuple(row)


async def empty(connection: AsyncConnection, shape: Shape) -> None:
    """Take all rows out of a table."""
    await connection.execute(text(f"DELETE FROM {shape.address}"))  # noqa: S608 - from the catalogue


async def count_on(connection: AsyncConnection, shape: Shape) -> None:
    """Let what counts by itself go on behind the highest number that is there."""
    for column in shape.columns:
        asked = {"table": shape.address, "column": column}
        sequence = await connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), asked)
        if sequence:
            highest = f'SELECT max("{column}") FROM {shape.address}'  # noqa: S608 - from the catalogue
            await connection.execute(
                text(f"SELECT setval(:sequence, coalesce(({highest}), 1), ({highest}) IS NOT NULL)"), {"sequence": sequence}
            )


async def pieces(read: Callable[[int], bytes]) -> AsyncIterator[bytes]:
    """What a file holds, piece by piece."""
    while piece := await asyncio.to_thread(read, 1 << 18):
        yield piece
