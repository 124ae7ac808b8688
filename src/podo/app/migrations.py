"""Bringing a database to this version's schema, at start, under Alembic's own table."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
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


async def run(database: Database, revision: str = "head") -> None:
    """Migrate to the newest schema (or to `revision`); a database that is there already costs one query."""
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade, revision)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database behind `connection` to the newest schema; on PostgreSQL one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    command.upgrade(config(connection), revision)


def is_known(revision: str) -> bool:
    """Whether this version has that schema among its own."""
    return revision in {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


async def revision_of(database: Database) -> str | None:
    """The schema that a database has; None when it has none."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())


async def create_observed(database: Database) -> None:
    """What was observed can be seen again: its tables are made where they are missing, never migrated."""
    async with database.engine.begin() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if database.schema:
            await connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"')
        await connection.run_sync(database.metadata.create_all)
