"""One place that is read over HTTP: its address, its token, and patience with a server that is busy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx2

from podo.clients.directory.errors import DirectoryRefuses, DirectoryUnreachable

BUSY = frozenset({429, 502, 503, 504})
TRIES = 4
LONGEST_PAUSE = 10.0
LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A directory's address and the bearer token it asks for, empty without one; `pause` is the first wait in seconds."""

    url: str
    token: str = field(default="", repr=False)
    before_call: Callable[[], None] | None = None
    pause: float = 0.5

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client of it. Raises `DirectoryUnreachable`, `DirectoryRefuses` for what goes wrong inside."""
        if self.before_call:
            self.before_call()
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        transport = Patient(self.pause)

        async def let_in(answer: httpx2.Response) -> None:
            if 400 <= answer.status_code < 500 and answer.status_code not in BUSY:
                raise self.refused(answer.status_code)

        options = {"timeout": 30, "transport": transport, "event_hooks": {"response": [let_in]}}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, **options) as client:
            try:
                yield client
            except httpx2.HTTPError as error:
                raise self.unreachable(str(error) or type(error).__name__) from error

    def unreachable(self, why: str) -> DirectoryUnreachable:
        """The error that names this place."""
        return DirectoryUnreachable(place=self.url, why=why)

    def refused(self, status: int) -> DirectoryRefuses:
        """The error of an answer that will not get better by asking again."""
        return DirectoryRefuses(place=self.url, why=f"it answered {status}")


class Patient(httpx2.AsyncBaseTransport):
    """Asks again when the server is busy, as late as it says, and not for ever; an answer cut off is asked for again, too."""

    def __init__(self, pause: float) -> None:
        self._inner = httpx2.AsyncHTTPTransport()
        self._pause = pause

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, whole."""
        for tried in range(TRIES):
            last = tried == TRIES - 1
            try:
                answer = await self._inner.handle_async_request(request)
                await answer.aread()
            except httpx2.TransportError:
                if last:
                    raise
                await asyncio.sleep(self._pause * 2**tried)
                continue
            if answer.status_code not in BUSY or last:
                return answer
            await answer.aclose()
            await asyncio.sleep(self._wait(answer, tried))
        raise AssertionError("the last try answers or raises")

    def _wait(self, answer: httpx2.Response, tried: int) -> float:
        said = answer.headers.get("retry-after", "")
        return min(float(said) if said.isdigit() else self._pause * 2**tried, LONGEST_PAUSE)

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._inner.aclose()
