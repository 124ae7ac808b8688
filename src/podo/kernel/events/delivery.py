"""Sealing as soon as something was said, and running every handler behind its own cursor.

Every process seals, and hears all that was sealed, by whomever. The handlers of one process at a time are called: of that which
holds the lease. One that lost it without knowing (it was frozen, or cut off) writes nothing more for an event that was handled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence, Set
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from typing import Any

from sqlalchemy import select, update

from podo.kernel import clock, ids, metrics, traces
from podo.kernel.db import Database, DatabaseUnavailable, Tx, hold, let_go
from podo.kernel.events import cursors, log
from podo.kernel.events.models import CursorRow, EventRow, LetterRow
from podo.kernel.events.types import Entry, Handler
from podo.kernel.nouns import PODO

_log = logging.getLogger("podo.events")
_ATTEMPTS = 8
_POLL = 1.0
_BATCH = 500
_AT_ONCE = 50
_TOGETHER = 500
_LATELY = 1000
# Sealing takes a share of the time and no more, however much is said: the longer a batch took, the larger is the next.
_SHARE = 4
_LONGEST_PAUSE = 0.1
_LEASE = "events.handlers"
_LEASE_SECONDS = 10.0

_CURSORS: Any = CursorRow.__table__
Start = Callable[..., Awaitable[None]]


class _Overtaken(Exception):
    """Another process has handled this event already."""


class Delivery:
    """The sealer and the handlers of one process, named `process`: those that `cursors.place` gave a place.

    `listen` hears each sealed batch (live pages).
    """

    def __init__(
        self,
        database: Database,
        handlers: Sequence[Handler],
        start: Start,
        *,
        process: str = "",
        pause: float = 0.1,
        lease: float = _LEASE_SECONDS,
    ) -> None:
        self._lease = lease
        self.process = process or ids.new("proc")
        self._database = database
        self._handlers = handlers
        self._pause = pause
        self._start = start
        self._said = asyncio.Event()
        self._wakes = {h.name: asyncio.Event() for h in handlers}
        self._position: int | None = None
        self._standing: dict[str, tuple[int, int]] = {}
        # What was sealed lately, without a gap, up to `_position`: handlers that keep up need not read it.
        self._lately: list[Entry] = []
        self._hearing = asyncio.Lock()
        self._others = asyncio.Event()
        self._leading = asyncio.Event()
        self._listeners: list[Callable[[Sequence[Entry]], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = 0
        self._heard = 0
        database.before_commit = log.write
        database.after_commit = self._said.set

    def listen(self, call: Callable[[Sequence[Entry]], None]) -> None:
        """Hear every sealed batch, in order, whichever process sealed it."""
        self._listeners.append(call)

    def begin(self) -> None:
        """Start the sealer and one task a handler."""
        self._said.set()
        self._tasks.append(asyncio.create_task(self._seal_forever(), name="events:sealer"))
        self._tasks.append(asyncio.create_task(self._notice_others(), name="events:others"))
        self._tasks.append(asyncio.create_task(self._be_woken(), name="events:news"))
        if self._handlers:
            self._tasks.append(asyncio.create_task(self._lead(), name="events:lead"))
        self._tasks += [asyncio.create_task(self._handle_forever(h), name=f"events:{h.name}") for h in self._handlers]

    async def end(self) -> None:
        """Stop; what was not delivered yet is delivered after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._handlers:
            with suppress(DatabaseUnavailable):
                await let_go(self._database, self.process)

    async def settled(self) -> None:
        """Wait until all that was said so far is sealed and heard by every handler (for tests and the seed)."""
        while True:
            # Nothing is settled before it is done; to look at memory costs less than at the database.
            while self._busy:  # noqa: ASYNC110 - a number
                await asyncio.sleep(0.005)
            async with self._database.reading(PODO) as r:
                left = await cursors.left(r, self._handlers, self._heard)
            if left.unsealed:
                await self._seal_once()
            elif not left.unheard and not self._busy and (self._position or left.position) >= left.position:
                # What is heard stays heard: the next time looks behind it.
                self._heard = left.position
                return
            else:
                await asyncio.sleep(0.01)

    async def _seal_forever(self) -> None:
        while True:
            # Not wait_for: before Python 3.12 it forgets a cancel that comes as what it waits for comes, and nothing ends.
            try:
                async with asyncio.timeout(_POLL):
                    await self._said.wait()
            except TimeoutError:
                pass
            try:
                if not self._said.is_set() and not await self._anything_unsealed():
                    continue
                self._said.clear()
                begun = clock.monotonic()
                if await self._seal_once() == log.BATCH:
                    self._said.set()
                await asyncio.sleep(min((clock.monotonic() - begun) * (_SHARE - 1), _LONGEST_PAUSE))
            except Exception as error:
                _tell_of(error, "sealing failed, again in a second")
                await asyncio.sleep(_POLL)
                self._said.set()

    async def _anything_unsealed(self) -> bool:
        async with self._database.reading(PODO) as r:
            return await r.session.scalar(select(EventRow.seq).where(EventRow.position.is_(None)).limit(1)) is not None

    async def _seal_once(self) -> int:
        """Seal a batch; how many there were."""
        sealed = await log.seal(self._database)
        if sealed:
            await self._hear(sealed)
        return len(sealed)

    async def _hear(self, sealed: Sequence[Entry] = ()) -> None:
        """Tell what was sealed since the last time, each once and in order; `sealed` may be the next."""
        async with self._hearing:
            if self._position is None:
                await self._begin_to_hear(sealed)
            if sealed and sealed[0].position == (self._position or 0) + 1:
                self._tell(sealed)
                return
            while True:
                async with self._database.reading(PODO) as r:
                    entries = await log.after(r, self._position or 0, limit=_BATCH)
                if entries:
                    self._tell(entries)
                if len(entries) < _BATCH:
                    return

    async def _begin_to_hear(self, sealed: Sequence[Entry]) -> None:
        if sealed:
            self._position = (sealed[0].position or 1) - 1
        else:
            async with self._database.reading(PODO) as r:
                self._position = await log.last_position(r)
        # Those that looked before may have missed what came until now.
        self._wake(frozenset.union(frozenset(), *(h.codes for h in self._handlers)))

    def _tell(self, entries: Sequence[Entry]) -> None:
        # Before anybody looks again.
        self._database.memory.forget({entry.code.partition(".")[0] for entry in entries})
        for call in self._listeners:
            call(entries)
        self._lately = [*self._lately, *entries][-_LATELY:]
        self._position = entries[-1].position
        self._wake({entry.code for entry in entries})

    def _wake(self, codes: Set[str]) -> None:
        for handler in self._handlers:
            if handler.codes & codes:
                self._wakes[handler.name].set()

    async def _notice_others(self) -> None:
        """Hear what other processes sealed: at once where the database wakes us, else within a second."""
        while True:
            try:
                async with asyncio.timeout(_POLL):
                    await self._others.wait()
            except TimeoutError:
                pass
            self._others.clear()
            try:
                await self._hear()
            except Exception as error:
                _tell_of(error, "the log cannot be read, again in a second")
                await asyncio.sleep(_POLL)

    async def _be_woken(self) -> None:
        while True:
            try:
                async for _ in self._database.hear(log.SEALED):
                    self._others.set()
            except Exception as error:
                _log.warning("nothing wakes this process (%s), it looks by itself; again in a second", error)
            await asyncio.sleep(_POLL)

    async def _lead(self) -> None:
        """Keep the lease, or wait for it."""
        while True:
            try:
                leads = await hold(self._database, _LEASE, self.process, self._lease)
                if leads and not self._leading.is_set():
                    await self._take_up()
            except Exception as error:
                _log.warning("the lease of the handlers cannot be kept: %s", error)
                leads = False
            if leads:
                self._leading.set()
            elif self._leading.is_set():
                self._leading.clear()
            await asyncio.sleep(min(_POLL, self._lease / 4))

    async def _take_up(self) -> None:
        """See where all handlers stand, and what is newest, before each goes on by itself."""
        if self._position is None:
            await self._hear()
        async with self._database.reading(PODO) as r:
            self._standing = await cursors.standing(r, self._handlers)

    async def _handle_forever(self, handler: Handler) -> None:
        while True:
            await self._leading.wait()
            try:
                await self._handle_while_leading(handler)
            except _Overtaken:
                _log.warning("handler %s was overtaken by another process", handler.name)
            except Exception as error:
                _log.warning("handler %s cannot go on (%s), again in a second", handler.name, error)
                await asyncio.sleep(_POLL)

    async def _handle_while_leading(self, handler: Handler) -> None:
        position, attempts = self._standing.pop(handler.name, None) or await self._where(handler)
        wake = self._wakes[handler.name]
        while self._leading.is_set():
            wake.clear()
            newest = self._position or 0
            entries = await self._behind(handler, position)
            if not entries:
                # Nothing up to here is for this one.
                position = max(position, newest)
                await wake.wait()
                continue
            if handler.many is not None and len(entries) > 1 and not attempts and await self._handle_together(handler, entries):
                position = entries[-1].position or position
                continue
            for entry in entries[:_AT_ONCE]:
                if not self._leading.is_set():
                    return
                self._busy += 1
                try:
                    attempts = await self._handle(handler, entry, attempts)
                finally:
                    self._busy -= 1
                if attempts:
                    break
                position = entry.position or position

    async def _behind(self, handler: Handler, position: int) -> Sequence[Entry]:
        """The next events that it hears, oldest first."""
        if self._position is not None and self._position <= position:
            return []
        most = _AT_ONCE if handler.many is None else _TOGETHER
        first = self._lately[0].position if self._lately else None
        if first is not None and first <= position + 1:
            return [entry for entry in self._lately[position + 1 - first :] if entry.code in handler.codes][:most]
        async with self._database.reading(PODO) as r:
            return await log.after(r, position, codes=handler.codes, limit=most)

    async def _handle_together(self, handler: Handler, entries: Sequence[Entry]) -> bool:
        """Let them be heard together; False when that failed, and each is to be heard by itself."""
        assert handler.many is not None
        self._busy += 1
        try:
            with (
                _heard_together(handler, entries),
                metrics.timed(metrics.HANDLED, handler.name),
            ):
                await handler.many(entries, _Handling(self._database, handler, entries[0], self._start))
            await self._keep(handler, entries[-1], position=entries[-1].position or 0, attempts=0)
        except (_Overtaken, DatabaseUnavailable):
            raise
        except Exception as error:
            _log.warning(
                "handler %s failed on %d events together (%s), each is heard by itself", handler.name, len(entries), error
            )
            return False
        finally:
            self._busy -= 1
        return True

    async def _handle(self, handler: Handler, entry: Entry, attempts: int) -> int:
        """Try once; returns the number of failed attempts so far, 0 when the event is done with."""
        try:
            await self._call(handler, entry)
        except (_Overtaken, DatabaseUnavailable):
            # Neither says anything of the handler.
            raise
        except Exception as error:
            attempts += 1
            if attempts < _ATTEMPTS:
                _log.warning("handler %s failed on %s (%s), attempt %d", handler.name, entry.id, error, attempts)
                await self._keep(handler, entry, attempts=attempts)
                await asyncio.sleep(min(self._pause * 2**attempts, 30))
                return attempts
            _log.exception("handler %s gave up on %s", handler.name, entry.id)
            await self._put_aside(handler, entry, error)
        await self._keep(handler, entry, position=entry.position or 0, attempts=0)
        return 0

    async def _call(self, handler: Handler, entry: Entry) -> None:
        with _heard(handler, entry), metrics.timed(metrics.HANDLED, handler.name):
            await handler.call(entry, _Handling(self._database, handler, entry, self._start, traces.here()))

    async def _where(self, handler: Handler) -> tuple[int, int]:
        async with self._database.reading(PODO) as r:
            return (await cursors.standing(r, [handler]))[handler.name]

    async def _keep(self, handler: Handler, entry: Entry, **values: int) -> None:
        mine = update(_CURSORS).where(_CURSORS.c.handler == handler.name, _CURSORS.c.position < (entry.position or 0))
        async with self._database.note() as session:
            await session.execute(mine.values(values))

    async def _put_aside(self, handler: Handler, entry: Entry, error: Exception) -> None:
        async with self._database.transaction(PODO) as tx:
            why = f"{type(error).__name__}: {error}"
            await tx.session.merge(LetterRow(handler=handler.name, event_id=entry.id, at=clock.now(), why=why))


def _tell_of(error: Exception, what: str) -> None:
    if isinstance(error, DatabaseUnavailable):
        _log.warning("%s: %s", what, error)
    else:
        _log.error(what, exc_info=error)


@contextmanager
def _heard(handler: Handler, entry: Entry) -> Iterator[traces.Point | None]:
    about: dict[str, traces.Value | None] = {"podo__event": entry.id, "podo__project": entry.project}
    with traces.span(f"handler {handler.name}", under=traces.parse(entry.trace), kind="consumer", **about) as made:
        yield made.point


@contextmanager
def _heard_together(handler: Handler, entries: Sequence[Entry]) -> Iterator[None]:
    """Under the first event whose trace is kept, with links to the others."""
    points = [point for entry in entries if (point := traces.parse(entry.trace))]
    points.sort(key=lambda point: not point.sampled)
    about: dict[str, traces.Value | None] = {"podo__events": len(entries)}
    with traces.span(f"handler {handler.name}", under=next(iter(points), None), kind="consumer", **about) as made:
        made.link(points[1:])
        yield


class _Handling:
    """What a handler gets: see `Handling`."""

    def __init__(
        self, database: Database, handler: Handler, entry: Entry, start: Start, begun: traces.Point | None = None
    ) -> None:
        self._database = database
        self._handler = handler
        self._entry = entry
        self._start = start
        # Where the handler of an event began that is heard by itself.
        self._begun = begun

    def hearing(self, entry: Entry) -> AbstractContextManager[traces.Point | None]:
        return nullcontext(self._begun) if self._begun else _heard(self._handler, entry)

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        if self._database.is_sqlite:
            # There is no other process.
            return self._transaction()
        return self._fenced()

    def _transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self._database.transaction(PODO, request_id=self._entry.request_id, cause=self._entry.id)

    @asynccontextmanager
    async def _fenced(self) -> AsyncIterator[Tx]:
        async with self._transaction() as tx:
            heard = select(CursorRow.position).where(CursorRow.handler == self._handler.name)
            if (await tx.session.scalar(heard) or 0) >= (self._entry.position or 0):
                raise _Overtaken
            yield tx

    async def start(self, workflow: Callable[..., Awaitable[Any]], run_id: str, *args: Any) -> None:
        await self._start(workflow, run_id, *args)
