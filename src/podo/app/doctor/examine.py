"""The whole look, and how it is told. Exit code 0: all is well; 1: something is odd; 2: something is broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict

from podo.app.doctor import clusters, database, machine, outside
from podo.app.doctor.findings import Finding, Level, Text, bad, looked
from podo.app.settings import DatabaseSettings, SealSettings, ServerSettings
from podo.kernel import terminal
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.errors import N_
from podo.kernel.settings import Seal, Settings

_CODES = {Level.well: 0, Level.odd: 1, Level.bad: 2}
WORST = (N_("All is well."), N_("Something is odd."), N_("Something is broken."))
_SIGNS = {Level.well: "  ok", Level.odd: " odd", Level.bad: " BAD"}


async def doctor(settings: Settings) -> Sequence[Finding]:
    """Everything that was found, thing by thing."""
    found = [await looked("folder", lambda: machine.folder(settings)), await _rows(settings)]
    found += await asyncio.gather(
        looked("programs", lambda: machine.programs(settings)),
        looked("registry", lambda: outside.registry(settings)),
        looked("mail", lambda: outside.mail(settings)),
        looked("sign-in", lambda: outside.issuers(settings)),
    )
    return [finding for findings in found for finding in findings]


async def _rows(settings: Settings) -> Sequence[Finding]:
    """The database and all that it says of what else there is."""
    url, path = settings[DatabaseSettings].url, settings[ServerSettings].directory / "podo.db"
    if not url and not await asyncio.to_thread(path.exists):
        do = N_("PODO_SERVER_DIRECTORY, PODO_DATABASE_URL or --config names another; `podo up` or `podo serve` begins one.")
        return [bad("database", Text(N_("There is none at {path}."), path=path), do)]
    rows = Database(url or f"sqlite:///{path}", metadata=metadata)
    try:
        found = list(await looked("database", lambda: database.health(rows, settings)))
        if not any(f.about == "schema" and f.level is not Level.bad for f in found):
            # There is nothing to read, or nothing that this version could read.
            return found
        # This is a part of one of them.
        from podo.app.domains import DOMAINS

        handlers = [handler for domain in DOMAINS for handler in domain.handlers]
        found += await looked("clock", lambda: database.time(rows))
        found += await looked("processes", lambda: database.life(rows, handlers))
        return [*found, *await _sealed(rows, settings)]
    finally:
        await rows.close()


async def _sealed(rows: Database, settings: Settings) -> Sequence[Finding]:
    key = settings[ServerSettings].directory / "seal.key"
    keys = settings[SealSettings].keys or ([key.read_text().strip()] if await asyncio.to_thread(key.exists) else [])
    if not keys:
        do = N_("Put seal.key back from where it was kept, or name the keys in PODO_SEAL_KEYS.")
        return [bad("seal", Text(N_("No key is set, and there is no {path}."), path=key), do)]
    try:
        seal = Seal(keys)
    except ValueError:
        do = N_("Correct seal.keys; it is made like seal.key.")
        return [bad("seal", N_("A key is not 32 bytes in URL-safe base64."), do)]
    return [
        *await looked("seal", lambda: database.sealed(rows, seal)),
        *await looked("clusters", lambda: clusters.clusters(rows, seal)),
    ]


def exit_code(found: Sequence[Finding]) -> int:
    """By the worst of them."""
    return max((_CODES[finding.level] for finding in found), default=0)


def told(found: Sequence[Finding], *, as_json: bool) -> str:
    """For people, or for scripts."""
    if as_json:
        findings = [asdict(finding) for finding in found]
        return json.dumps({"exit_code": exit_code(found), "findings": findings}, ensure_ascii=False, indent=2)
    wide = max(terminal.width(f.about) for f in found)
    lines: list[str] = []
    for f in found:
        lines.append(f"{_SIGNS[f.level]}  {f.about}{' ' * (wide - terminal.width(f.about))}  {terminal.printable(f.so)}")
        if f.do:
            lines.append(f"      {' ' * wide}  → {terminal.printable(f.do)}")
    return "\n".join([*lines, "", WORST[exit_code(found)]])
