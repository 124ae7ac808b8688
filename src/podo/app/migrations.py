"""Bringing a database to this version's schema, at start, under Alembic's own table."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from podo.kernel.db import Database

SCRIPTS = Path(__file__).parent / "schema"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, for this connection."""
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.attributes["connection"] = connection
    return made


async def run(database: Database) -> None:
    """Migrate to the newest schema; a database that is there already costs one query."""
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade)


def upgrade(connection: Connection) -> None:
    """Bring the database behind `connection` to the newest schema; on PostgreSQL one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7263001)")
    command.upgrade(config(connection), "head")


async def create_observed(database: Database) -> None:
    """What was observed can be seen again: its tables are made where they are missing, never migrated."""
    async with database.engine.begin() as connection:
        await connection.run_sync(database.metadata.create_all)
