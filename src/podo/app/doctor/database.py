"""The database: reachable, migrated, safe; its clock; who lives in it, what waits there, whether what is sealed can be opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from alembic.script import ScriptDirectory

from podo.app import migrations
from podo.app.doctor.findings import Finding, Text, bad, odd, of_error, well
from podo.app.settings import DatabaseSettings
from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind
from podo.delivery import service as delivery
from podo.kernel import clock
from podo.kernel.db import Database, Reading, holders, leases
from podo.kernel.durable.seen import processes
from podo.kernel.errors import N_
from podo.kernel.events.backlog import backlog
from podo.kernel.nouns import PODO
from podo.kernel.settings import Seal, Settings, Unsealable

_ODD_CLOCK, _BAD_CLOCK = 2.0, 30.0
_LATE = timedelta(minutes=2)
_ALIVE = timedelta(minutes=1)
# PostgreSQL's settings without which a change that was answered for may be lost.
_SAFE = {"fsync": "on", "full_page_writes": "on"}


async def health(database: Database, settings: Settings) -> Sequence[Finding]:
    """Whether it answers, has this version's schema, and keeps what it was given."""
    begun = clock.monotonic()
    await database.ping()
    took = f"{(clock.monotonic() - begun) * 1000:.0f}"
    found = [await _schema(database)]
    if database.is_sqlite:
        return [well("database", Text(N_("SQLite answers within {took} ms: one process, on this machine."), took=took)), *found]
    async with database.reading(PODO) as r:
        version, *_ = str(await _one(r, "SHOW server_version")).split()
        safe = {name: await _one(r, f"SHOW {name}") for name in (*_SAFE, "synchronous_commit", "max_connections")}
    found.append(well("database", Text(N_("PostgreSQL {version} answers within {took} ms."), version=version, took=took)))
    for name, wanted in _SAFE.items():
        if safe[name] != wanted:
            found.append(
                bad(
                    "database",
                    Text(N_("{name} is {value}: a crash may lose or damage all."), name=name, value=safe[name]),
                    Text(N_("Set {name} = {wanted} in postgresql.conf."), name=name, wanted=wanted),
                )
            )
    if safe["synchronous_commit"] == "off":
        do = N_("Set synchronous_commit = on; what Podo answered for must be there after a crash.")
        found.append(bad("database", N_("synchronous_commit is off."), do))
    pool = settings[DatabaseSettings].pool
    if int(safe["max_connections"]) < pool * 4:
        do = N_("Each process keeps up to twice database.pool in each of two pools; raise max_connections, or lower the pool.")
        so = Text(N_("It takes {most} connections, and database.pool is {pool}."), most=safe["max_connections"], pool=pool)
        found.append(odd("database", so, do))
    return found


async def _schema(database: Database) -> Finding:
    there = await migrations.revision_of(database)
    if there is None:
        do = N_("`podo serve` makes it; `podo database migrate` does so alone.")
        return bad("schema", N_("The database is empty."), do)
    try:
        await migrations.check(database)
    except migrations.NewerSchema as error:
        return of_error("schema", error)
    newest = ScriptDirectory.from_config(migrations.config()).get_current_head()
    if there != newest and migrations.is_known(there):
        return odd(
            "schema",
            Text(N_("It has schema {there}; this version has {newest}."), there=there, newest=newest),
            N_("The next start migrates it, or `podo database migrate`."),
        )
    return well("schema", Text(N_("It has schema {there}."), there=there))


async def _one(r: Reading, statement: str) -> Any:
    return (await (await r.session.connection()).exec_driver_sql(statement)).scalar_one()


async def time(database: Database) -> Sequence[Finding]:
    """Whether its clock and ours agree."""
    async with database.note() as session:
        before = clock.now()
        theirs = await leases.now(database, session)
        middle = before + (clock.now() - before) / 2
    return [skew("clock", Text(N_("the database")), (theirs - middle).total_seconds())]


def skew(about: str, of: str, seconds: float) -> Finding:
    """What a difference of clocks means; signatures, leases and certificates hang on it."""
    said = Text(N_("The clocks of this machine and of {other} are {seconds} s apart."), other=of, seconds=f"{abs(seconds):.1f}")
    do = N_("Let both follow a time server (timedatectl status).")
    if abs(seconds) > _BAD_CLOCK:
        return bad(about, said, do)
    return odd(about, said, do) if abs(seconds) > _ODD_CLOCK else well(about, said)


async def life(database: Database, handlers: Sequence[Any]) -> Sequence[Finding]:
    """Which processes live, whether each lease has a living holder, and what waits in the log."""
    alive = {process for process, age in (await processes(database)).items() if age < _ALIVE}
    held = await holders(database, "")
    watching = {name.removeprefix("watcher:") for name in held if name.startswith("watcher:")}
    found: list[Finding] = []
    orphans = sorted(name for name, holder in held.items() if holder not in alive | watching)
    if orphans:
        do = N_(
            "They end by themselves within seconds, and a living process takes them. If they stay, start a worker and a watcher."
        )
        found.append(odd("leases", Text(N_("Held by processes that live no more: {names}."), names=", ".join(orphans)), do))
    if not alive | watching:
        found.append(well("processes", N_("No worker and no watcher runs on this database now.")))
    elif "events.handlers" not in held and alive:
        do = N_("If this stays for more than half a minute, look into the workers' logs.")
        found.append(odd("leases", N_("No worker hears events now."), do))
    else:
        told = N_("{working} work, {watching} watch; {leases} leases are held.")
        found.append(well("processes", Text(told, working=len(alive), watching=len(watching), leases=len(held))))
    return [*found, *await _log(database, handlers)]


async def _log(database: Database, handlers: Sequence[Any]) -> Sequence[Finding]:
    async with database.reading(PODO) as r:
        waits = await backlog(r, handlers)
    found: list[Finding] = []
    if waits.put_aside:
        do = N_("What should have followed from them has not; the log says why (“gave up on”).")
        so = Text(N_("{count} were put aside, as a handler failed on them again and again."), count=waits.put_aside)
        found.append(odd("events", so, do))
    late = sorted(name for name, (_, since) in waits.behind.items() if since and clock.now() - since > _LATE)
    if late:
        so = Text(N_("Not heard for minutes by {names}."), names=", ".join(late))
        found.append(odd("events", so, N_("Start a worker, or look into its log.")))
    return found or [well("events", Text(N_("All were heard; {count} wait to be sealed."), count=waits.unsealed))]


async def sealed(database: Database, seal: Seal) -> Sequence[Finding]:
    """Whether the keys open what is sealed: kubeconfigs, credentials of repositories, secrets of projects."""
    shut: list[str] = []
    count = 0
    async with database.reading(PODO) as r:
        texts = [(f"the kubeconfig of {c.name}", await catalog.sealed_kubeconfig(r, c.name)) for c in await _real(r)]
        for project in (await catalog.projects(r, limit=10_000)).items:
            texts.append((f"the credential of {project.slug}", await catalog.sealed_credential(r, project.slug)))
            secrets = await delivery.config.sealed(r, project.slug)
            texts += [(f"the secret {key} of {project.slug}", text) for key, text in secrets]
    for name, text in texts:
        if not text:
            continue
        count += 1
        try:
            seal.open(text)
        except Unsealable:
            shut.append(name)
    if not shut:
        return [well("seal", Text(N_("Its keys open all {count} sealed values."), count=count))]
    named = ", ".join(shut[:5]) + (", …" if len(shut) > 5 else "")
    do = N_("Put the key they were sealed with into seal.keys, behind the present one; what is lost must be set anew.")
    so = N_("The keys of the settings open {open} of {count}: not {named}.")
    return [bad("seal", Text(so, open=count - len(shut), count=count, named=named), do)]


async def _real(r: Reading) -> Sequence[Any]:
    return [c for c in await catalog.clusters(r) if c.kind is ClusterKind.kubeconfig]
