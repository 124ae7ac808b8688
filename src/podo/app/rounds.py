"""Rounds: what Podo does again and again. Each runs in one process at a time, under a lease."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from podo.kernel.db import hold
from podo.kernel.domains import House, Round

_log = logging.getLogger("podo.rounds")


class Rounds:
    """One task a round. A round that fails is logged and made again after its pause."""

    def __init__(self, house: House, rounds: Sequence[Round]) -> None:
        self._house = house
        self._rounds = rounds
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Start them all."""
        self._tasks = [asyncio.create_task(self._forever(r), name=f"round:{r.name}") for r in self._rounds]

    async def end(self) -> None:
        """Stop them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forever(self, made: Round) -> None:
        while True:
            try:
                if await hold(self._house.database, f"round:{made.name}", self._house.durable.process, max(made.every * 3, 15)):
                    await made.sweep(self._house)
            except Exception:
                _log.exception("round %s failed", made.name)
            await asyncio.sleep(made.every)
