"""Whether a database answers at all: one that is frozen, or behind a wire that swallows everything, neither refuses nor ends.

A statement may take long for good reasons (a large table, others who write first). So whoever hears nothing for a second has
somebody ask, on a connection of its own. If that is not answered either, and nothing came on any other connection meanwhile, the
database is silent: who waits for it is given up, who comes is refused at once, until it answers again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from podo.kernel import clock

# For so long nothing is thought of it; and for so long an answer to the question is waited for.
QUIET = 1.0
PATIENCE = 4.0
_AGAIN = 1.0
# A question that took so much longer says something of this process, not of the database.
_LATE = 1.0
_log = logging.getLogger("podo.db")


class Pulse:
    """What is known of one database. `ask` returns or raises when it answered, and else takes for ever."""

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self.is_silent = False
        # When something last came from it, on whichever connection.
        self.heard_at = clock.monotonic()
        # When it last ended a silence: what was asked before may be lost, and its answer never come.
        self.spoke_at = 0.0

    @property
    def is_doubted(self) -> bool:
        """Somebody is asking, or it is known not to answer."""
        return self.is_silent or (self._task is not None and not self._task.done())

    def live(self) -> None:
        """Ask in the loop that runs here from now on."""
        self._loop = asyncio.get_running_loop()

    def doubt(self) -> None:
        """Nothing came for too long: find out. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin)

    async def end(self) -> None:
        """Ask no more."""
        task, self._task, self._loop = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _begin(self) -> None:
        if self._loop is not None and not self.is_doubted:
            self._task = self._loop.create_task(self._find_out(), name="db:pulse")

    async def _find_out(self) -> None:
        while not await self._answers():
            if not self.is_silent:
                self.is_silent = True
                _log.warning("the database is silent: who waits for it is given up, until it answers")
            await asyncio.sleep(_AGAIN)
        if self.is_silent:
            self.is_silent, self.spoke_at = False, clock.monotonic()
            _log.warning("the database answers again")

    async def _answers(self) -> bool:
        while True:
            begun = clock.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._ask()
            except TimeoutError:
                if self.heard_at > begun:
                    return True
                if clock.monotonic() - begun > PATIENCE + _LATE:
                    continue
                return False
            except Exception as error:
                # A refusal is an answer, too: whoever waits gets one of their own.
                _log.info("the database was asked whether it lives: %s", error)
            return True
