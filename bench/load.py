"""The load: users with a keep-alive connection each, who ask for the next page as soon as they have the last one.

A program of its own, so that it never shares the server's interpreter: `python -m bench.load` reads what to do from its
standard input, and writes what it saw.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
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


def run(wanted: Wanted) -> Seen:
    """Let the program run."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=json.dumps(asdict(wanted)), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    seen = Seen(**json.loads(done.stdout))
    if seen.wrong:
        raise RuntimeError(f"{len(seen.wrong)} answers were wrong, such as {seen.wrong[0]}")
    return seen


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
    print(json.dumps(asdict(asyncio.run(_all(Wanted(**json.load(sys.stdin)))))))
