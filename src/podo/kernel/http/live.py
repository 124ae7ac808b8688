"""Live pages: positions and ids by server-sent events; a page fetches its pieces under its reader's own rights.

A topic is a word such as `project:chat-api` or `observed:chat-api`; nothing but topics and positions crosses the wire.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import StreamingResponse

from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.events import Entry
from podo.kernel.events.log import after, last_position
from podo.kernel.nouns import PODO

T = TypeVar("T")
_PING = 15.0
_BACKLOG = 256
# Between the reading of a page and the opening of its stream no more than this many seconds pass.
_OPENING = 60.0
# Who has left is out within a minute: at the latest after the sweep that sees it and this many seconds.
LOOK = 30.0


Told = tuple[int | None, frozenset[str]]
"""A position in the log, which what runs has none of, and topics."""


class _Closing(asyncio.Event):
    """Set when the server stops; calls `wake` at once, so that no open page needs a task that waits for it."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    def set(self) -> None:
        super().set()
        self._wake()


class Hub:
    """Hands news to every open page of this process that shows it. One that does not read in time is told the newest.

    `position` is the newest place in the log that was told: what is read from now on holds all up to there.
    """

    def __init__(self) -> None:
        self.position = 0
        self._observed: dict[str, float] = {}
        self._open: dict[str, set[asyncio.Queue[Told | None]]] = {}
        self._settling: dict[str, list[asyncio.Event]] = {}
        self.closing: asyncio.Event = _Closing(self._wake)

    def sealed(self, entries: Sequence[Entry]) -> None:
        """News of the log."""
        for entry in entries:
            self._tell(entry.position, topics(entry))
            self.position = max(self.position, entry.position or 0)

    def observed(self, project: str, *, settled: bool = True) -> None:
        """News of what runs, which has no position."""
        self._observed[project] = clock.monotonic()
        self._tell(None, frozenset({f"observed:{project}"}))
        for event in self._settling.get(project, ()) if settled else ():
            event.set()

    @contextmanager
    def settling(self, project: str) -> Iterator[asyncio.Event]:
        """See `News.settling`."""
        event = asyncio.Event()
        waiting = self._settling.setdefault(project, [])
        waiting.append(event)
        try:
            yield event
        finally:
            waiting.remove(event)
            if not waiting:
                self._settling.pop(project, None)

    def _tell(self, position: int | None, about: frozenset[str]) -> None:
        told: dict[asyncio.Queue[Told | None], set[str]] = {}
        for topic in about:
            for queue in self._open.get(topic, ()):
                told.setdefault(queue, set()).add(topic)
        for queue, shown in told.items():
            _put(queue, (position, frozenset(shown)))

    def _wake(self) -> None:
        for queues in self._open.values():
            for queue in queues:
                _put(queue, None)

    @contextmanager
    def listening(self, wanted: frozenset[str]) -> Iterator[asyncio.Queue[Told | None]]:
        """News of these topics from now on, a pair for each change with those of them that it is about; None: it closes."""
        queue: asyncio.Queue[Told | None] = asyncio.Queue(_BACKLOG)
        for topic in wanted:
            self._open.setdefault(topic, set()).add(queue)
        try:
            yield queue
        finally:
            for topic in wanted:
                self._open[topic].discard(queue)
                if not self._open[topic]:
                    del self._open[topic]

    async def stream(self, request: Request, house: House, wanted: frozenset[str]) -> AsyncIterator[bytes]:
        """Server-sent events for `wanted` topics; resumes behind `Last-Event-ID`."""
        # A page that wants nothing is told when the server stops all the same.
        with self.listening(wanted | {""}) as queue:
            yield b"retry: 2000\n\n"
            async for missed in _missed(request, house, wanted, self._just_observed(wanted)):
                yield missed
            while not self.closing.is_set():
                try:
                    async with asyncio.timeout(_PING):
                        found = await queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if found is not None:
                    yield _frame(*found)

    def _just_observed(self, wanted: frozenset[str]) -> frozenset[str]:
        """What may have been observed while the page was on its way: it has no position to resume from."""
        since = clock.monotonic() - _OPENING
        return wanted & {f"observed:{project}" for project, at in self._observed.items() if at >= since}

    async def until_closing(self, items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """`items` to their end, or until the server stops: an open stream must not hold it."""
        queue: asyncio.Queue[T] = asyncio.Queue(1)

        async def read() -> None:
            async for item in items:
                await queue.put(item)

        # One task reads it all: what `items` holds open may be bound to its task.
        reading, closing = asyncio.create_task(read()), asyncio.create_task(self.closing.wait())
        taking = asyncio.create_task(queue.get())
        try:
            while not closing.done():
                await asyncio.wait({taking, reading, closing}, return_when=asyncio.FIRST_COMPLETED)
                if taking.done():
                    yield taking.result()
                    taking = asyncio.create_task(queue.get())
                elif reading.done():
                    # An item may have come between the last look and the end.
                    if not queue.empty():
                        await asyncio.sleep(0)
                        continue
                    reading.result()
                    return
        finally:
            for task in (taking, reading, closing):
                task.cancel()
            await asyncio.gather(taking, reading, closing, return_exceptions=True)


async def while_let_in(
    pieces: AsyncIterator[Any], is_in: Callable[[], Awaitable[bool]], every: float
) -> AsyncGenerator[Any, None]:
    """`pieces` to their end, or until `is_in` says no; it is asked every so many seconds."""
    taking = asyncio.ensure_future(anext(pieces))
    look = clock.monotonic() + every
    try:
        while True:
            await asyncio.wait({taking}, timeout=max(0.0, look - clock.monotonic()))
            if clock.monotonic() >= look:
                if not await is_in():
                    return
                look = clock.monotonic() + every
            if taking.done():
                yield taking.result()
                taking = asyncio.ensure_future(anext(pieces))
    except StopAsyncIteration:
        return
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


def _put(queue: asyncio.Queue[T], news: T) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(news)


def topics(entry: Entry) -> frozenset[str]:
    """The topics an event is news for."""
    found = {"all"}
    if entry.project:
        found.add(f"project:{entry.project}")
    if entry.subject:
        found.add(entry.subject)
    return frozenset(found)


async def _missed(request: Request, house: House, wanted: frozenset[str], observed: frozenset[str]) -> AsyncIterator[bytes]:
    last = request.headers.get("last-event-id", "")
    async with house.database.reading(PODO) as r:
        newest = await last_position(r)
        entries = await after(r, int(last), limit=1000) if last.isdecimal() and int(last) < newest else []
    about: set[str] = set(observed)
    for entry in entries:
        about |= topics(entry) & wanted
    # One frame tells what was missed; the page fetches what is so now, not each step to it.
    yield _frame(newest, frozenset(about))


def _frame(position: int | None, about: frozenset[str]) -> bytes:
    mark = f"id: {position}\n" if position is not None else ""
    return f"{mark}event: news\ndata: {json.dumps(sorted(about))}\n\n".encode()


async def live(request: Request) -> StreamingResponse:
    """GET /-/live?topic=…&topic=…; one parameter may name several, with blanks between."""
    hub: Hub = request.app.state.hub
    wanted = frozenset(topic for several in request.query_params.getlist("topic") for topic in several.split())
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        hub.stream(request, request.app.state.house, wanted), media_type="text/event-stream", headers=headers
    )
