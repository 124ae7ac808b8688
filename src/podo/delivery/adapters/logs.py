"""Logs of builds, a file each: a line is its time, a blank and its text; the last line is an end mark.

Who follows a log that is written in this process hears of a line at once; one that another process writes is looked at
every half second.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from podo.delivery.types import BuildsElsewhere, LogLine
from podo.kernel import clock
from podo.kernel.terminal import printable

MOST_BYTES = 20_000_000
LONGEST = 16_384
CUT = "The log is longer than 20 MB: what follows is left out."
_END = b"= end\n"
_LOOK = 0.5
_CHUNK = 1 << 18
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_COLOUR = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")


@dataclass(slots=True)
class _Open:
    """A log that is being written: its file, how many lines and bytes it has, and whether more of either is taken."""

    file: IO[bytes]
    lines: int
    size: int
    cut: bool
    ended: bool


class LogFiles:
    """`BuildLogReader` and `BuildLogWriter` in `folder`. A log is cut, with a sentence that says so, after `most` bytes."""

    def __init__(self, folder: Path, *, most: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most = most
        self._written: dict[str, _Open] = {}
        self._news: dict[str, asyncio.Event] = {}

    async def write(self, build: str, text: str) -> LogLine:
        """See `BuildLogWriter.write`. Keeps no control characters. Raises `BuildsElsewhere` when the disk is full."""
        with _disk():
            return self._write(build, text)

    def _write(self, build: str, text: str) -> LogLine:
        at = clock.now()
        log = self._opened(build)
        line = plain(text)
        raw = _raw(at, line)
        if log.cut or log.ended:
            return LogLine(log.lines, at, line)
        if log.size + len(raw) > self._most:
            log.cut, line, raw = True, CUT, _raw(at, CUT)
        # One write of a whole line, which the kernel puts behind those of others.
        log.file.write(raw)
        log.size += len(raw)
        log.lines += 1
        self._tell(build)
        return LogLine(log.lines, at, line)

    async def end(self, build: str) -> None:
        """See `BuildLogWriter.end`. A second time does nothing."""
        with _disk():
            log = self._opened(build)
            if not log.ended and not _has_ended(self._path(build)):
                log.file.write(_END)
            self._written.pop(build).file.close()
        self._tell(build)

    async def lines(self, build: str, after: int = 0, limit: int = 5000) -> Sequence[LogLine]:
        """See `BuildLogReader.lines`."""
        return await asyncio.to_thread(self._lines, build, after, limit)

    async def follow(self, build: str, after: int = 0) -> AsyncGenerator[LogLine, None]:
        """See `BuildLogReader.follow`."""
        number, offset, rest = 0, 0, b""
        while True:
            # Asked for before the file is read, so that a line that comes meanwhile is news.
            news = self._news.setdefault(build, asyncio.Event())
            chunk = await asyncio.to_thread(self._read, build, offset)
            offset += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            for raw in whole:
                if raw + b"\n" == _END:
                    return
                number += 1
                if number > after:
                    yield _line(number, raw)
            if not chunk:
                await _within(news, _LOOK)

    async def close(self) -> None:
        """Close the files; the logs go on when they are written to again."""
        for log in self._written.values():
            log.file.close()
        self._written.clear()

    def _opened(self, build: str) -> _Open:
        if build not in self._written:
            path = self._path(build)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            known = path.read_bytes() if path.exists() else b""
            ended = known.endswith(_END)
            cut = known.removesuffix(_END).endswith(f" {CUT}\n".encode())
            # Unbuffered, and always at the end: another process may be writing too, after it took the build over.
            file = path.open("ab", buffering=0)
            if known and not known.endswith(b"\n"):
                # A process was killed within a line.
                known += b"\n"
                file.write(b"\n")
            lines = known.removesuffix(_END).count(b"\n")
            self._written[build] = _Open(file, lines, len(known), cut, ended)
        return self._written[build]

    def _tell(self, build: str) -> None:
        if build in self._news:
            self._news.pop(build).set()

    def _lines(self, build: str, after: int, limit: int) -> list[LogLine]:
        path, found = self._path(build), list[LogLine]()
        if not path.exists():
            return found
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if raw == _END or not raw.endswith(b"\n") or len(found) == limit:
                    break
                if number > after:
                    found.append(_line(number, raw[:-1]))
        return found

    def _read(self, build: str, offset: int) -> bytes:
        path = self._path(build)
        if not path.exists():
            return b""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_CHUNK)

    def _path(self, build: str) -> Path:
        if not _ID.fullmatch(build):
            raise ValueError(f"{build!r} is no build's id")
        return self._folder / f"{build}.log"


def plain(text: str) -> str:
    """One line of text to show: no colours, no control characters, tabs as blanks, not endless."""
    line = _COLOUR.sub("", text).rstrip().expandtabs(4)
    return printable(line.encode(errors="replace").decode())[:LONGEST]


@contextlib.contextmanager
def _disk() -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise BuildsElsewhere(what="Podo's machine", why=f"its disk takes no log ({error.strerror})") from None


async def _within(news: asyncio.Event, seconds: float) -> None:
    # Not wait_for: before Python 3.12 it forgets a cancel that comes with the news.
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


def _has_ended(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - len(_END)))
        return file.read() == _END


def _raw(at: datetime, text: str) -> bytes:
    return f"{at.isoformat(timespec='microseconds')} {text}\n".encode()


def _line(number: int, raw: bytes) -> LogLine:
    at, _, text = raw.decode(errors="replace").partition(" ")
    try:
        return LogLine(number, datetime.fromisoformat(at), text)
    except ValueError:
        # A line that was cut when its process was killed.
        return LogLine(number, datetime.fromtimestamp(0, UTC), raw.decode(errors="replace"))
