"""Putting the house together from settings, and taking it down again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from podo.app import migrations
from podo.app.domains import DOMAINS
from podo.app.gauges import Gauges
from podo.app.relay import Relay
from podo.app.roles import roles_of
from podo.app.rounds import Rounds
from podo.app.settings import SECTIONS, DatabaseSettings, SealSettings, ServerSettings, TraceSettings
from podo.kernel import search, traces
from podo.kernel.db import Database, DatabaseUnavailable, let_go, marks
from podo.kernel.db.models import metadata, observed_metadata
from podo.kernel.domains import Domain, House, News, Permissions, Ports, Role, Slots
from podo.kernel.durable import Durable
from podo.kernel.errors import N_, Conflict
from podo.kernel.events import log
from podo.kernel.events.cursors import place
from podo.kernel.events.delivery import Delivery
from podo.kernel.http.site import site
from podo.kernel.nouns import PODO
from podo.kernel.settings import Seal, Settings, load
from podo.kernel.settings.seal import Unsealable, key_from

_log = logging.getLogger("podo.app")


@dataclass(frozen=True, slots=True)
class Running:
    """A house whose engine, handlers and rounds run."""

    house: House
    app: FastAPI
    delivery: Delivery
    rounds: Rounds


def settings_of(path: Path | None, domains: Sequence[Domain] = DOMAINS) -> Settings:
    """All sections, from `path` and the environment."""
    sections = dict(SECTIONS)
    for domain in domains:
        sections.update(domain.settings)
    return load(sections, path)


def seal_of(settings: Settings) -> Seal:
    """What seals secrets here; a key is made where there is none."""
    return Seal(settings[SealSettings].keys or [key_from(settings[ServerSettings].directory / "seal.key")])


class OtherKey(Conflict):
    """The database was sealed by somebody with another key."""

    code = "app.other_key"
    so = N_("The secrets in this database were sealed with another key than this process has.")
    do = N_("Give all processes the same seal.keys (PODO_SEAL_KEYS); the first one made its key in its folder, in seal.key.")


def url_of(settings: Settings) -> str:
    """The address under which people reach Podo."""
    server = settings[ServerSettings]
    return server.url.rstrip("/") or f"http://{server.host}:{server.port}"


def build(settings: Settings, domains: Sequence[Domain] = DOMAINS) -> House:
    """The house, with nothing running and no adapters yet."""
    server, database = settings[ServerSettings], settings[DatabaseSettings]
    directory = server.directory
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = database.url or f"sqlite:///{directory / 'podo.db'}"
    main = Database(url, metadata=metadata, pool_size=database.pool)
    engine_url = f"sqlite:///{directory / 'engine.db'}" if main.is_sqlite else url
    main.observed = _observed(main, database, directory)
    return House(
        settings=settings,
        database=main,
        observed=main.observed,
        durable=Durable(main, engine_url),
        seal=seal_of(settings),
        ports=Ports(),
        slots=Slots([slot for domain in domains for slot in domain.slots]),
        directory=directory,
        url=url_of(settings),
    )


def _observed(main: Database, database: DatabaseSettings, directory: Path) -> Database:
    beside = f"sqlite:///{directory / 'observed.db'}" if main.is_sqlite else database.url
    return Database(
        database.observed or beside,
        metadata=observed_metadata,
        pool_size=database.pool,
        # Each cluster has one watcher, which writes its rows alone.
        is_shared_out=True,
        schema="observed" if not main.is_sqlite and not database.observed else None,
        pulse=None if database.observed else main.pulse,
    )


async def furnish(house: House, domains: Sequence[Domain] = DOMAINS) -> Relay:
    """Migrate and fill the ports; nothing moves by itself yet."""
    await migrations.run(house.database)
    await migrations.create_observed(house.observed)
    await _check_seal(house)
    kinds = house.slots[search.Searchable]
    await search.keep(house.database, [kind.kind for kind in kinds])
    hub = Relay(house.database, house.durable.process)
    async with house.database.reading(PODO) as r:
        hub.position = await log.last_position(r)
    house.database.before_commit = log.write
    await search.fill(house.database, kinds)
    house.ports.put(News, hub)
    house.ports.put(Permissions, Permissions([p for d in domains for p in d.permissions]))
    for domain in domains:
        if domain.adapters:
            await domain.adapters(house)
    return hub


async def _check_seal(house: House) -> None:
    """Whoever has another key than those before it would seal what they cannot open. Raises `OtherKey`."""
    mark = await marks.first(house.database, "seal", house.seal.seal("podo"))
    try:
        # Sealed anew, so that a key that nothing needs any more may go.
        await marks.renew(house.database, "seal", house.seal.renew(mark))
    except Unsealable:
        await take_down(house)
        raise OtherKey() from None


async def take_down(house: House) -> None:
    """Close what `furnish` opened."""
    await house.ports.close()
    await house.database.close()
    await house.observed.close()


async def _give_back(house: House) -> None:
    """So that nobody waits for the leases of a process that ended."""
    with contextlib.suppress(DatabaseUnavailable):
        await let_go(house.database, house.durable.process)


@contextlib.asynccontextmanager
async def running(house: House, domains: Sequence[Domain] = DOMAINS) -> AsyncIterator[Running]:
    """Migrate, fill the ports, start the engine, the handlers and the rounds; stop them in the other order.

    What a process does not do by its roles is not started: the engine and the handlers are the workers', the site is the web's.
    """
    roles = roles_of(house)
    does_work = Role.worker in roles
    async with contextlib.AsyncExitStack() as undone:
        if (chosen := house.settings[TraceSettings]).endpoint:
            traces.begin(chosen.endpoint, chosen.headers, chosen.ratio, house.durable.process)
            undone.push_async_callback(traces.end)
        undone.push_async_callback(take_down, house)
        hub = await furnish(house, domains)
        house.durable.worlds = {d.name: d.world(house) for d in domains if d.world}
        # A process of the web says what a worker of another version must not pass over: each gives the handlers their places.
        every = await place(house.database, [h for d in domains for h in d.handlers])
        handlers = every if does_work else []
        engine = house.durable
        delivery = Delivery(house.database, handlers, engine.start, process=engine.process, lease=engine.dead_after / 2)
        rounds = Rounds(house, [r for d in domains for r in d.rounds], roles)
        routes = [r for d in domains for r in d.routes] if Role.web in roles else []
        gauges = Gauges(house, handlers, roles)
        app = site(house, routes, readiness=lambda: _readiness(house), measure=gauges.look)
        delivery.listen(hub.sealed)
        if does_work:
            undone.push_async_callback(house.durable.end)
            await house.durable.begin()
        undone.push_async_callback(hub.end)
        hub.begin()
        undone.push_async_callback(delivery.end)
        delivery.begin()
        undone.push_async_callback(_give_back, house)
        undone.push_async_callback(rounds.end)
        rounds.begin()
        undone.push_async_callback(gauges.end)
        gauges.begin()
        undone.callback(hub.closing.set)
        yield Running(house, app, delivery, rounds)


async def _readiness(house: House) -> dict[str, str]:
    missing: dict[str, str] = {}
    try:
        await asyncio.wait_for(house.database.ping(), 2)
        await asyncio.wait_for(migrations.check(house.database), 2)
    except migrations.NewerSchema as error:
        missing["schema"] = error.said()[0]
    except TimeoutError:
        missing["database"] = "it does not answer"
    except Exception as error:
        missing["database"] = str(error) or type(error).__name__
    return missing
