"""The engine and its transactions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import MetaData, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from podo.kernel import clock, metrics, traces
from podo.kernel.db import fitting, postgres, sqlite
from podo.kernel.db.memory import MISSING, Memory
from podo.kernel.db.models import RECORDS, Record
from podo.kernel.db.pulse import Pulse
from podo.kernel.errors import N_, Broken, Unavailable
from podo.kernel.nouns import Actor

if TYPE_CHECKING:
    from podo.kernel.events.types import Event

T = TypeVar("T")


class Silent(Broken):
    """A Record changed and nobody said so."""

    code = "db.silent"
    so = N_("Podo was about to change {tables} without leaving an event, and did not.")


class OutsideCall(Broken):
    """The outside was called while a transaction was open."""

    code = "db.outside_call"
    so = N_("Podo was about to call the outside while a transaction was open, and did not.")


class DatabaseUnavailable(Unavailable):
    """The database is locked, full or out of reach."""

    code = "db.unavailable"
    so = N_("The database does not take the change: {why}.")
    do = N_("Nothing was changed. Try again in a moment; if it stays so, check the disk and the database server.")


class OutcomeUnknown(DatabaseUnavailable):
    """The database went away after it was told to commit and before it answered."""

    code = "db.outcome_unknown"
    so = N_("The database went away while it took the change: {why}.")
    do = N_("All of it was changed, or nothing. Look which it is before you try again.")


_READ_SQLITE = {"podo_read": True}
# One view from the first statement to the last, as on SQLite.
_READ_POSTGRES = {"podo_read": True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


# What else is asked before each call to the outside: a step asks whether its run is still this process's.
fence: ContextVar[Callable[[], None] | None] = ContextVar("outside_fence", default=None)


def outside() -> None:
    """Clients call this before they reach out: refuses while a transaction is open (law 5)."""
    if _open.get():
        raise OutsideCall()
    if (ask := fence.get()) is not None:
        ask()


@contextlib.asynccontextmanager
async def _within_reach(tx: Tx | None = None) -> AsyncIterator[None]:
    """A database that is locked, full, cut off or too busy is `DatabaseUnavailable`, as everything outside."""
    try:
        yield
    except OperationalError as error:
        is_unknown = tx is not None and tx.is_committing and error.connection_invalidated
        raise (OutcomeUnknown if is_unknown else DatabaseUnavailable)(why=str(error.orig)) from error
    except DataError as error:
        raise fitting.DoesNotFit(column=fitting.UNNAMED, why=str(error.orig).partition("\n")[0]) from error
    except UnicodeEncodeError as error:
        # JSON can tell half a sign, and no text can have it.
        raise fitting.DoesNotFit(column=fitting.UNNAMED, why="it holds half a sign") from error
    except NoConnection as error:
        raise DatabaseUnavailable(why="no connection became free") from error
    except DBAPIError as error:
        if not error.connection_invalidated and not postgres.is_thrown_out(error.orig or error):
            raise
        raise DatabaseUnavailable(why=str(error.orig)) from error


class Reading:
    """A session that only reads, on behalf of `actor`."""

    def __init__(
        self, session: AsyncSession, actor: Actor, observed: Database | None = None, memory: Memory | None = None
    ) -> None:
        self.session = session
        self.actor = actor
        self._observed = observed
        self._memory = memory
        self._begun = memory.moment if memory is not None else 0

    def by(self, actor: Actor) -> Reading:
        """The same view on behalf of somebody else."""
        return Reading(self.session, actor, self._observed)

    async def recall(self, of: str | frozenset[str], name: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` finds, kept for later readings until an event of this domain, or of one of these, is committed.

        For values that nobody changes, worked out from their Records alone. In a transaction it is found anew.
        """
        if self._memory is None:
            return await make()
        domains = frozenset((of,)) if isinstance(of, str) else of
        found = self._memory.find(domains, name)
        if found is MISSING:
            found = await make()
            self._memory.keep(domains, name, found, self._begun)
        return found

    def observing(self) -> AbstractAsyncContextManager[Reading]:
        """A view of what was observed outside, on behalf of the same actor: for slots, which get the main database alone."""
        if self._observed is None:
            raise RuntimeError("there is no observed database beside this one")
        return self._observed.reading(self.actor)


@dataclass(frozen=True, slots=True)
class Whence:
    """From which request and which event something follows; `trace` where its trace is another than the transaction's."""

    request_id: str | None = None
    cause: str | None = None
    trace: str | None = None


class Tx(Reading):
    """One transaction: session + actor + what was said. Committed at the edge, by whoever opened it."""

    def __init__(
        self, session: AsyncSession, actor: Actor, request_id: str | None, cause: str | None, observed: Database | None = None
    ) -> None:
        super().__init__(session, actor, observed)
        self.whence = Whence(request_id, cause)
        # Each with what it follows from.
        self.said: list[tuple[Event, Whence]] = []
        self.after_commit: list[Callable[[], None]] = []
        # From here on the database may have taken it, whatever is heard of it.
        self.is_committing = False

    def say(self, what: Event) -> None:
        """Leave an event in this transaction; it is delivered after commit, at least once."""
        self.said.append((what, self.whence))

    @contextlib.contextmanager
    def following(self, whence: Whence) -> Iterator[None]:
        """What is said inside has another cause than the transaction: where it follows from several events at once."""
        before, self.whence = self.whence, whence
        try:
            yield
        finally:
            self.whence = before


class Database:
    """One database. `url` is a SQLAlchemy URL without driver: `sqlite:///path` or `postgresql://…`.

    On PostgreSQL `schema` names where its tables are, `public` by default. With `is_shared_out` its writers do not queue: each
    changes rows of its own (what was observed). `pulse` is that of another database on the same server.
    """

    def __init__(
        self,
        url: str,
        *,
        metadata: MetaData,
        pool_size: int = 10,
        schema: str | None = None,
        is_shared_out: bool = False,
        pulse: Pulse | None = None,
    ) -> None:
        self.url = make_url(url)
        self.metadata = metadata
        self.schema = schema
        self._is_shared_out = is_shared_out
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.before_commit: Callable[[Tx], Any] | None = None
        self.after_commit: Callable[[], None] | None = None
        # The database of what was observed, beside the main one.
        self.observed: Database | None = None
        self.memory = Memory()
        # Leases by name and holder: from when on to renew and until when held, by the process's own clock.
        self.held: dict[tuple[str, str], tuple[float, float]] = {}
        # Whether it answers at all; a file does.
        self.pulse = None if self.is_sqlite else pulse or postgres.pulse(self.url)
        self.engine = postgres.engine(self.url, pool_size, schema, self.pulse) if self.pulse else sqlite.engine(self.url)
        fitting.heed(self.engine.sync_engine)
        self._to_read = self.engine.execution_options(**_READ_SQLITE if self.is_sqlite else _READ_POSTGRES)
        # There is one writer: queueing here is fair and costs nothing, queueing in the database is neither.
        self.writing = contextlib.nullcontext() if is_shared_out and not self.is_sqlite else asyncio.Lock()

    @contextlib.asynccontextmanager
    async def transaction(self, actor: Actor, *, request_id: str | None = None, cause: str | None = None) -> AsyncIterator[Tx]:
        """Open a transaction; commit at the end, or roll back and leave nothing.

        Raises `Silent` when a Record changed without an event, `DatabaseUnavailable` when it cannot be committed.
        """
        begun = clock.monotonic()
        with traces.within("transaction"):
            async with self.writing:
                async with AsyncSession(self.engine, expire_on_commit=False) as session:
                    tx = Tx(session, actor, request_id, cause, self.observed)
                    async with self.guarded(tx), _within_reach(tx):
                        async with session.begin():
                            await self.queue(session)
                            turn = clock.monotonic()
                            metrics.observe(metrics.QUEUED, turn - begun)
                            yield tx
                            await self.finish(tx)
                            tx.is_committing = True
            metrics.observe(metrics.TRANSACTIONS, clock.monotonic() - turn)
            self.committed(tx)

    @contextlib.asynccontextmanager
    async def note(self) -> AsyncIterator[AsyncSession]:
        """A transaction that queues behind nobody, for single statements on Bookkeeping: leases, heartbeats."""
        async with self.writing if self.is_sqlite else contextlib.nullcontext():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                async with _within_reach(), session.begin():
                    yield session

    async def queue(self, session: AsyncSession) -> None:
        """Be the one that writes, to the end of this session's transaction. SQLite sees to it by itself."""
        if not self.is_sqlite and not self._is_shared_out:
            await postgres.queue(session)

    async def tell(self, session: AsyncSession, channel: str, word: str = "") -> None:
        """Once this session's transaction has committed, `word` comes in every process that hears this channel; not on SQLite."""
        if not self.is_sqlite:
            await postgres.notify(session, channel, word)

    async def hear(self, channel: str) -> AsyncIterator[str]:
        """Each word that is told on this channel from now on. On SQLite there is no other process: none ever comes."""
        if self.is_sqlite:
            await asyncio.Event().wait()
        async for word in postgres.notices(self.engine, channel):
            yield word

    @contextlib.asynccontextmanager
    async def guarded(self, tx: Tx) -> AsyncIterator[None]:
        """While inside, the outside may not be called, and changed Records are noted for `finish`."""
        watch = _Watch(tx.session.sync_session)
        tx.session.info["watch"] = watch
        token = _open.set(True)
        try:
            yield
        finally:
            _open.reset(token)
            watch.close()

    async def finish(self, tx: Tx) -> None:
        """What must hold before a commit: events are written, and no Record changed in silence."""
        await tx.session.flush()
        changed = tx.session.info["watch"].changed
        if changed and not tx.said:
            raise Silent(tables=", ".join(sorted(changed)))
        if self.before_commit and tx.said:
            await self.before_commit(tx)

    def committed(self, tx: Tx) -> None:
        """What follows a commit: wake whoever waits for events."""
        for call in tx.after_commit:
            call()
        if tx.said:
            self.memory.forget({said.code.partition(".")[0] for said, _ in tx.said})
        if tx.said and self.after_commit:
            self.after_commit()

    @contextlib.asynccontextmanager
    async def reading(self, actor: Actor) -> AsyncIterator[Reading]:
        """A consistent view to read from; writing through it is a mistake and is rolled back."""
        async with AsyncSession(self._to_read, expire_on_commit=False, autoflush=False) as session:
            token = _open.set(True)
            try:
                async with _within_reach():
                    yield Reading(session, actor, self.observed, self.memory)
            finally:
                _open.reset(token)

    async def ping(self) -> None:
        """Ask the database for a sign of life."""
        async with _within_reach(), self.engine.execution_options(podo_read=True).connect() as connection:
            await connection.exec_driver_sql("SELECT 1")

    async def close(self) -> None:
        """Give all connections back."""
        if self.pulse is not None:
            await self.pulse.end()
        await self.engine.dispose()


class _Watch:
    """Notes the tables of Records that a session changes, by object or by statement."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.changed: set[str] = set()
        event.listen(session, "before_flush", self._flushing)
        event.listen(session, "do_orm_execute", self._executing)

    def _flushing(self, session: Session, context: Any, instances: Any) -> None:
        for row in {*session.new, *session.deleted, *(r for r in session.dirty if session.is_modified(r))}:
            if isinstance(row, Record):
                self.changed.add(row.__tablename__)

    def _executing(self, state: Any) -> None:
        if not (state.is_update or state.is_delete or state.is_insert):
            return
        table = getattr(state.statement, "table", None)
        if table is not None and table.name in RECORDS:
            self.changed.add(table.name)

    def close(self) -> None:
        event.remove(self.session, "before_flush", self._flushing)
        event.remove(self.session, "do_orm_execute", self._executing)
