"""What is particular to PostgreSQL: how it is reached, who may write, and whose process is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import URL, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

# A process that was frozen or cut off within a transaction holds its locks for as long as this, and no longer.
_IDLE = 15
# Sooner than that no process knows that its connection leads nowhere.
_SILENT = 10
_GUARDS = {
    "idle_in_transaction_session_timeout": f"{_IDLE}s",
    "tcp_user_timeout": f"{_SILENT}s",
    "timezone": "UTC",
    "default_transaction_isolation": "read committed",
}
# For how long a connection on which nothing comes back is believed: else one to a server that is gone is waited on for hours.
PATIENCE: dict[str, Any] = {
    "connect_timeout": _SILENT,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": _SILENT * 1000,
}
_QUEUE = 7263002


def engine(url: URL, pool_size: int, schema: str | None) -> AsyncEngine:
    """An engine for `url` whose tables are in `schema`, by default in `public`."""
    guards = _GUARDS if schema is None else {**_GUARDS, "search_path": schema}
    given = url.query.get("options", "")
    options = " ".join(
        [*([given] if isinstance(given, str) else given), *(f"-c {k}={v.replace(' ', chr(92) + ' ')}" for k, v in guards.items())]
    )
    arguments: dict[str, Any] = {
        "options": options.strip(),
        "application_name": "podo",
        **PATIENCE,
    }
    return create_async_engine(
        url.difference_update_query(["options"]).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_use_lifo=True,
        connect_args=arguments,
    )


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
