"""What is counted by looking: what waits, who holds what. Looked at when metrics are asked for, every few seconds at most."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence

from podo import __version__
from podo.kernel import clock, metrics
from podo.kernel.domains import House, Role
from podo.kernel.events import Handler
from podo.kernel.events.backlog import backlog
from podo.kernel.nouns import PODO

_log = logging.getLogger("podo.gauges")
_FRESH = 5.0
_BEAT = 0.5


class Gauges:
    """The gauges of one process."""

    def __init__(self, house: House, handlers: Sequence[Handler], roles: frozenset[Role]) -> None:
        self._house = house
        self._handlers = handlers
        self._looking = asyncio.Lock()
        self._looked_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        metrics.INFO.labels(__version__, ",".join(sorted(roles))).set(1)

    def begin(self) -> None:
        """Listen to the process's heart: how late it comes to what is due."""
        self._task = asyncio.create_task(self._beat(), name="gauges:loop")

    async def end(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Look, unless that was just done. What cannot be seen keeps its last value."""
        async with self._looking:
            if self._looked_at is not None and clock.monotonic() - self._looked_at < _FRESH:
                return
            self._look_here()
            try:
                async with asyncio.timeout(_FRESH):
                    await self._look_at_the_log()
            except Exception as error:
                _log.warning("what waits cannot be counted: %s", error)
            self._looked_at = clock.monotonic()

    def _look_here(self) -> None:
        metrics.LIMIT.set(shutil.disk_usage(self._house.directory).free)
        now = clock.monotonic()
        for (name, _), (_, until) in list(self._house.database.held.items()):
            # A process that watches is no lease of anybody's work, and its name is another each time.
            if not name.startswith("watcher:"):
                metrics.LEASES.labels(name).set(until > now)

    async def _look_at_the_log(self) -> None:
        async with self._house.database.reading(PODO) as r:
            found = await backlog(r, self._handlers)
        metrics.UNSEALED.set(found.unsealed)
        metrics.LETTERS.set(found.put_aside)
        for handler, (count, since) in found.behind.items():
            metrics.BEHIND.labels(handler).set(count)
            metrics.LATE.labels(handler).set(max(0.0, (clock.now() - since).total_seconds()) if since else 0.0)

    async def _beat(self) -> None:
        while True:
            due = clock.monotonic() + _BEAT
            await asyncio.sleep(_BEAT)
            metrics.LOOP.observe(max(0.0, clock.monotonic() - due))
