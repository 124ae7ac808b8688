"""What the databases themselves bring for finding parts of texts: FTS5 with trigrams in SQLite, pg_trgm in PostgreSQL.

Both follow the table `search_entries` by themselves, so that no writer can forget them.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from podo.kernel.db import Database

_log = logging.getLogger("podo.search")
# The space behind makes a part of the last two signs, too.
_TAKE = "INSERT INTO search_{kind}(rowid, folded) VALUES (new.id, new.folded || ' ');"
_LET_GO = "INSERT INTO search_{kind}(search_{kind}, rowid, folded) VALUES ('delete', old.id, old.folded || ' ');"
_FOLLOWS = (
    # Which entries have a part, and no more: where in an entry it stands would be three fifths of the index, and is seen there.
    "CREATE VIRTUAL TABLE search_{kind} USING fts5(folded, content='search_entries', content_rowid='id',"
    " tokenize='trigram case_sensitive 1', detail=none, columnsize=0)",
    "CREATE VIRTUAL TABLE search_{kind}_terms USING fts5vocab('search_{kind}', 'row')",
    "CREATE TRIGGER search_{kind}_added AFTER INSERT ON search_entries WHEN new.kind = '{kind}' BEGIN " + _TAKE + " END",
    "CREATE TRIGGER search_{kind}_gone AFTER DELETE ON search_entries WHEN old.kind = '{kind}' BEGIN " + _LET_GO + " END",
    "CREATE TRIGGER search_{kind}_changed AFTER UPDATE OF folded ON search_entries"
    " WHEN new.kind = '{kind}' AND new.folded != old.folded BEGIN " + _LET_GO + " " + _TAKE + " END",
    # What was there before.
    "INSERT INTO search_{kind}(rowid, folded) SELECT id, folded || ' ' FROM search_entries WHERE kind = '{kind}' ORDER BY id",
)
_PARTS = "CREATE INDEX IF NOT EXISTS search_{kind} ON search_entries USING gin (folded gin_trgm_ops) WHERE kind = '{kind}'"


async def keep(database: Database, kinds: Collection[str]) -> None:
    """See to it that entries of these kinds (plain words) can be found by their parts; a second time does nothing.

    A PostgreSQL whose pg_trgm may not be created finds all the same, more slowly, and without forgiving errors; a log says so.
    """
    if database.is_sqlite:
        await _follow(database, kinds)
        return
    try:
        async with database.engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('podo.search'))"))
            await connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            for kind in sorted(kinds):
                await connection.execute(text(_PARTS.format(kind=kind)))
    except DBAPIError as error:
        _log.warning("pg_trgm cannot be used, so that search is slow and exact: %s", str(error.orig).partition("\n")[0])


async def _follow(database: Database, kinds: Collection[str]) -> None:
    async with database.engine.begin() as connection:
        known = set(await connection.scalars(text("SELECT name FROM sqlite_master WHERE name LIKE 'search_%'")))
        for kind in sorted(kinds):
            for statement in _FOLLOWS if f"search_{kind}" not in known else ():
                await connection.execute(text(statement.format(kind=kind)))
