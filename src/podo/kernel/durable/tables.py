"""The engine's own tables, for backups: made where there are none; and who lives in a database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from dbos import run_dbos_database_migrations
from sqlalchemy import delete, func, select

from podo.kernel.db import Database, leases
from podo.kernel.durable.models import ProcessRow

SCHEMA = "dbos"
# What only says how far the tables were migrated: it comes with them.
OWN = frozenset({"dbos_migrations"})


async def prepare(url: str) -> None:
    """Make them in the PostgreSQL database at `url`."""
    await asyncio.to_thread(run_dbos_database_migrations, url)


async def alive(database: Database, within: timedelta) -> int:
    """How many processes worked in this database within this time."""
    async with database.note() as session:
        at = await leases.now(database, session)
        return await session.scalar(select(func.count()).where(ProcessRow.beat_at > at - within).select_from(ProcessRow)) or 0


async def calm(database: Database) -> None:
    """Nobody lives in what was copied: no process, and no lease that one would wait for."""
    async with database.note() as session:
        await session.execute(delete(ProcessRow))
    await leases.forget_all(database)


# Rows that say who lives now: no copy needs them.
OF_THE_LIVING = frozenset({ProcessRow.__tablename__, leases.LeaseRow.__tablename__})
