"""The server as a program: `python -m podo.app up|serve|verify`; `podo` starts it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from podo.app import house as houses
from podo.app.server import serve, up
from podo.app.settings import DatabaseSettings, ServerSettings
from podo.kernel import terminal
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.errors import N_, Missing, PodoError
from podo.kernel.events import log
from podo.kernel.settings import Settings


def main() -> int:
    """Read the words and the settings; a wrong setting ends in one sentence, exit code 2."""
    words = argparse.ArgumentParser(prog="podo", add_help=False)
    words.add_argument("verb", choices=["up", "serve", "verify"])
    words.add_argument("--clusters", choices=["twin", "local"], default="twin")
    words.add_argument("--empty", action="store_true")
    given = words.parse_args()
    path = os.environ.get("PODO_CONFIG")
    try:
        settings = houses.settings_of(Path(path) if path else None)
        server = settings[ServerSettings]
        terminal.logs(server.log_style, server.log_level if given.verb == "serve" else "warning")
        match given.verb:
            case "up":
                return asyncio.run(up(settings, clusters=given.clusters, seed=not given.empty))
            case "serve":
                return asyncio.run(serve(settings))
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


async def _verify(settings: Settings) -> int:
    server, url = settings[ServerSettings], settings[DatabaseSettings].url
    path = server.directory / "podo.db"
    if not url and not await asyncio.to_thread(path.exists):
        raise NothingHere(folder=str(server.directory))
    database = Database(url or f"sqlite:///{path}", metadata=metadata)
    try:
        verdict = await log.verify(database)
    finally:
        await database.close()
    if verdict.broken_at is not None:
        print(f"The chain is broken at position {verdict.broken_at}; {verdict.sealed} events before it fit.")
        return 1
    print(f"{verdict.sealed} events fit the chain, {verdict.tail} are not sealed yet.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
