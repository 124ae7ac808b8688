"""What is particular to PostgreSQL: how it is reached, who may write, whose process is gone, and whether it answers at all."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from typing import Any, TypeVar

import psycopg
from psycopg import waiting
from sqlalchemy import URL, func, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from podo.kernel import clock
from podo.kernel.db.pulse import QUIET, Pulse

T = TypeVar("T")
# A process that was frozen or cut off within a transaction holds its locks for as long as this, and no longer.
_IDLE = 15
# Sooner than that no process knows that its connection leads nowhere.
_SILENT = 10
# A new connection is there within this, or not at all.
_CONNECT = 5
_GUARDS = {
    "idle_in_transaction_session_timeout": f"{_IDLE}s",
    "tcp_user_timeout": f"{_SILENT}s",
    # Who waited for a statement may have given it up: then it ends, too.
    "client_connection_check_interval": "2s",
    "timezone": "UTC",
    "default_transaction_isolation": "read committed",
}
# For how long a connection on which nothing comes back is believed: else one to a server that is gone is waited on for hours.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": _CONNECT,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": _SILENT * 1000,
}
_QUEUE = 7263002


def pulse(url: URL) -> Pulse:
    """Whether the server at `url` answers."""
    return Pulse(functools.partial(_ask, _parameters(url)))


def engine(url: URL, pool_size: int, schema: str | None, watched: Pulse) -> AsyncEngine:
    """An engine for `url` whose tables are in `schema`, by default in `public`."""
    guards = _GUARDS if schema is None else {**_GUARDS, "search_path": schema}
    given = url.query.get("options", "")
    options = " ".join(
        [*([given] if isinstance(given, str) else given), *(f"-c {k}={v.replace(' ', chr(92) + ' ')}" for k, v in guards.items())]
    )
    arguments: dict[str, Any] = {
        "options": options.strip(),
        "application_name": "podo",
        "async_creator_fn": functools.partial(_open, watched),
        **_PATIENCE,
    }
    return create_async_engine(
        url.difference_update_query(["options"]).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_use_lifo=True,
        connect_args=arguments,
    )


def opener(url: str, watched: Pulse) -> Callable[[], Any]:
    """What opens connections for the workflow engine, which waits for the same database in threads of its own."""
    parameters = {**_parameters(make_url(url)), "application_name": "podo-engine"}

    def open_one() -> psycopg.Connection:
        _refuse(watched)
        made = _Blocking.connect(**parameters)
        made.pulse = watched
        return made

    return open_one


def _parameters(url: URL) -> dict[str, Any]:
    bare = url.set(drivername="postgresql+psycopg")
    _, found = bare.get_dialect()().create_connect_args(bare)
    return {"application_name": "podo", **_PATIENCE, **found}


async def _ask(parameters: dict[str, Any]) -> None:
    connection = await _Waiting.connect(**parameters, autocommit=True)
    try:
        await connection.execute("SELECT 1")
    finally:
        await connection.close()


async def _open(watched: Pulse, *args: Any, **parameters: Any) -> psycopg.AsyncConnection:
    _refuse(watched)
    watched.live()
    made = await _Waiting.connect(*args, **parameters)
    made.pulse = watched
    return made


def _refuse(watched: Pulse) -> None:
    if watched.is_silent:
        # Of this kind, so that the engine, too, tries again.
        raise psycopg.errors.ConnectionTimeout("the database does not answer")


class _Waiting(psycopg.AsyncConnection[Any]):
    """A connection that does not wait for a database that is silent."""

    pulse: Pulse | None = None
    listens = False

    async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return await waiting.wait_async(_heard(self, gen), self.pgconn.socket, interval=interval, timeout=timeout)
        except asyncio.CancelledError:
            # To ask a server that may be frozen to stop would take for ever, and SQLAlchemy gives the connection up in any case.
            self.pgconn.finish()
            raise

    async def notifies(self, *, timeout: float | None = None, stop_after: int | None = None) -> AsyncGenerator[psycopg.Notify]:
        self.listens = True
        async for notice in super().notifies(timeout=timeout, stop_after=stop_after):
            yield notice


class _Blocking(psycopg.Connection[Any]):
    """The same for a thread."""

    pulse: Pulse | None = None
    listens = False

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(_heard(self, gen), interval, timeout)

    def notifies(self, *, timeout: float | None = None, stop_after: int | None = None) -> Generator[psycopg.Notify]:
        self.listens = True
        yield from super().notifies(timeout=timeout, stop_after=stop_after)


def _heard(connection: _Waiting | _Blocking, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """The same, until the database is known to be silent; whoever listens may hear nothing for long."""
    pulse, ready = connection.pulse, None
    begun, quiet_since = clock.monotonic(), 0.0
    while True:
        try:
            wanted = gen.send(ready)
        except StopIteration as end:
            return end.value
        ready = yield wanted
        if pulse is None:
            continue
        now = clock.monotonic()
        if ready & waiting.READY_R:
            pulse.heard_at, quiet_since = now, 0.0
        elif not ready:
            # Nothing came for the interval.
            quiet_since = quiet_since or now
            if pulse.is_silent or begun < pulse.spoke_at:
                connection.pgconn.finish()
                raise psycopg.OperationalError("the database does not answer")
            if not connection.listens and now - quiet_since > QUIET:
                pulse.doubt()


def is_thrown_out(error: Exception) -> bool:
    """Whether the server ended a transaction because nothing came from us for too long."""
    return getattr(error, "sqlstate", None) == "25P03"


async def queue(session: AsyncSession) -> None:
    """Wait until no other transaction writes, in any process; then be the one that does, to its end.

    As on SQLite: what a transaction has read stays so until it commits. Our verbs read, decide, and write; with two at once
    both would decide on what the other is about to change.
    """
    await session.execute(text(f"SELECT pg_advisory_xact_lock({_QUEUE})"))


async def notify(session: AsyncSession, channel: str, word: str) -> None:
    """Say `word` (8,000 bytes at most) to all who listen, in all processes, when this transaction has committed."""
    await session.execute(select(func.pg_notify(channel, word)))


async def notices(engine: AsyncEngine, channel: str) -> AsyncIterator[str]:
    """What is said from now on. Raises when the connection is lost."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.exec_driver_sql(f"LISTEN {channel}")
        raw: Any = (await connection.get_raw_connection()).driver_connection
        try:
            async for notice in raw.notifies():
                yield notice.payload
        finally:
            # It would go on listening for whoever gets it from the pool.
            await connection.invalidate()
