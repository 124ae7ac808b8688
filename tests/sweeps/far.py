"""Twins that several processes share: served by one over loopback, called by the others as if they were at hand."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from podo.clients.kubernetes.twin import Twin
from podo.kernel.db import outside
from podo.kernel.errors import PodoError

# (cluster, verb, its first argument, the process that calls)
Heard = Callable[[str, str, Any, int], Awaitable[None]]


class Far:
    """A cluster in another process. Streams are not carried: workers follow none."""

    def __init__(self, name: str, port: int, pid: int) -> None:
        self.name = name
        self._port = port
        self._pid = pid

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            outside()
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 26)
            try:
                writer.write(_framed((self.name, verb, args, kwargs, self._pid)))
                kind, value = await _read(reader)
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
            if kind == "value":
                return value
            module, name, data = value
            raise getattr(importlib.import_module(module), name)(**data)

        return call

    async def close(self) -> None:
        """Nothing is held."""


@contextlib.asynccontextmanager
async def served(twins: dict[str, Twin], heard: Heard) -> AsyncIterator[int]:
    """The port under which these twins answer; `heard` is told of each call before it is carried out."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            cluster, verb, args, kwargs, pid = await _read(reader)
            await heard(cluster, verb, args[0] if args else None, pid)
            try:
                found = ("value", await getattr(twins[cluster], verb)(*args, **kwargs))
            except PodoError as error:
                found = ("error", (type(error).__module__, type(error).__name__, error.data))
            writer.write(_framed(found))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked was killed
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 26)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _framed(value: Any) -> bytes:
    raw = pickle.dumps(value)
    return len(raw).to_bytes(4, "big") + raw


async def _read(reader: asyncio.StreamReader) -> Any:
    return pickle.loads(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))


class Wire:
    """A way to the database that can be cut, as by a network: what was under way is lost, and nobody gets through.

    Or it swallows: it takes everything, ends nothing, and what it took is gone.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_cut = False
        self.swallows_asked = False
        self.swallows_answers = False
        self.port = 0

    @contextlib.asynccontextmanager
    async def laid(self) -> AsyncIterator[Wire]:
        """It leads there while one is inside."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            try:
                yield self
            finally:
                self.cut()
                # Those that serve end by themselves: cancelled, the loop would complain of each.
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """From now on nothing gets through."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def swallow(self, *, answers_alone: bool = False) -> None:
        """From now on nothing comes out at the other end; or what is asked does, and no answer."""
        self.swallows_asked, self.swallows_answers = not answers_alone, True

    def mend(self) -> None:
        """It leads there again."""
        self.is_cut = self.swallows_asked = self.swallows_answers = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        self._open.add(writer)
        serving = asyncio.current_task()
        assert serving is not None
        self._tasks.add(serving)
        serving.add_done_callback(self._tasks.discard)
        there, to_there = await asyncio.open_connection("127.0.0.1", self._to)
        self._open.add(to_there)
        if self.is_cut:
            writer.transport.abort()
            to_there.transport.abort()
            return
        both = [
            asyncio.create_task(_pump(reader, to_there, lambda: self.swallows_asked)),
            asyncio.create_task(_pump(there, writer, lambda: self.swallows_answers)),
        ]
        self._tasks.update(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, to_there):
            end.transport.abort()
            self._open.discard(end)
        await asyncio.gather(*both, return_exceptions=True)
        self._tasks.difference_update(both)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, swallows: Callable[[], bool]) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            if not swallows():
                writer.write(data)
                await writer.drain()
