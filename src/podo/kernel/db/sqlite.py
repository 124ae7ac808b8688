"""What is particular to SQLite: one writer, and a library that blocks, for which each connection has a thread.

A trip to that thread costs more than most statements do, so there is one a statement: with the BEGIN that stood before it, and
with all of its rows. Questions make none: they are answered at once, up to `_AT_ONCE` steps of SQLite's machine (a millisecond or
so); one that takes more is asked again in the thread.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache
from sqlalchemy.util.concurrency import await_

_AT_ONCE = 20_000
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-16000")


def engine(url: URL) -> AsyncEngine:
    """An engine for the file of `url`, whose folder is made where there is none."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # The connection used last is the next: its pages and statements are at hand.
    made = create_async_engine(
        url.set(drivername="sqlite+podo"),
        pool_size=12,
        max_overflow=20,
        pool_use_lifo=True,
        json_serializer=_as_json,
        module=_Driver(),
        connect_args={"check_same_thread": False},
        execution_options={"compiled_cache": _compiled},
    )
    event.listen(made.sync_engine, "connect", _prepare)
    event.listen(made.sync_engine, "begin", _begin)
    event.listen(made.sync_engine, "close", _let_go)
    return made


class Alike:
    """A dialect of which all of a process are one: a statement that was compiled for one database is for the others, too."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class Dialect(Alike, aiosqlite.SQLiteDialect_aiosqlite):
    """SQLAlchemy's own."""

    supports_statement_cache = True


registry.register("sqlite.podo", __name__, "Dialect")
_compiled: LRUCache[Any, Any] = LRUCache(2000)


class _Driver(aiosqlite.AsyncAdapt_aiosqlite_dbapi):
    """SQLAlchemy's own, with connections of ours."""

    def __init__(self) -> None:
        super().__init__(__import__("aiosqlite"), sqlite3)

    def connect(self, *args: Any, **options: Any) -> _Connection:
        return _Connection(self, super().connect(*args, **options)._connection)


class _Connection(aiosqlite.AsyncAdapt_aiosqlite_connection):
    """One whose transaction begins with its first statement. `is_away`: its thread has something to do."""

    __slots__ = ("before", "is_away")

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.before: str | None = None
        self.is_away = False

    @property
    def raw(self) -> sqlite3.Connection:
        return self._connection._conn

    def cursor(self, server_side: bool = False) -> Any:
        return super().cursor(server_side=True) if server_side else _Cursor(self)

    def there(self, call: Callable[[], None]) -> None:
        """Call it in the thread, and wait for it."""

        def away() -> None:
            try:
                call()
            finally:
                self.is_away = False

        self.is_away = True
        await_(self._connection._execute(away))

    def commit(self) -> None:
        if self._connection._connection and self._has_begun():
            super().commit()

    def rollback(self) -> None:
        if not self._connection._connection or not self._has_begun():
            return
        if self.is_away:
            # Behind what still runs there.
            super().rollback()
        else:
            self.raw.rollback()

    def _has_begun(self) -> bool:
        """Whether there is anything to end. What did not begin yet does not begin any more."""
        self.before = None
        return self.is_away or self.raw.in_transaction


class _Cursor:
    """A statement and its rows."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")
    server_side = False

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Any = None) -> None:
        self._run(statement, lambda cursor: cursor.execute(statement, parameters or ()))

    def executemany(self, statement: str, parameters: Sequence[Any]) -> None:
        self._run(statement, lambda cursor: cursor.executemany(statement, parameters))

    def _run(self, statement: str, ask: Callable[[sqlite3.Cursor], Any]) -> None:
        on = self._connection
        try:
            if on.is_away or on.before == "BEGIN IMMEDIATE" or not statement.startswith("SELECT") or not self._at_once(ask):
                on.there(lambda: self._ask(ask))
        except Exception as error:
            on._handle_exception(error)

    def _at_once(self, ask: Callable[[sqlite3.Cursor], Any]) -> bool:
        """Ask here and now; False when that takes too long."""
        raw = self._connection.raw
        raw.set_progress_handler(_enough, _AT_ONCE)
        try:
            self._ask(ask)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return False
        finally:
            raw.set_progress_handler(None, 0)
        # SQLAlchemy insists that something was waited for.
        await_(_nothing())
        return True

    def _ask(self, ask: Callable[[sqlite3.Cursor], Any]) -> None:
        on = self._connection
        cursor = on.raw.cursor()
        try:
            if on.before is not None:
                cursor.execute(on.before)
                on.before = None
            ask(cursor)
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else []
        finally:
            cursor.close()

    def fetchall(self) -> list[Any]:
        found, self._rows = self._rows, []
        return found

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        size = self.arraysize if size is None else size
        found, self._rows = self._rows[:size], self._rows[size:]
        return found

    def close(self) -> None:
        self._rows = []

    async def _async_soft_close(self) -> None:
        """There is nothing left to close."""


def _as_json(value: Any) -> str:
    # SQLite finds no key that is written with escapes: letters stay as they are.
    return json.dumps(value, ensure_ascii=False)


def _enough() -> int:
    return 1


async def _nothing() -> None:
    return


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    # The driver's own BEGIN is deferred: two readers that then write lose an update or fail. IMMEDIATE queues them.
    read = connection.get_execution_options().get("podo_read")
    connection.connection.dbapi_connection.before = "BEGIN" if read else "BEGIN IMMEDIATE"


def _let_go(connection: Any, _: Any) -> None:
    """Roll back on the connection's own thread, behind what runs there and before it is closed.

    A task that was cancelled within a statement keeps the statement, and a closed SQLite connection lives on, locks and all, as
    long as any of its statements does.
    """
    raw = connection.driver_connection

    def roll_back() -> None:
        if raw._connection is not None:
            raw._connection.rollback()

    raw._tx.put_nowait((None, roll_back))
