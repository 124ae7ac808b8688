"""Sealing as soon as something was said, and running every handler behind its own cursor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import select

from podo.kernel import clock
from podo.kernel.db import Database, Tx
from podo.kernel.events import log
from podo.kernel.events.models import CursorRow, EventRow, LetterRow
from podo.kernel.events.types import Entry, Handler
from podo.kernel.nouns import PODO

_log = logging.getLogger("podo.events")
_ATTEMPTS = 8
_POLL = 1.0

Start = Callable[..., Awaitable[None]]


class Delivery:
    """The sealer and the handlers of one process. `listen` hears each sealed batch (live pages)."""

    def __init__(self, database: Database, handlers: Sequence[Handler], start: Start, *, pause: float = 0.1) -> None:
        self._database = database
        self._handlers = handlers
        self._pause = pause
        self._start = start
        self._said = asyncio.Event()
        self._wakes = {h.name: asyncio.Event() for h in handlers}
        self._position = 0
        self._listeners: list[Callable[[Sequence[Entry]], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = 0
        database.before_commit = log.write
        database.after_commit = self._said.set

    def listen(self, call: Callable[[Sequence[Entry]], None]) -> None:
        """Hear every sealed batch, in order, in this process."""
        self._listeners.append(call)

    def begin(self) -> None:
        """Start the sealer and one task a handler."""
        self._said.set()
        self._tasks.append(asyncio.create_task(self._seal_forever(), name="events:sealer"))
        self._tasks.append(asyncio.create_task(self._notice_others(), name="events:others"))
        self._tasks += [asyncio.create_task(self._handle_forever(h), name=f"events:{h.name}") for h in self._handlers]

    async def end(self) -> None:
        """Stop; what was not delivered yet is delivered after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def settled(self) -> None:
        """Wait until all that was said so far is sealed and heard by every handler (for tests and the seed)."""
        while True:
            await self._seal_once()
            async with self._database.reading(PODO) as r:
                behind = 0
                for handler in self._handlers:
                    cursor = await r.session.scalar(select(CursorRow.position).where(CursorRow.handler == handler.name)) or 0
                    behind += len(await log.after(r, cursor, codes=handler.codes, limit=1))
                unsealed = await r.session.scalar(select(EventRow.seq).where(EventRow.position.is_(None)).limit(1))
            if not behind and unsealed is None and not self._busy:
                return
            await asyncio.sleep(0.02)

    async def _seal_forever(self) -> None:
        while True:
            # Not wait_for: before Python 3.12 it forgets a cancel that comes as what it waits for comes, and nothing ends.
            try:
                async with asyncio.timeout(_POLL):
                    await self._said.wait()
            except TimeoutError:
                if not await self._anything_unsealed():
                    continue
            self._said.clear()
            try:
                while await self._seal_once():
                    pass
            except Exception:
                _log.exception("sealing failed, again in a second")
                await asyncio.sleep(_POLL)
                self._said.set()

    async def _anything_unsealed(self) -> bool:
        async with self._database.reading(PODO) as r:
            return await r.session.scalar(select(EventRow.seq).where(EventRow.position.is_(None)).limit(1)) is not None

    async def _seal_once(self) -> bool:
        sealed = await log.seal(self._database)
        if not sealed:
            return False
        for call in self._listeners:
            call(sealed)
        self._position = sealed[-1].position or self._position
        self._wake({entry.code for entry in sealed})
        return True

    def _wake(self, codes: set[str]) -> None:
        for handler in self._handlers:
            if handler.codes & codes:
                self._wakes[handler.name].set()

    async def _notice_others(self) -> None:
        """Another process may have sealed what our handlers wait for."""
        while True:
            await asyncio.sleep(_POLL)
            try:
                async with self._database.reading(PODO) as r:
                    newest = await log.last_position(r)
            except Exception:
                _log.exception("the log cannot be read, again in a second")
                continue
            if newest > self._position:
                self._position = newest
                for wake in self._wakes.values():
                    wake.set()

    async def _handle_forever(self, handler: Handler) -> None:
        position, attempts = await self._cursor(handler)
        wake = self._wakes[handler.name]
        while True:
            wake.clear()
            async with self._database.reading(PODO) as r:
                entries = await log.after(r, position, codes=handler.codes, limit=50)
            if not entries:
                await wake.wait()
                continue
            for entry in entries:
                self._busy += 1
                try:
                    attempts = await self._handle(handler, entry, attempts)
                finally:
                    self._busy -= 1
                if attempts:
                    break
                position = entry.position or position

    async def _handle(self, handler: Handler, entry: Entry, attempts: int) -> int:
        """Try once; returns the number of failed attempts so far, 0 when the event is done with."""
        try:
            await handler.call(entry, _Handling(self._database, entry, self._start))
        except Exception as error:
            attempts += 1
            if attempts < _ATTEMPTS:
                _log.warning("handler %s failed on %s (%s), attempt %d", handler.name, entry.id, error, attempts)
                await self._keep(handler, None, attempts)
                await asyncio.sleep(min(self._pause * 2**attempts, 30))
                return attempts
            _log.exception("handler %s gave up on %s", handler.name, entry.id)
            await self._put_aside(handler, entry, error)
        await self._keep(handler, entry.position, 0)
        return 0

    async def _cursor(self, handler: Handler) -> tuple[int, int]:
        async with self._database.transaction(PODO) as tx:
            row = await tx.session.get(CursorRow, handler.name)
            if row is None:
                # A new handler hears what is said from now on, never history.
                row = CursorRow(handler=handler.name, position=await log.last_position(tx), attempts=0)
                tx.session.add(row)
            return row.position, row.attempts

    async def _keep(self, handler: Handler, position: int | None, attempts: int) -> None:
        async with self._database.transaction(PODO) as tx:
            row = await tx.session.get_one(CursorRow, handler.name)
            row.attempts = attempts
            row.position = position or row.position

    async def _put_aside(self, handler: Handler, entry: Entry, error: Exception) -> None:
        async with self._database.transaction(PODO) as tx:
            why = f"{type(error).__name__}: {error}"
            await tx.session.merge(LetterRow(handler=handler.name, event_id=entry.id, at=clock.now(), why=why))


class _Handling:
    """What a handler gets: see `Handling`."""

    def __init__(self, database: Database, entry: Entry, start: Start) -> None:
        self._database = database
        self._entry = entry
        self._start = start

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self._database.transaction(PODO, request_id=self._entry.request_id, cause=self._entry.id)

    async def start(self, workflow: Callable[..., Awaitable[Any]], run_id: str, *args: Any) -> None:
        await self._start(workflow, run_id, *args)
