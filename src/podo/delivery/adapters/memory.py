"""Logs of builds in this process: the twin of the files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from podo.delivery.adapters.logs import CUT, MOST_BYTES, plain
from podo.delivery.types import LogLine
from podo.kernel import clock


@dataclass(slots=True)
class _Log:
    lines: list[LogLine] = field(default_factory=list[LogLine])
    size: int = 0
    cut: bool = False
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryLogs:
    """`BuildLogReader` and `BuildLogWriter`."""

    def __init__(self, *, most: int = MOST_BYTES) -> None:
        self._most = most
        self._logs: dict[str, _Log] = {}

    async def write(self, build: str, text: str) -> LogLine:
        """See `BuildLogWriter.write`."""
        log, at, line = self._log(build), clock.now(), plain(text)
        if log.cut or log.ended:
            return LogLine(len(log.lines), at, line)
        # As long as its line is in a file: the time, a blank, the text, the end of the line.
        log.size += len(line.encode()) + 34
        log.cut = log.size > self._most
        made = LogLine(len(log.lines) + 1, at, CUT if log.cut else line)
        log.lines.append(made)
        self._tell(log)
        return made

    async def end(self, build: str) -> None:
        """See `BuildLogWriter.end`."""
        log = self._log(build)
        log.ended = True
        self._tell(log)

    async def lines(self, build: str, after: int = 0, limit: int = 5000) -> Sequence[LogLine]:
        """See `BuildLogReader.lines`."""
        return self._log(build).lines[after : after + limit]

    async def follow(self, build: str, after: int = 0) -> AsyncGenerator[LogLine, None]:
        """See `BuildLogReader.follow`."""
        log = self._log(build)
        while True:
            news = log.news
            while after < len(log.lines):
                after += 1
                yield log.lines[after - 1]
            if log.ended:
                return
            await news.wait()

    async def close(self) -> None:
        """Nothing is open."""

    def _log(self, build: str) -> _Log:
        return self._logs.setdefault(build, _Log())

    def _tell(self, log: _Log) -> None:
        news, log.news = log.news, asyncio.Event()
        news.set()
