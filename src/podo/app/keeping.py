"""Backups: everything people decided, the event log, and the runs under way, as they are at one moment, in one file.

What was observed is not in it (it is seen again), nor are the key that seals secrets and the logs of builds. A backup is a zip:
`about.json` and, from SQLite, copies of both files; from PostgreSQL, each table as COPY writes it. It is restored into an empty
place of its own kind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from podo import __version__
from podo.app import migrations
from podo.app.settings import DatabaseSettings, ServerSettings
from podo.kernel import clock
from podo.kernel.db import Database, copies
from podo.kernel.db.models import metadata
from podo.kernel.durable import tables as engine
from podo.kernel.errors import N_, Conflict, Invalid, Missing
from podo.kernel.events import log
from podo.kernel.settings import Settings

FORMAT = 1
SCHEMAS = ("public", engine.SCHEMA)
# Made by the migrations of the place it is restored into.
MADE = frozenset({"alembic_version", migrations.LIVES_WITH, *engine.OWN})
FILES = ("engine.db", "podo.db")


class BackupThere(Conflict):
    """Nothing is overwritten."""

    code = "app.backup_there"
    so = N_("{file} is there already.")
    do = N_("Name a file that is not there yet; Podo overwrites none.")


class NoBackup(Invalid):
    """A file that is no backup, or was changed or cut."""

    code = "app.no_backup"
    so = N_("{file} is no whole backup of Podo: {why}.")
    do = N_("Take another backup; `podo restore` has changed nothing.")


class NewerBackup(Conflict):
    """Made by a later version."""

    code = "app.newer_backup"
    so = N_("The backup was made by Podo {version}, whose schema {revision} this version does not know.")
    do = N_("Install Podo {version} or later, and restore it there.")


class OtherKind(Conflict):
    """From SQLite to PostgreSQL, or back."""

    code = "app.other_kind"
    so = N_("The backup is of {kind}, and PODO_DATABASE_URL says otherwise.")
    do = N_("Restore it into {kind}; `podo database move` then moves it from SQLite to PostgreSQL.")


class NotEmpty(Conflict):
    """What is there would be lost."""

    code = "app.not_empty"
    so = N_("{place} is not empty: it has {what}.")
    do = N_("Name an empty database or folder. Podo removes nothing that it does not know to be worthless.")


class NothingToKeep(Missing):
    """There is no installation."""

    code = "app.nothing_to_keep"
    so = N_("There is no Podo in {folder}.")
    do = N_("PODO_SERVER_DIRECTORY or --config names another place.")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds: rows by table, events sealed and not, and the schema."""

    file: Path
    kind: str
    revision: str
    at: str
    rows: dict[str, int]
    sealed: int
    tail: int


def main_of(settings: Settings) -> Database:
    """The main database of an installation."""
    url = settings[DatabaseSettings].url
    return Database(url or f"sqlite:///{settings[ServerSettings].directory / 'podo.db'}", metadata=metadata, pool_size=2)


async def backup(settings: Settings, file: Path) -> Kept:
    """Write `file`; Podo may run meanwhile. Raises `BackupThere`, `NothingToKeep`, `DatabaseUnavailable`."""
    if await asyncio.to_thread(file.exists):
        raise BackupThere(file=str(file))
    directory, database = settings[ServerSettings].directory, main_of(settings)
    if database.is_sqlite and not await asyncio.to_thread((directory / "podo.db").exists):
        raise NothingToKeep(folder=str(directory))
    new = file.with_name(file.name + ".new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as into:
            # Before, so that all it counts is in the copy.
            verdict = await log.verify(database)
            write = _from_sqlite(into, database, directory) if database.is_sqlite else _from_postgres(into, database)
            rows, digests = await write
            about = {
                "format": FORMAT,
                "podo": __version__,
                "kind": "SQLite" if database.is_sqlite else "PostgreSQL",
                "revision": await migrations.revision_of(database) or "",
                "at": clock.now().isoformat(timespec="seconds"),
                "rows": rows,
                "digests": digests,
                "sealed": verdict.sealed,
                "tail": verdict.tail,
            }
            into.writestr("about.json", json.dumps(about, indent=2))
        await asyncio.to_thread(new.replace, file)
    finally:
        await asyncio.to_thread(new.unlink, missing_ok=True)
        await database.close()
    return _kept(file, about)


async def _from_sqlite(into: zipfile.ZipFile, database: Database, directory: Path) -> tuple[dict[str, int], dict[str, str]]:
    main = Path(database.url.database or "")
    digests: dict[str, str] = {}
    rows: dict[str, int] = {}
    with TemporaryDirectory(dir=directory, prefix="backup-") as folder:
        # The engine's first: a step that it does not know of yet finds its checkpoint in ours, and is not done twice.
        for name, source in zip(FILES, (directory / "engine.db", main), strict=True):
            if not await asyncio.to_thread(source.exists):
                continue
            copy = Path(folder) / name
            await asyncio.to_thread(copies.copy_file, source, copy)
            await asyncio.to_thread(into.write, copy, name)
            digests[name] = await asyncio.to_thread(_digest, copy)
            found = await asyncio.to_thread(copies.rows_of, copy)
            rows |= {f"{name}:{table}": len(there) for table, (_, there) in found.items()}
    return rows, digests


async def _from_postgres(into: zipfile.ZipFile, database: Database) -> tuple[dict[str, int], dict[str, str]]:
    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    async with copies.snapshot(database) as connection:
        for shape in await copies.shapes(connection, SCHEMAS):
            if shape.name in MADE:
                continue
            hashed = hashlib.sha256()
            name = f"{shape.schema}.{shape.name}"
            with into.open(f"{name}.copy", "w", force_zip64=True) as file:

                def write(piece: bytes, file: Any = file, hashed: Any = hashed) -> None:
                    hashed.update(piece)
                    file.write(piece)

                rows[name] = await copies.copy_out(connection, shape, write)
            digests[name] = hashed.hexdigest()
            into.writestr(f"{name}.columns", json.dumps(shape.columns))
    return rows, digests


async def restore(settings: Settings, file: Path) -> Kept:
    """Put a backup into an empty place. Raises `NoBackup`, `NewerBackup`, `OtherKind`, `NotEmpty`."""
    about = await asyncio.to_thread(_about, file)
    database = main_of(settings)
    try:
        if (about["kind"] == "SQLite") != database.is_sqlite:
            raise OtherKind(kind=about["kind"])
        if not migrations.is_known(about["revision"]):
            raise NewerBackup(version=about["podo"], revision=about["revision"])
        with zipfile.ZipFile(file) as found:
            if database.is_sqlite:
                await asyncio.to_thread(_into_sqlite, found, about, settings[ServerSettings].directory, file)
            else:
                await _into_postgres(found, about, database, file)
        await engine.calm(database)
        verdict = await log.verify(database)
        # Taken while Podo ran, the copy may hold a few events more than were told afterwards, never fewer.
        if verdict.broken_at is not None or verdict.sealed + verdict.tail < about["sealed"]:
            raise NoBackup(file=str(file), why=f"its log breaks at {verdict.broken_at}")
    finally:
        await database.close()
    return _kept(file, about)


def _about(file: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(file) as found:
            if (bad := found.testzip()) is not None:
                raise NoBackup(file=str(file), why=f"{bad} is damaged")
            about = json.loads(found.read("about.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise NoBackup(file=str(file), why=str(error) or type(error).__name__) from None
    if about.get("format") != FORMAT:
        raise NoBackup(file=str(file), why=f"its format is {about.get('format')}, and this version reads {FORMAT}")
    return about


def _into_sqlite(found: zipfile.ZipFile, about: dict[str, Any], directory: Path, file: Path) -> None:
    there = [name for name in FILES if (directory / name).exists()]
    if there:
        raise NotEmpty(place=str(directory), what=", ".join(there))
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=directory, prefix="restore-") as folder:
        for name in about["digests"]:
            found.extract(name, folder)
            path = Path(folder) / name
            if name not in FILES or _digest(path) != about["digests"][name] or not copies.is_whole(path):
                raise NoBackup(file=str(file), why=f"{name} is not what was written")
        for name in about["digests"]:
            (Path(folder) / name).replace(directory / name)


async def _into_postgres(found: zipfile.ZipFile, about: dict[str, Any], database: Database, file: Path) -> None:
    await make_place(database, about["revision"])
    async with database.engine.begin() as connection:
        shapes = {f"{s.schema}.{s.name}": s for s in await copies.shapes(connection, SCHEMAS)}
        if missing := sorted(about["rows"].keys() - shapes.keys()):
            raise NoBackup(file=str(file), why=f"there is no place for {', '.join(missing)}")
        for name in reversed(shapes):
            if shapes[name].name not in MADE:
                await copies.empty(connection, shapes[name])
        for name, shape in shapes.items():
            if name not in about["rows"]:
                continue
            columns = tuple(json.loads(found.read(f"{name}.columns")))
            if await asyncio.to_thread(_digest_in, found, f"{name}.copy") != about["digests"][name]:
                raise NoBackup(file=str(file), why=f"{name} is not what was written")
            with found.open(f"{name}.copy") as rows:
                came = await copies.copy_in(connection, copies.Shape(shape.schema, shape.name, columns), copies.pieces(rows.read))
            if came != about["rows"][name]:
                raise NoBackup(file=str(file), why=f"{name} has {came} rows instead of {about['rows'][name]}")
            await copies.count_on(connection, shape)


async def make_place(database: Database, revision: str) -> None:
    """Tables at this schema in a PostgreSQL database that has none. Raises `NotEmpty`."""
    async with copies.snapshot(database) as connection:
        there = await copies.shapes(connection, SCHEMAS)
    if there:
        raise NotEmpty(place=database.url.render_as_string(), what=", ".join(s.name for s in there[:5]))
    await migrations.run(database, revision)
    await engine.prepare(database.url.render_as_string(hide_password=False))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_in(found: zipfile.ZipFile, name: str) -> str:
    with found.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _kept(file: Path, about: dict[str, Any]) -> Kept:
    named = {name: about[name] for name in ("kind", "revision", "at", "rows", "sealed", "tail")}
    return Kept(file=file, **named)
