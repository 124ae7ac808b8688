"""Bringing a database to this version's schema, at start, under Alembic's own table.

A schema may be newer than a process: in a rolling upgrade the first new process migrates while old ones work. A migration adds
(columns that may be empty, tables, indexes) unless it says `alone = True`; those that add may be lived with by all versions
before them, down to the last one that stands alone. Which these are stands in the database, as an old version cannot know.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from podo.kernel.db import Database
from podo.kernel.errors import N_, Conflict

SCRIPTS = Path(__file__).parent / "schema"
LIVES_WITH = "schema_lives_with"
_LOCK = 7263001


class NewerSchema(Conflict):
    """A later version was here, and changed what this one relies on."""

    code = "app.newer_schema"
    so = N_("The database has schema {there}, which this version of Podo cannot live with: it knows {known} at most.")
    do = N_("Start the version that was here last, or restore the backup that was taken before it.")


def config(connection: Connection | None = None, scripts: Path = SCRIPTS) -> Config:
    """Alembic's configuration, for this connection."""
    made = Config()
    made.set_main_option("script_location", str(scripts))
    made.attributes["connection"] = connection
    return made


async def run(database: Database, revision: str = "head", scripts: Path = SCRIPTS) -> None:
    """Migrate to the newest schema (or to `revision`); a database that is there already costs a few queries.

    Raises `NewerSchema` where a later version left what this one cannot live with.
    """
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade, revision, scripts)


def upgrade(connection: Connection, revision: str = "head", scripts: Path = SCRIPTS) -> None:
    """Bring the database behind `connection` to the newest schema; on PostgreSQL one process at a time."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        # Between two statements this may read files, and a large table takes its time.
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    _check(connection, scripts)
    there = _current(connection)
    if there is not None and not is_known(there, scripts):
        return
    command.upgrade(config(connection, scripts), revision)
    if (now := _current(connection)) != there and now is not None:
        _note(connection, now, scripts)


async def check(database: Database, scripts: Path = SCRIPTS) -> None:
    """Raises `NewerSchema` once this version cannot live with what is there."""
    async with database.engine.execution_options(podo_read=True).connect() as connection:
        await connection.run_sync(_check, scripts)


def _check(connection: Connection, scripts: Path) -> None:
    there = _current(connection)
    if there is None or is_known(there, scripts):
        return
    known = ScriptDirectory.from_config(config(scripts=scripts)).get_current_head() or ""
    if not inspect(connection).has_table(LIVES_WITH):
        raise NewerSchema(there=there, known=known)
    lives = {row[0] for row in connection.exec_driver_sql(f"SELECT revision FROM {LIVES_WITH}")}  # noqa: S608 - our own name
    if known not in lives:
        raise NewerSchema(there=there, known=known)


def _note(connection: Connection, revision: str, scripts: Path) -> None:
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {LIVES_WITH} (revision VARCHAR(40) PRIMARY KEY)")
    connection.exec_driver_sql(f"DELETE FROM {LIVES_WITH}")  # noqa: S608 - our own name
    for lives in _lives_with(revision, scripts):
        connection.exec_driver_sql(f"INSERT INTO {LIVES_WITH} (revision) VALUES ('{lives}')")  # noqa: S608 - of our own files


def _lives_with(revision: str, scripts: Path) -> list[str]:
    found: list[str] = []
    for script in ScriptDirectory.from_config(config(scripts=scripts)).iterate_revisions(revision, "base"):
        found.append(script.revision)
        if getattr(script.module, "alone", False):
            break
    return found


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str, scripts: Path = SCRIPTS) -> bool:
    """Whether this version has that schema among its own."""
    return revision in {script.revision for script in ScriptDirectory.from_config(config(scripts=scripts)).walk_revisions()}


async def revision_of(database: Database) -> str | None:
    """The schema that a database has; None when it has none."""
    async with database.engine.execution_options(podo_read=True).connect() as connection:
        return await connection.run_sync(_current)


async def create_observed(database: Database) -> None:
    """What was observed can be seen again: its tables are made where they are missing, never migrated."""
    async with database.engine.begin() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if database.schema:
            await connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"')
        await connection.run_sync(database.metadata.create_all)
