"""A token bucket: so many calls a minute and no more, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from podo.kernel import clock


class Pace:
    """At most `a_minute` calls in any minute: up to `burst` at once, and then one after another at the same rate.

    A minute holds the burst and what comes back in it: both together are `a_minute`.
    """

    def __init__(self, a_minute: int, burst: int, now: Callable[[], float] = clock.monotonic) -> None:
        self._rate = (a_minute - burst) / 60
        self._burst = burst
        self._tokens = float(burst)
        self._now = now
        self._at = now()
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Until one more call is within the pace; first come, first served."""
        async with self._turn:
            while (pause := self.take()) > 0:  # noqa: ASYNC110 - each time as long as the next token takes
                await asyncio.sleep(pause)

    def take(self) -> float:
        """Take a token; seconds to wait instead when there is none."""
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            # What lacks a hair's breadth of a token is waited for too, or one would ask for ever.
            return max((1 - self._tokens) / self._rate, 0.001)
        self._tokens -= 1
        return 0.0

    def drain(self) -> None:
        """Somebody else uses the same quota: begin again with nothing."""
        self._tokens = 0.0
        self._at = self._now()
