"""What the server's program does: each of its verbs, after the settings were read."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

import uvloop

from podo.access import service as access
from podo.app import house as houses
from podo.app import keeping, migrations, moving
from podo.app.server import serve, up
from podo.app.settings import DatabaseSettings, ServerSettings
from podo.kernel import terminal
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.durable import tables
from podo.kernel.errors import N_, Missing, PodoError
from podo.kernel.events import log
from podo.kernel.nouns import PODO
from podo.kernel.settings import Settings


def main() -> int:
    """Read the words and the settings; a wrong setting ends in one sentence, exit code 2."""
    words = argparse.ArgumentParser(prog="podo", add_help=False)
    words.add_argument("verb", choices=["up", "serve", "verify", "link", "doctor", "backup", "restore", "migrate", "move"])
    words.add_argument("what", nargs="?", default="")
    words.add_argument("--clusters", choices=["twin", "local"], default="twin")
    words.add_argument("--empty", action="store_true")
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    path = os.environ.get("PODO_CONFIG")
    try:
        settings = houses.settings_of(Path(path) if path else None)
        server = settings[ServerSettings]
        terminal.logs(server.log_style, server.log_level if given.verb == "serve" else "warning")
        match given.verb:
            case "up":
                return uvloop.run(up(settings, clusters=given.clusters, seed=not given.empty))
            case "serve":
                return uvloop.run(serve(settings))
            case "link":
                return asyncio.run(_link(settings))
            case "doctor":
                return asyncio.run(_doctor(settings, as_json=given.json))
            case "backup":
                return asyncio.run(_backup(settings, Path(given.what)))
            case "restore":
                return asyncio.run(_restore(settings, Path(given.what)))
            case "migrate":
                return asyncio.run(_migrate(settings))
            case "move":
                return asyncio.run(_move(settings, given.what))
            case _:
                return asyncio.run(_verify(settings))
    except asyncio.CancelledError:
        # A signal came before there was anything to serve.
        return 130
    except PodoError as error:
        so, do = error.said()
        print(f"podo: {so}\n      {do}", file=sys.stderr)
        return 2


class NothingHere(Missing):
    """There is no installation."""

    code = "app.nothing_here"
    so = N_("There is no Podo in {folder}.")
    do = N_("PODO_SERVER_DIRECTORY or --config names another place; `podo up` or `podo serve` begins one.")


class NoAdministrator(Missing):
    """Nobody has the role admin."""

    code = "app.no_administrator"
    so = N_("There is no administrator to let in.")
    do = N_("Name one under `admins` in the file of access.directory, and start Podo again.")


async def _doctor(settings: Settings, *, as_json: bool) -> int:
    from podo.app.doctor import doctor, exit_code, told

    found = await doctor(settings)
    print(told(found, as_json=as_json))
    return exit_code(found)


async def _link(settings: Settings) -> int:
    database = await _database(settings)
    database.before_commit = log.write
    seal = houses.seal_of(settings)
    try:
        async with database.transaction(PODO) as tx:
            path = await access.printed_link(tx, seal)
    finally:
        await database.close()
    if path is None:
        raise NoAdministrator()
    print(f"{houses.url_of(settings)}{path}")
    return 0


async def _database(settings: Settings) -> Database:
    server, url = settings[ServerSettings], settings[DatabaseSettings].url
    path = server.directory / "podo.db"
    if not url and not await asyncio.to_thread(path.exists):
        raise NothingHere(folder=str(server.directory))
    return Database(url or f"sqlite:///{path}", metadata=metadata)


async def _backup(settings: Settings, file: Path) -> int:
    kept = await keeping.backup(settings, file)
    print(f"{file} holds {_told(kept)}. Not in it: the key that seals secrets (seal.keys), and the logs of builds.")
    return 0


async def _restore(settings: Settings, file: Path) -> int:
    kept = await keeping.restore(settings, file)
    print(f"Restored {_told(kept)}, as they were at {kept.at}.")
    return 0


def _told(kept: keeping.Kept) -> str:
    return f"{sum(kept.rows.values())} rows of {len(kept.rows)} tables and {kept.sealed} sealed events from {kept.kind}"


async def _migrate(settings: Settings) -> int:
    house = houses.build(settings)
    before = None
    try:
        if not house.database.is_sqlite or await asyncio.to_thread((house.directory / "podo.db").exists):
            before = await migrations.revision_of(house.database)
        await migrations.run(house.database)
        await migrations.create_observed(house.observed)
        if not house.database.is_sqlite:
            await tables.prepare(house.database.url.render_as_string(hide_password=False))
        now = await migrations.revision_of(house.database)
    finally:
        await houses.take_down(house)
    print(
        f"The database has schema {now} already."
        if now == before
        else f"The database has schema {now} now; it was {before or 'empty'}."
    )
    return 0


async def _move(settings: Settings, url: str) -> int:
    moved = await moving.move(settings, url)
    print(f"Moved {moved.rows} rows of {moved.tables} tables; all are there, and {moved.sealed} events fit the chain.")
    print("Set PODO_DATABASE_URL to the new address, PODO_SEAL_KEYS to what stands in seal.key, and start Podo.")
    return 0


async def _verify(settings: Settings) -> int:
    database = await _database(settings)
    try:
        verdict = await log.verify(database)
    finally:
        await database.close()
    if verdict.broken_at is not None:
        print(f"The chain is broken at position {verdict.broken_at}; {verdict.sealed} events before it fit.")
        return 1
    print(f"{verdict.sealed} events fit the chain, {verdict.tail} are not sealed yet.")
    return 0
