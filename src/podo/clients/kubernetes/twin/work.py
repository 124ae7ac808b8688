"""A queue of things to look at, now or later, on the loop that runs. Where nothing is due, nothing runs."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from podo.kernel.clock import monotonic

_SLICE = 0.005
_log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)


class Work(Generic[Key]):
    """`do` is called once for each key that is due, however often it was asked for. It may ask for more."""

    def __init__(self, do: Callable[[Key], None]) -> None:
        self._do = do
        self._ready: deque[Key] = deque()
        self._queued: set[Key] = set()
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = itertools.count()
        self._handle: asyncio.Handle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._at = float("inf")
        self._closed = False

    def soon(self, key: Key) -> None:
        """Look at `key` as soon as the present caller has given way."""
        if key not in self._queued:
            self._queued.add(key)
            self._ready.append(key)
        self.arm()

    def later(self, key: Key, seconds: float) -> None:
        """Look at `key` in so many seconds, or earlier when it was to be looked at earlier."""
        if seconds <= 0:
            return self.soon(key)
        due = monotonic() + seconds
        if self._due.get(key, float("inf")) <= due:
            return None
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        return self.arm()

    def forget(self, key: Key) -> None:
        """No longer look at `key` later."""
        self._due.pop(key, None)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is due now."""
        return not self._ready and self.next_due > monotonic()

    async def idle(self) -> None:
        """Wait until nothing is due now."""
        self.arm()
        while not self.is_idle:  # noqa: ASYNC110 - the queue runs on this very loop; an Event would be set at each turn
            await asyncio.sleep(0.001)

    @property
    def next_due(self) -> float:
        """The monotonic moment of the next timer; infinity when there is none."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")

    def arm(self) -> None:
        """See to it that the running loop calls us when something is due. Without a loop: whoever comes next with one."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        at = 0.0 if self._ready else self.next_due
        if self._closed or at == float("inf") or (loop is self._loop and self._handle and self._at <= at):
            return
        if self._handle and loop is self._loop:
            self._handle.cancel()
        self._loop, self._at = loop, at
        wait = at - monotonic()
        self._handle = loop.call_soon(self._turn) if wait <= 0 else loop.call_later(wait, self._turn)

    def _turn(self) -> None:
        self._handle, self._at = None, float("inf")
        self.run(_SLICE)
        self.arm()

    def run(self, seconds: float = float("inf")) -> None:
        """Do what is due, for about so many seconds at most."""
        until = monotonic() + seconds
        while True:
            self._wake()
            if not self._ready or monotonic() > until:
                return
            key = self._ready.popleft()
            self._queued.discard(key)
            try:
                self._do(key)
            except Exception:
                _log.exception("looking at %s failed", key)

    def _wake(self) -> None:
        now = monotonic()
        while self.next_due <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._due[key]
            if key not in self._queued:
                self._queued.add(key)
                self._ready.append(key)

    def close(self) -> None:
        """Do nothing any more."""
        self._closed = True
        if self._handle:
            self._handle.cancel()
