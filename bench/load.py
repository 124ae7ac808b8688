"""The load: users with a keep-alive connection each, who ask for the next page as soon as they have the last one.

A program of its own, so that it never shares the server's interpreter: `python -m bench.load` reads lines of what to do, and
writes for each what it saw.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Each of `cookies` is a user. All ask for `paths` in turn for `seconds`, and read for `pause` seconds in between."""

    port: int
    cookies: Sequence[str]
    paths: Sequence[str]
    seconds: float
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Milliseconds from each request's first byte to its answer's last, in the order of their ends; bytes in all."""

    times: Sequence[float]
    bytes: int
    seconds: float
    wrong: Sequence[str]


@dataclass(frozen=True, slots=True)
class Users:
    """People in front of one server, and the program that they are."""

    program: subprocess.Popen[str]
    port: int
    cookies: Sequence[str]

    def ask(self, paths: Sequence[str], seconds: float, *, pause: float = 0.0, few: bool = False) -> Seen:
        """Let all of them ask, or a `few`, and wait until they have what they asked for."""
        assert self.program.stdin
        assert self.program.stdout
        wanted = Wanted(self.port, self.cookies[: 2 if few else None], paths, seconds, pause)
        print(json.dumps(asdict(wanted)), file=self.program.stdin, flush=True)
        if not (line := self.program.stdout.readline()):
            raise RuntimeError("the load broke")
        seen = Seen(**json.loads(line))
        if seen.wrong:
            raise RuntimeError(f"{len(seen.wrong)} answers were wrong, such as {seen.wrong[0]}")
        return seen


@contextmanager
def users(port: int, cookies: Sequence[str]) -> Iterator[Users]:
    """The program, which ends with this."""
    command = [sys.executable, "-m", "bench.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield Users(program, port, cookies)
        finally:
            program.kill()


async def _all(wanted: Wanted) -> Seen:
    times: list[float] = []
    wrong: list[str] = []
    size = 0

    async def user(number: int, cookie: str) -> None:
        nonlocal size
        reader, writer = await asyncio.open_connection("127.0.0.1", wanted.port, limit=1 << 22)
        turn = number
        await asyncio.sleep(wanted.pause * number / len(wanted.cookies))
        while time.perf_counter() < until:
            path = wanted.paths[turn % len(wanted.paths)]
            turn += 1
            sent = time.perf_counter()
            writer.write(_request(path, wanted.port, cookie))
            status, length = await _answer(reader)
            times.append((time.perf_counter() - sent) * 1000)
            size += length
            if status != 200:
                wrong.append(f"{status} from {path}")
            if wanted.pause:
                await asyncio.sleep(wanted.pause)
        writer.close()

    begun = time.perf_counter()
    until = begun + wanted.seconds
    await asyncio.gather(*(user(number, cookie) for number, cookie in enumerate(wanted.cookies)))
    return Seen(times, size, time.perf_counter() - begun, wrong[:5])


def _request(path: str, port: int, cookie: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/html\r\naccept-language: en\r\n"
    return f"{head}cookie: podo_session={cookie}\r\n\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(next(line for line in head.split("\r\n") if line.startswith("content-length:")).partition(":")[2])
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1]), length


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asdict(asyncio.run(_all(Wanted(**json.loads(line)))))), flush=True)
