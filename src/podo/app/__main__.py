"""The server as a program: `python -m podo.app up|serve|verify`; `podo` starts it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from podo.app import house as houses
from podo.app.server import serve, up
from podo.app.settings import ServerSettings
from podo.kernel import terminal
from podo.kernel.errors import PodoError
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
        terminal.logs(server.log_style, "warning" if given.verb == "verify" else server.log_level)
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


async def _verify(settings: Settings) -> int:
    house = houses.build(settings)
    verdict = await log.verify(house.database)
    await house.database.close()
    if verdict.broken_at is not None:
        print(f"The chain is broken at position {verdict.broken_at}; {verdict.sealed} events before it fit.")
        return 1
    print(f"{verdict.sealed} events fit the chain, {verdict.tail} are not sealed yet.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
