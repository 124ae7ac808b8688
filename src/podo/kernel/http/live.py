"""Live pages: positions and ids by server-sent events; a page fetches its pieces under its reader's own rights.

A topic is a word such as `project:chat-api` or `observed:chat-api`; nothing but topics and positions crosses the wire.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import StreamingResponse

from podo.kernel.domains import House
from podo.kernel.events import Entry
from podo.kernel.events.log import after, last_position
from podo.kernel.nouns import PODO

_PING = 15.0
_BACKLOG = 256


class Hub:
    """Hands news to every open page of this process. A page that does not read in time is told to reload instead."""

    def __init__(self) -> None:
        self._open: set[asyncio.Queue[tuple[int | None, frozenset[str]]]] = set()
        self.closing = asyncio.Event()

    def sealed(self, entries: Sequence[Entry]) -> None:
        """News of the log."""
        for entry in entries:
            self._tell(entry.position, topics(entry))

    def observed(self, project: str) -> None:
        """News of what runs, which has no position."""
        self._tell(None, frozenset({f"observed:{project}"}))

    def _tell(self, position: int | None, about: frozenset[str]) -> None:
        for queue in self._open:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait((position, about))

    async def stream(self, request: Request, house: House, wanted: frozenset[str]) -> AsyncIterator[bytes]:
        """Server-sent events for `wanted` topics; resumes behind `Last-Event-ID`."""
        queue: asyncio.Queue[tuple[int | None, frozenset[str]]] = asyncio.Queue(_BACKLOG)
        self._open.add(queue)
        try:
            yield b"retry: 2000\n\n"
            async for missed in _missed(request, house, wanted):
                yield missed
            while not self.closing.is_set():
                try:
                    position, about = await asyncio.wait_for(queue.get(), _PING)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if about & wanted:
                    yield _frame(position, about & wanted)
        finally:
            self._open.discard(queue)


def topics(entry: Entry) -> frozenset[str]:
    """The topics an event is news for."""
    found = {"all"}
    if entry.project:
        found.add(f"project:{entry.project}")
    if entry.subject:
        found.add(entry.subject)
    return frozenset(found)


async def _missed(request: Request, house: House, wanted: frozenset[str]) -> AsyncIterator[bytes]:
    last = request.headers.get("last-event-id", "")
    async with house.database.reading(PODO) as r:
        newest = await last_position(r)
        entries = await after(r, int(last), limit=1000) if last.isdecimal() and int(last) < newest else []
    about: set[str] = set()
    for entry in entries:
        about |= topics(entry) & wanted
    # One frame tells what was missed; the page fetches what is so now, not each step to it.
    yield _frame(newest, frozenset(about))


def _frame(position: int | None, about: frozenset[str]) -> bytes:
    mark = f"id: {position}\n" if position is not None else ""
    return f"{mark}event: news\ndata: {json.dumps(sorted(about))}\n\n".encode()


async def live(request: Request) -> StreamingResponse:
    """GET /-/live?topic=…&topic=…"""
    hub: Hub = request.app.state.hub
    wanted = frozenset(request.query_params.getlist("topic"))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        hub.stream(request, request.app.state.house, wanted), media_type="text/event-stream", headers=headers
    )
