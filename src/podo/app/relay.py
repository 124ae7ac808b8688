"""News of what was observed, from the process that saw it to the open pages of all others."""

from __future__ import annotations

import asyncio
import json
import logging

from podo.kernel.db import Database
from podo.kernel.http.live import Hub

_log = logging.getLogger("podo.relay")
_CHANNEL = "podo_observed"
# News of one namespace comes in bursts, and a page that hears of it twice reads it twice.
_PAUSE = 0.2
_AGAIN = 1.0
_AT_ONCE = 60


class Relay(Hub):
    """The hub of this process, which tells those of the others what is observed here, and hears what they observe."""

    def __init__(self, database: Database, process: str) -> None:
        super().__init__()
        self._database = database
        self._process = process
        self._seen: set[str] = set()
        self._any = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def observed(self, project: str, *, settled: bool = True) -> None:
        """See `News.observed`. The others are not told whether it is settled: they look."""
        super().observed(project, settled=settled)
        if not self._database.is_sqlite:
            self._seen.add(project)
            self._any.set()

    def begin(self) -> None:
        """Tell and hear, where there may be others."""
        if not self._database.is_sqlite:
            self._tasks = [asyncio.create_task(self._tell_others(), name="relay:tell"), asyncio.create_task(self._hear())]

    async def end(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell_others(self) -> None:
        while True:
            await self._any.wait()
            await asyncio.sleep(_PAUSE)
            self._any.clear()
            seen, self._seen = sorted(self._seen), set()
            try:
                async with self._database.note() as session:
                    for start in range(0, len(seen), _AT_ONCE):
                        word = json.dumps([self._process, *seen[start : start + _AT_ONCE]])
                        await self._database.tell(session, _CHANNEL, word)
            except Exception as error:
                _log.warning("what was seen here cannot be told to other processes, again in a second: %s", error)
                self._seen.update(seen)
                self._any.set()
                await asyncio.sleep(_AGAIN)

    async def _hear(self) -> None:
        while True:
            try:
                async for word in self._database.hear(_CHANNEL):
                    process, *projects = json.loads(word)
                    if process != self._process:
                        for project in projects:
                            super().observed(project)
            except Exception as error:
                _log.warning("what other processes see is not heard (%s), again in a second", error)
            await asyncio.sleep(_AGAIN)
