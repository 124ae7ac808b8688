"""Bringing a database to this version's schema, at start, under Alembic's own table."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from podo.kernel.db import Database

SCRIPTS = Path(__file__).parent / "schema"
_LOCK = 7263001


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
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    command.upgrade(config(connection), "head")


async def create_observed(database: Database) -> None:
    """What was observed can be seen again: its tables are made where they are missing, never migrated."""
    async with database.engine.begin() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if database.schema:
            await connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"')
        await connection.run_sync(database.metadata.create_all)
