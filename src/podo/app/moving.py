"""From SQLite to PostgreSQL: every row, the runs under way, and a proof that all is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from podo.app import migrations
from podo.app.keeping import MADE, SCHEMAS, NothingToKeep, main_of, make_place
from podo.app.settings import ServerSettings
from podo.kernel.db import Database, copies
from podo.kernel.db.models import metadata
from podo.kernel.durable import tables as engine
from podo.kernel.errors import N_, Broken, Conflict
from podo.kernel.events import log
from podo.kernel.settings import Settings

_LIVES = timedelta(seconds=30)


class StillRuns(Conflict):
    """What it writes after the move would be lost."""

    code = "app.still_runs"
    so = N_("Podo still runs on {folder}.")
    do = N_("Stop it, and move then; half a minute after it was killed it counts as stopped.")


class NotSqlite(Conflict):
    """It was moved, or began on PostgreSQL."""

    code = "app.not_sqlite"
    so = N_("PODO_DATABASE_URL names no SQLite database: there is nothing to move.")
    do = N_("Leave it out for `podo database move`, which takes the new address as its argument.")


class NotAllThere(Broken):
    """The copy differs."""

    code = "app.not_all_there"
    so = N_("The new database is not what the old one is: {why}.")
    do = N_("Go on with the old one, which was not changed; drop the new one, and report this.")


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of how many tables, and how many events fit the chain."""

    tables: int
    rows: int
    sealed: int
    tail: int


async def move(settings: Settings, url: str) -> Moved:
    """Copy all to the empty PostgreSQL database at `url`. Raises `NotEmpty`, `StillRuns`, `NothingToKeep`, `NotAllThere`."""
    source, directory = main_of(settings), settings[ServerSettings].directory
    target = Database(url, metadata=metadata, pool_size=2)
    try:
        if not source.is_sqlite or target.is_sqlite:
            raise NotSqlite()
        if not await asyncio.to_thread(Path(source.url.database or "").exists):
            raise NothingToKeep(folder=str(directory))
        if await engine.alive(source, _LIVES):
            raise StillRuns(folder=str(directory))
        await migrations.run(source)
        await make_place(target, await migrations.revision_of(source) or "head")
        counts = await _copy(source, target, directory)
        await engine.calm(target)
        return await _proven(source, target, counts)
    finally:
        await source.close()
        await target.close()


async def _copy(source: Database, target: Database, directory: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    files = await asyncio.to_thread(_engine_rows, directory)
    async with source.engine.execution_options(podo_read=True).connect() as old, target.engine.begin() as new:
        shapes = await copies.shapes(new, SCHEMAS)
        for shape in reversed(shapes):
            if shape.name not in MADE:
                await copies.empty(new, shape)
        for shape in shapes:
            if shape.schema == engine.SCHEMA:
                came = await _copy_engine(new, shape, files)
            elif shape.name in metadata.tables:
                came = await copies.rows_in(new, shape, copies.read(old, metadata.tables[shape.name], shape.columns))
            else:
                continue
            if came is not None:
                counts[shape.name] = came
                await copies.count_on(new, shape)
    return counts


def _engine_rows(directory: Path) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    path = directory / "engine.db"
    return copies.rows_of(path) if path.exists() else {}


async def _copy_engine(new: copies.AsyncConnection, shape: copies.Shape, files: dict[str, Any]) -> int | None:
    if shape.name in engine.OWN or shape.name not in files:
        return None
    columns, rows = files[shape.name]
    shared = tuple(c for c in columns if c in shape.columns)
    places = [columns.index(c) for c in shared]

    async def each() -> AsyncIterator[Sequence[Any]]:
        for row in rows:
            yield [row[place] for place in places]

    return await copies.rows_in(new, copies.Shape(shape.schema, shape.name, shared), each())


async def _proven(source: Database, target: Database, counts: dict[str, int]) -> Moved:
    async with source.engine.execution_options(podo_read=True).connect() as old:
        for name, table in metadata.tables.items():
            there = await copies.count_in(old, table)
            if there != counts.get(name, 0) and name not in engine.OF_THE_LIVING:
                raise NotAllThere(why=f"{name} has {counts.get(name, 0)} rows instead of {there}")
    before, after = await log.verify(source), await log.verify(target)
    if before != after or after.broken_at is not None:
        raise NotAllThere(why=f"its log holds {after.sealed} events that fit instead of {before.sealed}")
    return Moved(len(counts), sum(counts.values()), after.sealed, after.tail)
