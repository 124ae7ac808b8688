"""Open live pages: many streams of server-sent events, held by one program, so that they never share the server's interpreter.

`python -m bench.listeners` reads a line of JSON (`Wanted`), says `open` when every page has heard its first word, reads a
number of changes, and writes when the last page heard of each.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

_PATIENCE = 60
_OPENING = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """`pages` streams for `topic`, shared among the people of `cookies`."""

    port: int
    cookies: Sequence[str]
    topic: str
    pages: int


class Pages:
    """The pages, from without."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program

    def told(self, changes: int) -> list[float]:
        """When the last page heard of each of that many changes, by `time.perf_counter`. To be asked once."""
        assert self._program.stdin
        print(changes, file=self._program.stdin, flush=True)
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._program.stdout
        if not (line := self._program.stdout.readline()):
            raise RuntimeError("the live pages broke")
        return line

    def opened(self) -> None:
        """Wait for it."""
        assert self._line() == "open\n"


@contextmanager
def listening(wanted: Wanted) -> Iterator[Pages]:
    """Open them, and close them at the end."""
    command = [sys.executable, "-m", "bench.listeners"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdin
            print(json.dumps(asdict(wanted)), file=program.stdin, flush=True)
            pages = Pages(program)
            pages.opened()
            yield pages
        finally:
            program.kill()


def allow(files: int) -> int:
    """Let this process, and what it starts, hold so many files open, as far as it may; how many it then may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    may = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if may > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (may, hard))
    return max(soft, may)


async def _main() -> None:
    wanted = Wanted(**json.loads(await asyncio.to_thread(sys.stdin.readline)))
    heard: list[list[float]] = [[] for _ in range(wanted.pages)]
    gate, begun = asyncio.Semaphore(_OPENING), [asyncio.Event() for _ in range(wanted.pages)]
    reading = [asyncio.create_task(_page(wanted, n, heard[n], gate, begun[n])) for n in range(wanted.pages)]
    opening = asyncio.gather(*(event.wait() for event in begun))
    await asyncio.wait([opening, *reading], return_when=asyncio.FIRST_COMPLETED)
    if not opening.done():
        await asyncio.gather(*(task for task in reading if task.done()))
    print("open", flush=True)
    changes = int(await asyncio.to_thread(sys.stdin.readline))
    async with asyncio.timeout(_PATIENCE):
        while any(len(each) < changes for each in heard):  # noqa: ASYNC110 - a look at many
            await asyncio.sleep(0.05)
    print(json.dumps([max(each[n] for each in heard) for n in range(changes)]), flush=True)
    await asyncio.gather(*reading)


async def _page(wanted: Wanted, number: int, heard: list[float], gate: asyncio.Semaphore, begun: asyncio.Event) -> None:
    topic = wanted.topic.replace(":", "%3A").encode()
    cookie = wanted.cookies[number % len(wanted.cookies)].encode()
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", wanted.port, limit=1 << 12)
        writer.write(b"GET /-/live?topic=%b HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: podo_session=%b\r\n\r\n" % (topic, cookie))
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(status.decode())
        # The first word is what was missed: nothing.
        while b"event: news" not in await reader.readline():
            pass
    begun.set()
    while line := await reader.readline():
        if line.startswith(b"event: news"):
            heard.append(time.perf_counter())


if __name__ == "__main__":
    asyncio.run(_main())
