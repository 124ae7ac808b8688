"""Rounds: what Podo does again and again. Those of the workers run in one process at a time, each under a lease."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

from podo.kernel.db import DatabaseUnavailable, hold
from podo.kernel.domains import House, Role, Round

_log = logging.getLogger("podo.rounds")
# What is made seldom lets the first pages come first.
_SELDOM, _AT_FIRST = 60, 3


class Rounds:
    """One task a round. A round that fails is logged and made again after its pause."""

    def __init__(self, house: House, rounds: Sequence[Round], roles: Collection[Role]) -> None:
        self._house = house
        self._rounds = [r for r in rounds if r.role is None or r.role in roles]
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Start them all."""
        self._tasks = [asyncio.create_task(self._forever(r), name=f"round:{r.name}") for r in self._rounds]

    async def end(self) -> None:
        """Stop them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _is_mine(self, made: Round) -> bool:
        return await hold(self._house.database, f"round:{made.name}", self._house.durable.process, max(made.every * 3, 15))

    async def _forever(self, made: Round) -> None:
        if made.every >= _SELDOM:
            await asyncio.sleep(_AT_FIRST)
        while True:
            try:
                if made.role is not Role.worker or await self._is_mine(made):
                    await made.sweep(self._house)
            except DatabaseUnavailable as error:
                _log.warning("round %s: %s", made.name, error)
            except Exception:
                _log.exception("round %s failed", made.name)
            await asyncio.sleep(made.every)
