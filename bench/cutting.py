"""A way to a server that breaks off: it passes bytes on, and now and then closes every connection. It goes on listening."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

_CHUNK = 1 << 16


class Way:
    """The way; `port` is where it begins. `every`: seconds between two cuts, None while there are none."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._to = host, port
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0
        self.every: float | None = None
        self.cuts = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._to)
        ways = [asyncio.create_task(_pass_on(reader, back)), asyncio.create_task(_pass_on(there, writer))]
        self._open.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._open.difference_update(ways)
        for end in (writer, back):
            end.transport.abort()

    async def _cut(self) -> None:
        while True:
            await asyncio.sleep(self.every or 0.1)
            if self.every is not None:
                self.cuts += 1
                for way in [*self._open]:
                    way.cancel()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[Way, None]:
        """Within this context it can be gone."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        cutting = asyncio.create_task(self._cut())
        try:
            yield self
        finally:
            cutting.cancel()
            server.close()
            for way in [*self._open]:
                way.cancel()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
